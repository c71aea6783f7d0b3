"""The shared look leaves no trace outside, and pictures become whole, repeatable files."""

from __future__ import annotations

import base64
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from recollect.core.errors import InputError, OutputError
from recollect.report import canvas
from recollect.report.canvas import INK, draw_line, embed, house_style, save


def _figure() -> Figure:
    with house_style():
        figure = Figure(figsize=(2, 2))
        figure.subplots().plot([1, 2, 3])
    return figure


def test_settings_outside_stay_as_they_were() -> None:
    before, backend = dict(matplotlib.rcParams), matplotlib.get_backend()
    _figure()
    assert dict(matplotlib.rcParams) == before
    assert matplotlib.get_backend() == backend


@pytest.mark.parametrize(("ending", "head"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("PNG", b"\x89PNG")])
def test_a_picture_is_the_same_file_every_time(tmp_path: Path, ending: str, head: bytes) -> None:
    one, other = tmp_path / f"a.{ending}", tmp_path / f"b.{ending}"
    save(_figure(), one)
    save(_figure(), other)
    assert one.read_bytes().startswith(head)
    assert one.read_bytes() == other.read_bytes()


def test_png_has_150_dots_an_inch(tmp_path: Path) -> None:
    save(_figure(), tmp_path / "a.png")
    width = int.from_bytes((tmp_path / "a.png").read_bytes()[16:20], "big")
    assert width == 300


def test_embedded_pictures_name_their_kind() -> None:
    head, _, body = embed(_figure()).partition(",")
    assert head == "data:image/svg+xml;base64"
    assert b"<svg" in base64.b64decode(body)


def test_other_kinds_and_places_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="png or svg, not 'gif'"):
        save(_figure(), tmp_path / "a.gif")
    with pytest.raises(InputError, match="png or svg, not 'jpg'"):
        embed(_figure(), "jpg")
    with pytest.raises(OutputError, match="cannot write"):
        save(_figure(), tmp_path / "absent" / "a.png")
    assert list(tmp_path.iterdir()) == []


def test_gaps_break_the_line_and_lone_values_are_dots() -> None:
    values = np.array([1.0, np.nan, 3.0, np.nan, 5.0, 6.0])
    axes = _figure().axes[0]
    draw_line(axes, np.arange(6), values, INK, "observed")
    line, dots = axes.lines[-2:]
    assert np.isnan(np.asarray(line.get_ydata(), float)).sum() == 2
    assert np.asarray(dots.get_ydata()).tolist() == [1.0, 3.0]


def test_letters_without_a_font_are_told_once_and_kept_in_svg(tmp_path: Path) -> None:
    with house_style():
        figure = Figure(figsize=(2, 2))
        figure.subplots().set_title(
            "\U00013000\U00013001 \U00013000"
        )  # hieroglyphs, in none of the fonts that are tried
    save(figure, tmp_path / "a.svg")
    assert "\U00013000\U00013001" in (tmp_path / "a.svg").read_text(encoding="utf-8")
    with pytest.warns(UserWarning, match="in no font of this machine: 2") as caught:
        save(figure, tmp_path / "a.png")
    assert len(caught) == 1


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("weight", ["normal", "bold"])
def test_letters_that_the_first_font_lacks_are_taken_from_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weight: str
) -> None:
    monkeypatch.setattr(canvas, "_OTHER_SCRIPTS", ("STIXGeneral",))  # it comes with matplotlib, and has the letter
    monkeypatch.setattr(canvas, "_style", canvas._style.__wrapped__)
    with house_style():
        figure = Figure(figsize=(1, 1))
        figure.text(0.5, 0.5, "\N{FROWN}", fontweight=weight)
    save(figure, tmp_path / "a.png")
