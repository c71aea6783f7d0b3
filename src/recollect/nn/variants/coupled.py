"""Coupled gates: what is written takes the place of what is forgotten."""

from __future__ import annotations

from recollect.core.state import LSTMState
from recollect.kernels.contract import Seen, Tensors, Weights
from recollect.nn.variants.lstm import Squash, projected

__all__ = ["coupled"]


def coupled(seen: Seen, state: LSTMState, weights: Weights, squash: Squash) -> tuple[Tensors, LSTMState]:
    """One step of the LSTM with coupled input and forget gate (CIFG); three gates with weights, i g o.

        i = sigmoid(W_i x + R_i h + b_i)     f = 1 - i     g = squash(W_g x + R_g h + b_g)
        o = sigmoid(W_o x + R_o h + b_o)     c = f * c + i * g
        h = o * squash(c), times P where there is a projection

    Gives i f g o as the other cells do. Greff et al. 2017, "LSTM: a search space odyssey", section 3, item CIFG.
    """
    i, g, o = (seen.wx + seen.rh).chunk(3, dim=-1)
    i, g, o = i.sigmoid(), squash(g), o.sigmoid()
    f = 1 - i
    c = f * state.c + i * g
    return (i, f, g, o), LSTMState(projected(o * squash(c), weights), c)
