"""The forecast commands as somebody types them: files in, files out."""

from __future__ import annotations

import json
import math
import shlex
import warnings
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner, Result

from recollect.cli import build
from recollect.core.notes import Note
from recollect.data.tables import read_table
from recollect.train.progress import Silent

QUICK = ("--horizon", "7", "--max-epochs", "1")
FILES = ["backtest.csv", "backtest.png", "forecast.csv", "forecast.png", "model", "report.html", "scores.json"]
COLUMNS = ["forecast", "lower_80", "upper_80", "lower_95", "upper_95"]


def forecast(*words: object) -> Result:
    return CliRunner().invoke(build(), ["forecast", *map(str, words)])


def done(*words: object) -> str:
    result = forecast(*words)
    assert result.exit_code == 0, (result.output, result.exception)
    assert result.stderr == ""
    return result.stdout


def listed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def days(count: int, form: str = "%Y-%m-%d") -> pl.Series:
    first = pl.date(2023, 1, 2)
    return pl.select(day=pl.date_range(first, first.dt.offset_by(f"{count - 1}d"))).to_series().dt.strftime(form)


def sales(count: int = 120, seed: int = 0) -> pl.Series:
    """A week's rhythm and some noise, around 100."""
    random = np.random.default_rng(seed)
    values = 100 + 30 * np.sin(np.arange(count) * 2 * math.pi / 7) + random.normal(scale=5, size=count)
    return pl.Series("sales", values.round(1))


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "sales.csv"
    pl.DataFrame({"day": days(120), "sales": sales()}).write_csv(path)
    return path


@pytest.fixture(scope="module")
def ran(table: Path) -> tuple[Path, str]:
    """The folder of a run and what it said."""
    out = table.parent / "out"
    return out, done("run", table, "--target", "sales", *QUICK, "--out", out)


def test_run_leaves_every_file_and_says_where(ran: tuple[Path, str]) -> None:
    out, said = ran
    assert listed(out) == FILES
    assert f"Written to {out}" in said
    assert all(name in said for name in FILES)


def test_run_says_what_it_found_how_good_it_is_and_whether_to_trust_it(ran: tuple[Path, str]) -> None:
    _, said = ran
    assert 'the times are in column "day", in steps of one day' in said
    table = [line.split() for line in said.splitlines() if line.startswith(("recollect", "seasonal naive"))]
    assert [len(row) for row in table] == [8, 9]  # per cent signs stand apart
    assert "of the seasonal naive's" in said
    assert "The 80 % intervals held" in said


def test_the_forecast_has_the_tables_own_columns_and_form_of_time(ran: tuple[Path, str]) -> None:
    found = pl.read_csv(ran[0] / "forecast.csv")
    assert found.columns == ["day", *COLUMNS]
    assert found["day"].to_list() == days(127)[120:].to_list()
    bounds = found.select("lower_95", "lower_80", "forecast", "upper_80", "upper_95").to_numpy()
    assert (np.diff(bounds, axis=1) >= 0).all()
    assert abs(bounds[:, 2] - 100).max() < 60
    written = pl.read_csv(ran[0] / "forecast.csv", infer_schema=False).select(COLUMNS)
    assert max(len(value.replace(".", "")) for column in written for value in column) <= 7


def test_the_backtest_holds_what_happened(ran: tuple[Path, str], table: Path) -> None:
    found, given = pl.read_csv(ran[0] / "backtest.csv"), pl.read_csv(table)
    assert found.columns == ["day", "origin", "actual", *COLUMNS]
    assert found.join(given, on="day")["sales"].to_list() == found["actual"].to_list()
    assert (found["origin"] < found["day"]).all()
    assert found.group_by("origin").len()["len"].to_list() == [7] * (len(found) // 7)


def test_the_scores_are_those_of_the_backtest(ran: tuple[Path, str]) -> None:
    scores = json.loads((ran[0] / "scores.json").read_text())
    found = pl.read_csv(ran[0] / "backtest.csv")
    error = (found["actual"] - found["forecast"]).to_numpy()
    ours = scores["scores"]["recollect"]
    assert ours["overall"]["rmse"] == pytest.approx(np.sqrt((error**2).mean()), rel=1e-5)
    assert ours["by_horizon"]["mae"] == pytest.approx(abs(error).reshape(-1, 7).mean(axis=0), rel=1e-5)
    inside = (found["actual"] >= found["lower_80"]) & (found["actual"] <= found["upper_80"])
    assert ours["overall"]["coverage_80"] == pytest.approx(inside.mean(), rel=1e-6)
    assert set(scores["scores"]) == {"recollect", "seasonal naive"}
    assert scores["by_series"]["recollect"]["mase"] == pytest.approx([ours["overall"]["mase"]], rel=1e-6)
    assert (scores["season"], scores["origins"]) == (7, len(found) // 7)


def test_the_report_tells_how_to_repeat_and_the_same_comes_out(ran: tuple[Path, str], tmp_path: Path) -> None:
    page = (ran[0] / "report.html").read_text(encoding="utf-8")
    command = next(line for line in page.splitlines() if "recollect forecast run" in line)
    words = shlex.split(command.replace("<pre>", "").replace("</pre>", ""))
    done(*words[2:-1], tmp_path / "again")
    for name in ("forecast.csv", "backtest.csv", "scores.json", "forecast.png"):
        assert (tmp_path / "again" / name).read_bytes() == (ran[0] / name).read_bytes(), name


def test_predict_with_the_models_own_data_is_the_runs_forecast(ran: tuple[Path, str]) -> None:
    assert done("predict", ran[0] / "model") == (ran[0] / "forecast.csv").read_text()


def test_predict_goes_on_from_newer_data_to_a_file_or_a_folder(ran: tuple[Path, str], tmp_path: Path) -> None:
    newer = tmp_path / "newer.csv"
    pl.DataFrame({"day": days(140), "sales": sales(140)}).write_csv(newer)
    done("predict", ran[0] / "model", newer, "--out", tmp_path / "next.csv")
    done("predict", ran[0] / "model", newer, "--out", tmp_path / "folder")
    found = (tmp_path / "next.csv").read_text()
    assert found == (tmp_path / "folder" / "forecast.csv").read_text()
    assert pl.read_csv(tmp_path / "next.csv")["day"].to_list() == days(147)[140:].to_list()


def test_train_leaves_the_model_that_run_leaves(ran: tuple[Path, str], table: Path, tmp_path: Path) -> None:
    done("train", table, *QUICK, "--out", tmp_path / "model")
    weights = (tmp_path / "model" / "weights.safetensors").read_bytes()
    assert weights == (ran[0] / "model" / "weights.safetensors").read_bytes()


def test_backtest_scores_as_run_does(ran: tuple[Path, str], table: Path, tmp_path: Path) -> None:
    done("backtest", table, *QUICK, "--out", tmp_path / "past")
    assert sorted(path.name for path in (tmp_path / "past").iterdir()) == [
        "backtest.csv",
        "backtest.png",
        "scores.json",
    ]
    assert (tmp_path / "past" / "backtest.csv").read_bytes() == (ran[0] / "backtest.csv").read_bytes()


def test_fewer_origins_are_taken_where_the_history_is_short_and_it_is_said(table: Path, tmp_path: Path) -> None:
    said = done("run", table, *QUICK, "--folds", "50", "--out", tmp_path / "out")
    origins = json.loads((tmp_path / "out" / "scores.json").read_text())["origins"]
    assert origins == (120 - 60) // 7
    assert f"The test takes {origins} past origins, not 50" in said


def test_without_room_for_a_test_there_is_a_forecast_and_the_reason(tmp_path: Path) -> None:
    short, out = tmp_path / "short.csv", tmp_path / "out"
    pl.DataFrame({"day": days(12), "sales": sales(12)}).write_csv(short)
    out.mkdir()
    for stale in ("backtest.csv", "mine.txt"):
        (out / stale).write_text("from before")
    said = done("run", short, *QUICK, "--out", out)
    assert "No test on the past: 12 steps of history are too few" in said
    assert sorted(path.name for path in out.iterdir()) == sorted(
        {*FILES, "mine.txt"} - {"backtest.csv", "backtest.png"}
    )
    scores = json.loads((out / "scores.json").read_text())
    assert scores["scores"] is None
    assert scores["note"].startswith("no test on the past")
    assert "No test on the past" in (out / "report.html").read_text(encoding="utf-8")


def test_a_series_that_never_changes_is_forecast_and_said(tmp_path: Path) -> None:
    flat = tmp_path / "flat.csv"
    pl.DataFrame({"day": days(60), "level": [5.0] * 60}).write_csv(flat)
    said = done("run", flat, *QUICK, "--out", tmp_path / "out")
    assert "never changes" in said
    assert "nothing can be better" in said
    assert pl.read_csv(tmp_path / "out" / "forecast.csv")["forecast"].to_numpy() == pytest.approx(5.0, abs=0.05)


def test_many_series_keep_their_names_and_the_forms_of_their_times(tmp_path: Path) -> None:
    shops = tmp_path / "shops.csv"
    parts = [
        pl.DataFrame({"shop": [n] * 80, "day": days(80, "%d.%m.%Y"), "sales": sales(80, seed=n)}) for n in range(13)
    ]
    pl.concat(parts).write_csv(shops, separator=";")
    said = done("run", shops, "--target", "sales", "--series", "shop", *QUICK, "--out", tmp_path / "out")
    found = pl.read_csv(tmp_path / "out" / "forecast.csv")
    assert found.columns == ["shop", "day", *COLUMNS]
    assert found["shop"].to_list() == [n for n in range(13) for _ in range(7)]
    assert found["day"].to_list()[:7] == days(87, "%d.%m.%Y")[80:].to_list()
    assert "the columns are separated by a semicolon" in said
    assert "12 of 13 series are shown" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_wide_tables_and_known_covariates(tmp_path: Path) -> None:
    wide, priced = tmp_path / "wide.csv", tmp_path / "priced.csv"
    pl.DataFrame({"a": sales(60, 1), "b": sales(60, 2)}).write_csv(wide)
    done("run", wide, "--wide", *QUICK, "--out", tmp_path / "w")
    found = pl.read_csv(tmp_path / "w" / "forecast.csv")
    assert (found.columns[:2], found["step"].to_list()) == (["series", "step"], [*range(60, 67)] * 2)
    price = [1.0 + (n % 3) / 10 for n in range(67)]
    pl.DataFrame({"day": days(67), "sales": [*sales(60), *[None] * 7], "price": price}).write_csv(priced)
    done("run", priced, "--target", "sales", "--known", "price", *QUICK, "--out", tmp_path / "p")
    assert len(pl.read_csv(tmp_path / "p" / "forecast.csv")) == 7


def test_counts_are_whole_and_nonnegative_is_suggested(tmp_path: Path) -> None:
    counted = tmp_path / "counts.csv"
    values = np.random.default_rng(0).poisson(1.0, 90)
    pl.DataFrame({"day": days(90), "visits": values}).write_csv(counted)
    assert "--domain nonnegative" in done("run", counted, *QUICK, "--out", tmp_path / "any")
    assert "--domain" not in done("run", counted, *QUICK, "--domain", "count", "--out", tmp_path / "whole")
    found = pl.read_csv(tmp_path / "whole" / "forecast.csv").select(COLUMNS).to_numpy()
    assert (found >= 0).all()
    assert (found == found.round()).all()


class Impatient(Silent):
    """Presses Ctrl-C at the second step of each training."""

    def __init__(self, label: str) -> None:
        self.steps = 0

    def update(self, epoch: int, step: int, fraction: float, loss: float, validation: float | None) -> None:
        self.steps += 1
        if self.steps == 2:
            raise KeyboardInterrupt


def test_ctrl_c_keeps_what_was_learnt_and_writes_it(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recollect.tasks.forecast.journey.RichProgress", Impatient)
    said = done("run", table, *QUICK, "--out", tmp_path / "out")
    assert "The training of the test on the past was interrupted" in said
    assert "The training of the final model was interrupted" in said
    assert listed(tmp_path / "out") == FILES


def test_the_time_for_training_is_shared(table: Path, tmp_path: Path) -> None:
    done("run", table, "--horizon", "7", "--max-time", "0.6", "--max-epochs", "100000", "--out", tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "model" / "manifest.json").read_text())
    assert manifest["records"][0]["stopped"] == "time"
    assert "limited in time" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_warnings_of_libraries_are_told_once_and_without_code(
    ran: tuple[Path, str], table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def noisy(path: Path) -> tuple[pl.DataFrame, list[Note]]:
        for _ in range(3):
            warnings.warn("mind the gap", stacklevel=1)
        return read_table(path)

    monkeypatch.setattr("recollect.tasks.forecast.journey.read_table", noisy)
    result = forecast("predict", ran[0] / "model", table)
    assert result.stderr == "    note  mind the gap\n"
    assert result.stdout == (ran[0] / "forecast.csv").read_text()


def test_options_may_be_repeated_or_listed(table: Path, tmp_path: Path) -> None:
    result = forecast("run", table, "--known", "a,b", "--known", "c", *QUICK, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert [name for name in "abc" if f'no column "{name}"' in result.stderr] == ["a", "b", "c"]
