"""The network: every cell reads, and what is to be kept long is so from birth."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from recollect.nn.cells import CELLS
from recollect.tasks.laboratory.network import Rememberer
from recollect.tasks.laboratory.plots import LOOKS
from recollect.tasks.laboratory.problems import TASKS


def born(cell: str, lag: int = 200, seed: int = 0) -> Rememberer:
    return Rememberer(3, 2, 64, cell, lag, seed)


@pytest.mark.parametrize("cell", CELLS)
def test_what_is_said_last_is_said_at_each_rows_end(cell):
    network, x = born(cell), torch.randn(9, 4, 3, generator=torch.Generator().manual_seed(0))
    lengths = torch.tensor([9, 3, 1, 7])
    everywhere, last = network(x, lengths, True), network(x, lengths, False)
    assert torch.equal(last, everywhere[lengths - 1, torch.arange(4)])


@pytest.mark.parametrize(("cell", "keeps", "writes"), [("lstm", 1, 0), ("peephole", 1, 0), ("gru", 1, None)])
def test_units_are_born_with_memories_up_to_the_lag(cell, keeps, writes):
    bias = born(cell).lstm.weights(0).b.detach().view(-1, 64).numpy()
    steps = np.exp(bias[keeps])
    assert 1 <= steps.min() < 20 and 180 < steps.max() <= 200
    if writes is not None:
        assert np.array_equal(bias[writes], -bias[keeps])


def test_the_coupled_cell_keeps_by_not_writing():
    steps = np.exp(-born("coupled").lstm.weights(0).b.detach().view(-1, 64)[0].numpy())
    assert 1 <= steps.min() < 20 and 180 < steps.max() <= 200


def test_the_plain_rnn_has_no_gate_to_bias():
    assert not born("rnn").lstm.weights(0).b.any()


def test_the_same_seed_gives_the_same_weights_and_leaves_torchs_own_generator_behind():
    one, same, other = born("lstm", seed=1), born("lstm", seed=1), born("lstm", seed=2)
    pairs = list(zip(one.parameters(), same.parameters(), other.parameters(), strict=True))
    assert all(torch.equal(a, b) for a, b, _ in pairs) and not torch.equal(pairs[0][0], pairs[0][2])


def test_every_cell_of_the_table_has_a_look_of_its_own_and_every_task_a_row_of_lags():
    assert set(LOOKS) == set(CELLS) and len(set(LOOKS.values())) == len(CELLS)
    assert all(min(task.lags) >= task.shortest for task in TASKS.values())
