"""What is said of a memory, and what is left in the folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from recollect.report.portrait import Portrait, Strip
from recollect.report.remembered import build_report, pictures, sentences, typical, write_memory


def test_who_keeps_who_follows_the_season_and_how_far_it_matters(portrait: Portrait) -> None:
    assert list(sentences(portrait)) == [
        "Of 3 units, the first quarter keep half of what they hold for 3 weeks or less, the middle one for 40 weeks, "
        "and the last quarter for longer than the record.",
        "Units that mostly follow the season of 52 weeks: 1 (most of all 2). By their gates they keep half of what "
        "they hold for 3 weeks, the middle of them.",
        "What the LSTM gives depends on an input 26 weeks old less than a tenth as strongly as on the newest one.",
    ]


def test_no_unit_that_follows_and_no_season_are_told_apart(portrait: Portrait) -> None:
    flat = replace(portrait, seasonal=np.zeros(3))
    assert "No unit's cell mostly follows the season of 52 weeks." in sentences(flat)
    assert "season" not in " ".join(sentences(replace(portrait, seasonal=None)))


def test_the_typical_step_has_something_to_show_in_every_act(portrait: Portrait) -> None:
    """The seasonal unit 2 is preferred; without a season all units are tried, by hand here."""
    assert typical(portrait)[0] == 2
    v, most = portrait.values, (-1.0, 0, 0)
    for t, u in np.ndindex(v["c"].shape):
        before, c, f, i, g, o = (
            portrait.before[u] if t == 0 else v["c"][t - 1, u], *(float(v[name][t, u]) for name in "cfigo")
        )  # fmt: skip
        acts = f * before, (1 - f) * before, i * g, o * np.tanh(c), (1 - o) * np.tanh(c)
        most = max(most, (min(map(abs, acts)), u, t))
    assert typical(replace(portrait, seasonal=None)) == most[1:]


def test_a_cell_of_relu_shows_nothing_below_zero(portrait: Portrait) -> None:
    relu = replace(portrait, activation="relu", seasonal=None)
    assert relu.squashed(np.array([-2.0, 3.0])).tolist() == [0, 3]
    unit, step = typical(relu)
    assert relu.values["c"][step, unit] > 0


def test_everything_is_left_in_the_folder(portrait: Portrait, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty pictures stand for those that other tests draw."""
    monkeypatch.setattr("recollect.report.remembered.pictures", lambda shown: {"step": Figure(), "film": Figure()})
    said = write_memory(tmp_path, portrait)
    assert {path.name for path in tmp_path.iterdir()} == {
        "memory.html", "film.png", "film.svg", "step.png", "step.svg"
    }  # fmt: skip
    assert said == (*sentences(portrait), *portrait.warnings)
    page = (tmp_path / "memory.html").read_text("utf-8")
    assert page.count("data:image/svg+xml;base64,") == 2 and "at moments of the training" in page


def test_what_was_filmed_is_shown(portrait: Portrait) -> None:
    assert list(pictures(portrait)) == ["half_lives", "ribbon", "step", "reach"]
    strip = Strip(("untrained", "kept"), np.zeros(5), np.full((2, 5, 3), 0.5), np.zeros((2, 5, 3)))
    assert list(pictures(replace(portrait, film=strip))) == ["half_lives", "ribbon", "step", "reach", "film"]


@pytest.mark.parametrize(("warnings", "words"), [((), "No gate stands still"), (("one never opens",), "never opens")])
def test_the_report_names_what_was_read_and_warns(portrait: Portrait, warnings: tuple[str, ...], words: str) -> None:
    report = build_report(replace(portrait, warnings=warnings), {"reach": "data:,"})
    assert ("Steps of the LSTM", "40") in report.facts and ("A step is", "13 weeks") in report.facts
    (warned,) = [section for section in report.sections if section.title == "Gates that hardly move"]
    assert words in warned.text[0]
