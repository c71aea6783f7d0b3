"""Nothing differs before the change, to the bit, and what differs after it is the difference of two traces."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from recollect.core.errors import InputError, ShapeError
from recollect.core.state import LSTMState
from recollect.memory import counterfactual
from recollect.nn.cells import CELLS


def test_before_the_change_nothing_differs_and_after_it_two_traces_do(cell: str, make, normal, gaps):
    layer, x = make(cell, num_layers=2, dropout=0.5).train(), normal(30, 3)
    between = gaps(layer, x)
    found = counterfactual(layer, x.numpy(), 11, 2, 1.5, gaps=between)
    assert list(found.difference) == list(CELLS[cell].trace._fields) and layer.training
    assert (found.step, found.feature, found.was, found.instead) == (11, 2, x[11, 2].item(), 1.5)
    other = x.clone()
    other[11, 2] = 1.5
    layer.eval()
    was, would = (layer.trace(values, gaps=between)._asdict() for values in (x, other))
    for name, difference in found.difference.items():
        assert not difference[:11].any() and difference[11:].any(axis=(0, 2)).all()
        np.testing.assert_array_equal(difference, (would[name] - was[name]).numpy())


def test_the_same_value_changes_nothing(make: Callable, normal: Callable):
    layer, x = make("lstm"), normal(9, 3)
    found = counterfactual(layer, x, 4, 0, x[4, 0].item())
    assert not any(value.any() for value in found.difference.values())


def test_another_start_and_both_directions(make: Callable, normal: Callable):
    layer, x = make("lstm", bidirectional=True), normal(9, 3)
    found = counterfactual(layer, x, 4, 0, 9.0, state=LSTMState(normal(2, 4), normal(2, 4)))
    h = found.difference["h"]
    assert not h[:4, 0].any() and h[4:, 0].any() and not h[5:, 1].any() and h[:5, 1].any()
    plain = counterfactual(layer, x, 4, 0, 9.0)
    assert (plain.difference["h"] != h).any()
    assert torch.equal(x, normal(9, 3))


def test_what_is_not_there_cannot_be_changed(make: Callable, normal: Callable):
    with pytest.raises(ShapeError, match="must be one row"):
        counterfactual(make("lstm"), normal(9, 2, 3), 0, 0, 1.0)
    with pytest.raises(InputError, match=r"step is 9, and must lie in 0\.\.8"):
        counterfactual(make("lstm"), normal(9, 3), 9, 0, 1.0)
    with pytest.raises(InputError, match=r"feature is -1, and must lie in 0\.\.2"):
        counterfactual(make("lstm"), normal(9, 3), 0, -1, 1.0)
