"""A film of a training: the moments at which it looks, what it sees, and that it disturbs nothing."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch

from recollect.memory import Film, record
from recollect.nn import LSTM, Recurrent


def train(layer: LSTM, x: torch.Tensor, steps: int, before: Callable[[], object]) -> None:
    torch.manual_seed(3)
    optimiser = torch.optim.SGD(layer.parameters(), lr=0.5)
    for _ in range(steps):
        before()
        optimiser.zero_grad()
        (layer(x)[0] - 1).square().mean().backward()
        optimiser.step()


def test_it_sees_what_a_record_would_at_powers_of_two_and_changes_no_bit(normal: Callable) -> None:
    layer = LSTM(3, 4, num_layers=2, dropout=0.2, regularize=Recurrent(zoneout_cell=0.1), batch_first=True)
    alone, x, read = copy.deepcopy(layer), normal(5, 20, 3), normal(2, 12, 3, seed=8)
    train(alone, x, 11, lambda: None)
    snapshots: list[LSTM] = []
    film = Film(layer, read.numpy())
    train(layer, x, 11, lambda: (snapshots.append(copy.deepcopy(layer)), film()))
    for ours, theirs in zip(layer.parameters(), alone.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert layer.training
    frames = film.frames()
    assert frames.at.tolist() == [0, 1, 2, 4, 8, 11]
    for n, step in enumerate(frames.at):
        true = record([*snapshots, layer][step], read)
        for name, value in frames.values.items():
            np.testing.assert_array_equal(value[n], true[name])
    assert (frames.values["c"][0] != frames.values["c"][-1]).any()


@pytest.mark.parametrize("form", [{}, {"bidirectional": True}])
def test_every_cell_can_be_filmed(cell: str, form: dict, make: Callable, normal: Callable, gaps: Callable) -> None:
    layer, x = make(cell, **form), normal(9, 2, 3)
    film = Film(layer, x, gaps=gaps(layer, x))
    film()
    assert film.frames().values["h"].shape == (2, 9, 2 if form else 1, 2, 4)


def test_without_a_call_there_is_the_layer_as_it_is(make: Callable, normal: Callable) -> None:
    layer, x = make("lstm"), normal(5, 3)
    frames = Film(layer, x).frames()
    assert frames.at.tolist() == [0]
    np.testing.assert_array_equal(frames.values["f"][0], record(layer, x)["f"])
