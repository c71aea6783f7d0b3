"""Reach equals finite differences, for every cell."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from recollect.core.errors import InputError, ShapeError
from recollect.memory import reach
from recollect.nn import LSTM
from recollect.nn.cells import CELLS

STEP = 1e-6


def differences(layer: LSTM, x: Tensor, gaps: Tensor | None, t: int, row: int, K: int) -> list[float]:
    """|| d h[t] / d x[t-k] ||, k = 0 ... K, by moving each input up and down."""
    norms = []
    for k in range(K + 1):
        columns = []
        for feature in range(x.shape[2]):
            ends = []
            for sign in (1, -1):
                moved = x.clone()
                moved[t - k, row, feature] += sign * STEP
                with torch.no_grad():
                    ends.append(layer(moved, None, None, gaps)[0][t, row])
            columns.append((ends[0] - ends[1]) / (2 * STEP))
        norms.append(torch.stack(columns).norm().item())
    return norms


@pytest.mark.parametrize("form", [{}, {"num_layers": 2, "dropout": 0.5}, {"num_layers": 2, "proj_size": 2}])
def test_reach_is_the_norm_of_finite_differences(cell: str, form: dict, make, normal, gaps, small_pieces):
    if "proj_size" in form and not CELLS[cell].has_c:
        pytest.skip("this cell has no projection")
    layer, x = make(cell, **form).double(), normal(14, 2, 3).double()
    between = gaps(layer, x)
    small_pieces(2 * 4 * 4 * 3)  # three steps on the way there, one output on the way back
    found = reach(layer, x, steps=6, origins=3, gaps=between)
    assert found.origins.tolist() == [6, 10, 13] and found.norm.shape == (7,)
    assert layer.training
    layer.eval()
    for n, t in enumerate(found.origins.tolist()):
        np.testing.assert_allclose(found.each[n], differences(layer, x, between, t, n % 2, 6), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(found.norm, found.each.mean(0))


def test_the_layout_and_the_pieces_change_nothing(make: Callable, normal: Callable, small_pieces: Callable):
    layer, x = make("lstm"), normal(60, 2, 3)
    found = reach(layer, x, steps=20)
    turned = make("lstm", batch_first=True)
    np.testing.assert_allclose(reach(turned, x.swapaxes(0, 1), steps=20).each, found.each, rtol=1e-5)
    alone = reach(layer, x[:, 0], steps=59)
    assert alone.origins.tolist() == [59]
    small_pieces(24 * 4)
    np.testing.assert_allclose(reach(layer, x, steps=20).each, found.each, rtol=1e-5)
    assert all(weight.grad is None for weight in layer.parameters())


def test_a_cell_that_keeps_reaches_farther_than_a_simple_network(still: Callable, normal: Callable):
    keeper, x = still("lstm", [0.99] * 4), normal(80, 3)
    with torch.no_grad():
        keeper.weights(0).W[8:12] = 1.0  # the candidate reads x, the gates nothing
    simple = LSTM(3, 4, cell="rnn")
    with torch.no_grad():
        simple.weights(0).R.mul_(0.5)
    far, near = reach(keeper, x, steps=60).norm, reach(simple, x, steps=60).norm
    assert far[50] / far[0] > 0.1 > 1e-6 > near[50] / near[0]


def test_what_has_no_reach_is_said(make: Callable, normal: Callable):
    with pytest.raises(InputError, match="bidirectional"):
        reach(make("lstm", bidirectional=True), normal(5, 3))
    with pytest.raises(ShapeError, match="no step"):
        reach(make("lstm"), normal(0, 3))
