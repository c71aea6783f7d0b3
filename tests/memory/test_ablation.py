"""A unit that is built to carry a bit is worth the task, and no other unit is."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from recollect.memory import ablation, clamped, record
from recollect.nn import LSTM

CARRIER = 2


class Recall(nn.Module):
    """Reads [T, B, 2], a bit of +-1 and a mark that says when to write it; one unit carries it, the others chatter."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        draw = torch.Generator().manual_seed(0)
        self.lstm = LSTM(2, 5, num_layers=layers)
        self.lstm.reset_parameters(draw)
        W, R, b, _, _ = self.lstm.weights(0)
        own = slice(CARRIER, None, 5)  # the unit's gates i f g o
        with torch.no_grad():
            R[own] = 0
            W[own] = torch.tensor([[0.0, 20.0], [0.0, -20.0], [4.0, 0.0], [0.0, 0.0]])
            b[own] = torch.tensor([-10.0, 10.0, 0.0, 10.0])

    def forward(self, x: Tensor) -> Tensor:
        return self.lstm.trace(x).h[-1, 0, :, CARRIER]


def score(module: Recall) -> float:
    """The share of bits that are recalled after thirty steps of other bits; a coin has one half, silence none."""
    x = torch.randn(30, 64, 2, generator=torch.Generator().manual_seed(1)).sign()
    x[..., 1] = 0
    x[3, :, 1] = 1
    return (module(x) * x[3, :, 0] > 0.2).float().mean().item()


@pytest.mark.parametrize(("gate", "value"), [("h", 0.0), ("c", 0.0), ("o", 0.0), ("i", 0.0), ("f", 0.0), ("g", 0.0)])
def test_only_the_unit_that_carries_the_bit_is_worth_anything(gate: str, value: float):
    module = Recall(2)
    found = ablation(module, module.lstm, score, gate=gate, value=value)
    assert found.whole == 1.0 and found.gate == gate
    others = np.ones((2, 5), dtype=bool)
    others[0, CARRIER] = False
    assert found.scores[0, CARRIER] == 0.0 and found.change[0, CARRIER] == -1.0
    assert (found.scores[others] == 1.0).all() and not found.change[others].any()
    assert found.order[0].tolist() == [0, CARRIER] and len(found.order) == 10


def test_a_gate_that_does_no_harm_says_so():
    module = Recall(1)
    assert not ablation(
        module, module.lstm, score, gate="f", value=1.0
    ).change.any()  # written over once, kept for good
    with clamped(module.lstm, "f", 1.0):
        assert score(module) == 1.0
    with clamped(module.lstm, "o", 0.0):
        assert score(module) == 0.0


def test_each_unit_can_be_held_at_its_own_mean():
    module = Recall(2)
    x = torch.randn(50, 4, 2, generator=torch.Generator().manual_seed(2))
    means = record(module.lstm, x).mean("h")
    seen = []

    def look(module: Recall) -> float:
        seen.append(module.lstm(x)[0].detach())
        return 0.0

    ablation(module, module.lstm, look, value=means)
    assert len(seen) == 11
    for unit in range(5):
        np.testing.assert_allclose(seen[6 + unit][..., unit], means[1, unit], rtol=0, atol=1e-6)
