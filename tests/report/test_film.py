"""The strip of a training: one order of the units, one scale, and the moments in their order."""

from __future__ import annotations

import numpy as np
import pytest

from recollect.report.canvas import embed
from recollect.report.film import film_figure
from recollect.report.portrait import Strip


@pytest.fixture
def strip() -> Strip:
    """12 moments; at the last, units 1, 2, 0 keep ever more; a gate that stands still at 0.5 has half-life 1."""
    f = np.random.default_rng(0).uniform(0.2, 0.8, (12, 6, 3))
    f[-1] = [0.9, 0.5, 0.7]
    c = np.random.default_rng(1).normal(size=(12, 6, 3))
    return Strip(("untrained", *(f"epoch {n}" for n in range(1, 11)), "kept"), np.arange(6.0), f, c)


def test_units_stand_in_the_order_they_end_in_on_one_scale(strip: Strip) -> None:
    figure = film_figure(strip)
    panels = np.array(figure.axes[:32]).reshape(4, 8)
    assert [axes.get_title("left") for axes in panels[0]][::7] == ["untrained", "kept"]
    forget, cell = (panels[row, -1].images[0] for row in (1, 2))
    assert np.asarray(forget.get_array())[:, 0].tolist() == [0.5, 0.7, 0.9]
    np.testing.assert_allclose(
        np.asarray(cell.get_array()),
        (strip.c[-1] / abs(strip.c[[0, 2, 3, 5, 6, 8, 9, 11]]).max((0, 1)))[:, [1, 2, 0]].T,
    )
    np.testing.assert_allclose(np.asarray(panels[1, 0].images[0].get_array()), strip.f[0][:, [1, 2, 0]].T)
    np.testing.assert_allclose(panels[3, -1].lines[0].get_xdata(), np.log(0.5) / np.log([0.5, 0.7, 0.9]))
    for row in (1, 2):
        assert len({axes.images[0].get_clim() for axes in panels[row]}) == 1
    assert len({(axes.get_xlim(), axes.get_ylim()) for axes in panels[3]}) == 1
    assert embed(figure).startswith("data:image/svg")


def test_gates_that_are_all_shut_or_open_can_be_drawn(strip: Strip) -> None:
    still = Strip(("untrained",), strip.read, np.tile([0.0, 1.0, 1.0], (1, 6, 1)), np.zeros((1, 6, 3)))
    assert embed(film_figure(still), "png")
