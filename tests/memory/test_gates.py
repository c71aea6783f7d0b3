"""Where gates stand: counted, said in words, and watched in training without disturbing it."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch

from recollect.core.errors import InputError
from recollect.memory import GateWatch, gates, record
from recollect.nn import LSTM, Recurrent


def test_the_counts_are_those_of_numpy(gated: str, make: Callable, normal: Callable, gaps, small_pieces):
    layer, x = make(gated, num_layers=2), 3 * normal(90, 2, 3)
    with torch.no_grad():
        layer.weights(0).b.mul_(4)
    recording = record(layer, x, gaps=gaps(layer, x))
    small_pieces(8 * 16 * 7)
    found = gates(recording, bins=8)
    assert found.names == (("r", "z") if gated == "gru" else ("i", "f", "o"))
    for n, name in enumerate(found.names):
        for k, u in np.ndindex(2, 4):
            values = recording[name][:, k, :, u].astype(np.float64)
            assert found.below[n, k, u] == (values < 0.1).mean()
            assert found.above[n, k, u] == (values > 0.9).mean()
            np.testing.assert_array_equal(found.histogram[n, k, u], np.histogram(values, found.edges)[0] / values.size)
    assert found.below.any() and found.above.any()


def test_gates_that_never_move_are_named_in_words(make: Callable, normal: Callable):
    layer = LSTM(3, 8, num_layers=2)
    with torch.no_grad():
        layer.weights(1).b[24:27] = -50.0
        layer.weights(0).b[8:16] = 50.0
    found = gates(record(layer, normal(200, 3))).warnings()
    assert found == [
        "layer 0: 8 of 8 units never close their forget gate (f is above 0.9 at 99% of the steps or more): they keep "
        "nearly all of it at every step",
        "layer 1: 3 of 8 units never open their output gate (o is below 0.1 at 99% of the steps or more): they hardly "
        "ever show what they hold",
    ]
    assert gates(record(LSTM(3, 8), normal(200, 3))).warnings() == []


def test_a_gate_that_is_one_falls_into_the_last_bin(told: Callable):
    recording = told(i=[0.0, 1.0], f=[1.0, 1.0], o=[0.5, 0.5], g=[0.0, 0.0], c=[0.0, 0.0], h=[0.0, 0.0])
    assert gates(recording, bins=2).histogram[:, 0, 0].tolist() == [[0.5, 0.5], [0, 1], [0, 1]]


def train(layer: LSTM, x: torch.Tensor, watch: Callable[[], None]) -> None:
    torch.manual_seed(3)
    optimiser = torch.optim.SGD(layer.parameters(), lr=0.5)
    for _ in range(7):
        watch()
        optimiser.zero_grad()
        (layer(x)[0] - 1).square().mean().backward()
        optimiser.step()


def test_watching_sees_what_a_record_would_and_changes_no_bit(normal: Callable):
    noise = Recurrent(zoneout_cell=0.1, dropconnect=0.1)
    layer = LSTM(3, 4, num_layers=2, dropout=0.2, regularize=noise, batch_first=True)
    alone, x, batch = copy.deepcopy(layer), normal(5, 20, 3), normal(2, 12, 3, seed=8)
    train(alone, x, lambda: None)
    snapshots = []
    watch = GateWatch(layer, batch.numpy(), every=3, bins=10)
    train(layer, x, lambda: (snapshots.append(copy.deepcopy(layer)), watch()))
    for ours, theirs in zip(layer.parameters(), alone.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert layer.training
    found = watch.history()
    assert found.at.tolist() == [0, 3, 6] and found.names == ("i", "f", "o")
    assert found.histogram.shape == (3, 3, 2, 10) and len(found.edges) == 11
    for n, step in enumerate(found.at):
        true = gates(record(snapshots[step], batch), bins=10)
        np.testing.assert_allclose(found.histogram[n], true.histogram.mean(2), rtol=1e-12)
        np.testing.assert_array_equal(found.below[n], true.below)
        np.testing.assert_array_equal(found.above[n], true.above)
    assert (found.histogram[0] != found.histogram[2]).any()


def test_every_cell_with_gates_can_be_watched(gated: str, make: Callable, normal: Callable, gaps: Callable):
    layer, x = make(gated, bidirectional=True), normal(9, 2, 3)
    watch = GateWatch(layer, x, gaps=gaps(layer, x))
    watch()
    np.testing.assert_allclose(watch.history().histogram.sum(-1), 1)
    assert watch.history().below.shape[2:] == (2, 4)


def test_what_cannot_be_watched_is_said(make: Callable, normal: Callable):
    with pytest.raises(InputError, match="the rnn cell has no gates"):
        GateWatch(make("rnn"), normal(5, 3))
    with pytest.raises(InputError, match="the rnn cell has no gates"):
        gates(record(make("rnn"), normal(5, 3)))
    with pytest.raises(InputError, match="every is 0"):
        GateWatch(make("lstm"), normal(5, 3), every=0)
    with pytest.raises(InputError, match="not been looked at"):
        GateWatch(make("lstm"), normal(5, 3)).history()
