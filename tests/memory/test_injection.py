"""Injection: what is measured is what two runs differ by, and without recurrence it is what the gates say."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from recollect.core.errors import InputError, ShapeError
from recollect.core.state import LSTMState
from recollect.memory import injection, record
from recollect.nn import LSTM
from recollect.nn.cells import CELLS

KEEP = [0.9, 0.2, 0.97, 0.5]


def test_without_recurrence_it_is_what_the_gates_say(gated: str, still: Callable, normal: Callable, gaps: Callable):
    layer, x = still(gated, KEEP), normal(400, 2, 3)
    between = gaps(layer, x)
    found = injection(layer, x, record(layer, x, gaps=between), gaps=between, delta=0.7)
    shares = np.array(KEEP) ** np.arange(200)[:, None]
    np.testing.assert_allclose(found.by_gates[:, 0], shares, rtol=1e-4)
    np.testing.assert_allclose(found.remaining[:, 0], shares, rtol=0, atol=1e-5)
    true = [math.log(0.5) / math.log(keep) for keep in KEEP]
    np.testing.assert_allclose(found.half_life.median[0], true, rtol=1e-4)
    assert found.half_life.order.tolist() == [[0, 1], [0, 3], [0, 0], [0, 2]]
    assert not found.half_life.censored.any()


def test_it_is_the_difference_of_two_runs(cell: str, make: Callable, normal: Callable, gaps: Callable, small_pieces):
    layer, x = make(cell, num_layers=2, dropout=0.5).train(), normal(40, 2, 3)
    between = gaps(layer, x)
    recording = record(layer, x, gaps=between)
    small_pieces(24 * 9 * 8 * 5)
    found = injection(layer, x, recording, origins=3, steps=12, gaps=between)
    assert found.half_life.origins.tolist() == [0, 14, 27] and layer.training
    assert found.remaining.shape == (13, 2, 4)
    np.testing.assert_allclose(found.delta, recording[recording.memory].std((0, 2)), rtol=1e-5)
    for k, unit in ((0, 1), (1, 2)):
        each = [two_runs(layer, x, between, t, n % 2, k, unit, found.delta[k, unit]) for n, t in enumerate([0, 14, 27])]
        np.testing.assert_allclose(found.remaining[:, k, unit], np.mean(each, axis=0), rtol=1e-3, atol=1e-5)


def two_runs(layer: LSTM, x: Tensor, gaps: Tensor | None, t: int, row: int, k: int, unit: int, delta: float):
    """Step by step in float64, from the beginning, once with the difference and once without."""
    layer, memory = copy.deepcopy(layer).double().eval(), "c" if CELLS[layer.cell].has_c else "h"
    runs = []
    for added in (0.0, delta):
        state, values = None, []
        for s in range(t + 13):
            gap = None if gaps is None else gaps[s, row : row + 1].double()
            with torch.no_grad():
                _, state = layer.step(x[s, row : row + 1].double(), state, gap)
            if s == t:
                state = LSTMState(*(value.clone() for value in state))
                getattr(state, memory)[k, 0, unit] += added
            values.append(getattr(state, memory)[k, 0, unit].item())
        runs.append(np.array(values[t:]))
    return np.abs(runs[1] - runs[0]) / delta


def test_a_simple_network_is_measured_though_it_has_no_gate(normal: Callable):
    layer = LSTM(3, 2, cell="rnn", activation="relu")
    W, R, b, _, _ = layer.weights(0)
    with torch.no_grad():
        W.zero_(), b.fill_(1.0), R.copy_(torch.tensor([[0.8, 0.0], [0.0, 0.1]]))
    x = normal(100, 3)
    found = injection(layer, x, record(layer, x))
    assert found.by_gates is None
    np.testing.assert_allclose(found.remaining[:9, 0], np.array([0.8, 0.1]) ** np.arange(9)[:, None], atol=1e-5)
    assert found.half_life.closed is None


def test_a_memory_that_never_moves_gets_a_difference_of_one(still: Callable):
    layer, x = still("lstm", [0.5, 0.9]), torch.zeros(30, 3)
    assert injection(layer, x, record(layer, x)).delta.tolist() == [[1, 1]]


def test_what_does_not_fit_is_said(make: Callable, normal: Callable):
    layer, x = make("lstm"), normal(30, 3)
    with pytest.raises(ShapeError, match="x has 29 steps of 1 rows, and the recording 30 of 1"):
        injection(layer, x[1:], record(layer, x))
    with pytest.raises(InputError, match="delta is 0 and T is 30"):
        injection(layer, x, record(layer, x), delta=0)
    with pytest.raises(InputError, match="T is 1: a difference"):
        injection(layer, x[:1], record(layer, x[:1]))
    with pytest.raises(InputError, match="bidirectional"):
        injection(make("lstm", bidirectional=True), x, record(layer, x))
