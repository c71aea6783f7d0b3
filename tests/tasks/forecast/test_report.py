"""What the report says, and that it stays a page one can send."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from recollect.data.inference import infer_schema
from recollect.data.panel import build_panel
from recollect.report.page import Report, Section, write_report
from recollect.tasks.forecast.estimator import Forecaster
from recollect.tasks.forecast.report import Run, build_report
from recollect.tasks.forecast.settings import Settings
from recollect.tasks.forecast.trial import hold_trial

QUICK = Settings(horizon=4, season=6, max_epochs=1)


def story(series: int, length: int = 72, *, flat: bool = False, folds: int = 3) -> Run:
    """A run on made-up hourly series, up to the report."""
    random = np.random.default_rng(0)
    wave = 0 if flat else np.sin(np.arange(length) * np.pi / 3)
    noise = np.zeros((series, length)) if flat else 0.2 * random.normal(size=(series, length))
    table = pl.DataFrame({f"s<{n}>": 10 + wave + noise[n] for n in range(series)})
    schema, notes = infer_schema(table, wide=True)
    panel, repairs = build_panel(table, schema, horizon=4)
    trial = hold_trial(panel, QUICK, folds=folds)
    forecaster = Forecaster(4, season=6, max_epochs=1).fit_panel(panel)
    found = forecaster.intervals()
    return Run("a.csv", "recollect forecast run a.csv", [*notes, *repairs], panel, forecaster.model, found, trial)


@pytest.fixture(scope="module")
def run() -> Run:
    return story(3)


@pytest.fixture(scope="module")
def report(run: Run) -> Report:
    return build_report(run)


def section(report: Report, title: str) -> Section:
    return next(one for one in report.sections if one.title == title)


def test_trust_comes_first_and_repeating_last(report: Report, run: Run) -> None:
    assert report.headlines[0].startswith("On 3 past origins the model's error was")
    assert any("intervals held" in sentence for sentence in report.headlines)
    titles = ["Forecast", "Tested on the past", "Do the intervals hold?", "Data", "How it was made", "How to repeat it"]
    assert [one.title for one in report.sections] == titles
    assert report.sections[-1].code == "recollect forecast run a.csv"
    assert (report.title, report.subtitle) == ("Forecast of 3 series", "a.csv, 4 steps ahead")
    assert ("Values observed", "216") in report.facts


def test_every_method_and_series_has_its_scores(report: Report, run: Run) -> None:
    scores, each = section(report, "Tested on the past").tables
    assert [row[0] for row in scores.rows] == ["recollect", "seasonal naive"]
    assert run.trial.backtest is not None
    mase = run.trial.backtest.scores["recollect"].by_series(run.trial.backtest.series)["mase"]
    assert [float(row[1]) for row in each.rows] == pytest.approx(mase, rel=1e-3)


def test_the_data_section_has_every_note(report: Report, run: Run) -> None:
    rows = dict(section(report, "Data").tables[0].rows)
    assert rows["series"] == "columns s<0>, s<1>, s<2>"
    told = [row[1] for row in section(report, "Data").tables[0].rows]
    assert all(note.text in told for note in run.notes)


def test_making_tells_of_network_split_and_training(report: Report, run: Run) -> None:
    made = section(report, "How it was made")
    weights = sum(parameter.numel() for parameter in run.model.networks[0].parameters())
    assert f"({weights:,} weights)" in made.text[0]
    assert "trained nothing" in made.text[1]
    assert made.tables[0].rows[0][1:3] == ("1", f"epoch {run.model.records[0].best_epoch}")


def test_few_calibration_rows_are_admitted() -> None:
    said = " ".join(section(build_report(story(1, 24, folds=1)), "Do the intervals hold?").text)
    assert "too few to promise 95 %" in said


def test_without_a_test_on_the_past_the_report_says_so() -> None:
    report = build_report(story(1, 7))
    assert report.headlines[0].startswith("No test on the past: 7 steps")
    assert "Tested on the past" not in [one.title for one in report.sections]


def test_a_naive_that_is_exact_is_said() -> None:
    assert "nothing can be better" in build_report(story(1, flat=True)).headlines[0]


def test_many_series_make_no_larger_page(tmp_path: Path) -> None:
    sizes = []
    for count in (13, 120):
        run = story(count, 40)
        report = build_report(run)
        write_report(tmp_path / "report.html", report)
        page = (tmp_path / "report.html").read_text(encoding="utf-8")
        sizes.append(len(page))
        assert f"12 of {count} series are shown" in page
        assert not re.search(r"s<\d", page)  # names are escaped
        assert "http" not in re.sub(r"data:image[^\"]*", "", page)
    assert sizes[1] < 1.1 * sizes[0] < 5_000_000
