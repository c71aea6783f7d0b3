"""What the pictures of a memory show: the units in their order, the right numbers, and what cannot be known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from recollect.report.canvas import embed
from recollect.report.inside import half_life_figure, reach_figure, ribbon_figure
from recollect.report.portrait import Portrait


def image(axes: Axes) -> np.ndarray:
    (found,) = [child for child in axes.get_children() if isinstance(child, AxesImage)]
    return np.asarray(found.get_array(), float)


def texts(axes: Axes) -> str:
    return " / ".join(text.get_text() for text in axes.texts)


def test_the_ribbon_has_sprinters_at_the_top(portrait: Portrait) -> None:
    top, *panels = ribbon_figure(portrait).axes[:5]
    assert [panel.get_title("left")[:12] for panel in panels] == [
        "input gate i", "forget gate ", "output gate ", "cell c: what",
    ]  # fmt: skip
    for panel, name in zip(panels, "ifo", strict=False):
        assert np.allclose(image(panel), portrait.values[name].T[[2, 0, 1]])
    assert np.abs(image(panels[3])).max(axis=1) == pytest.approx([1, 1, 1])
    assert [label.get_text() for label in panels[0].get_yticklabels()] == ["3", "40", "longer"]
    assert np.array_equal(np.asarray(top.lines[0].get_ydata(), float), portrait.series, equal_nan=True)


def test_half_lives_stand_in_their_order_and_what_is_longer_is_said(portrait: Portrait) -> None:
    axes = half_life_figure(portrait).axes[0]
    dots, triangle = axes.collections[1:3]
    assert np.asarray(dots.get_offsets()).tolist() == [[0, 3], [1, 40]]
    assert len(np.asarray(triangle.get_offsets())) == 1
    (measured,) = [line for line in axes.lines if line.get_label() == "measured"]
    assert np.column_stack(measured.get_data()).tolist() == [[0, 4], [1, 50]]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["2", "0", "1"]
    assert axes.get_ylabel() == "half-life in weeks"
    for words in ("one season: 52 weeks", "one step of the LSTM: 13 weeks", "182 weeks", "longer than the record"):
        assert words in texts(axes)


def test_without_a_season_nothing_is_said_of_one(portrait: Portrait) -> None:
    plain = replace(portrait, seasonal=None, measured=None, season=1, span=1, half_life=np.full((3, 3), 5.0))
    figure = half_life_figure(plain)
    assert "season" not in texts(figure.axes[0]) and len(figure.axes) == 2
    assert "longer" not in texts(figure.axes[0])
    assert "measured" not in [line.get_label() for line in figure.axes[0].lines]


def test_reach_is_a_share_of_the_newest_and_zero_is_left_out(portrait: Portrait) -> None:
    curves = {"ours": np.array([4.0, 2.0, 0.0]), "other": np.array([1.0, 0.1, 0.01])}
    axes = reach_figure(curves, 13, "weeks").axes[0]
    assert np.asarray(axes.lines[0].get_xdata()).tolist() == [0, 13, 26]
    assert np.array_equal(np.asarray(axes.lines[0].get_ydata(), float), [1.0, 0.5, np.nan], equal_nan=True)
    assert axes.get_yscale() == "log"
    assert "weeks" in axes.get_xlabel()


@pytest.mark.parametrize("steps", [1, 16])
def test_steps_without_dates_and_a_single_one_can_be_drawn(portrait: Portrait, steps: int) -> None:
    values = {name: value[:steps] for name, value in portrait.values.items()}
    few = replace(portrait, times=np.arange(steps), values=values, series_times=np.arange(len(portrait.series)))
    assert embed(ribbon_figure(few), "png")
