"""Peepholes: gates that look at the cell itself, not only at what it shows."""

from __future__ import annotations

from recollect.core.state import LSTMState
from recollect.kernels.contract import Seen, Tensors, Weights
from recollect.nn.variants.lstm import Squash, projected

__all__ = ["peephole"]


def peephole(seen: Seen, state: LSTMState, weights: Weights, squash: Squash) -> tuple[Tensors, LSTMState]:
    """One step of the LSTM with peepholes; gates i f g o, ``weights.E`` = p_i, p_f, p_o.

        i = sigmoid(W_i x + R_i h + p_i * c[t-1] + b_i)      g = squash(W_g x + R_g h + b_g)
        f = sigmoid(W_f x + R_f h + p_f * c[t-1] + b_f)      c[t] = f * c[t-1] + i * g
        o = sigmoid(W_o x + R_o h + p_o * c[t] + b_o)        h = o * squash(c[t]), times P where there is a projection

    Gers & Schmidhuber 2000, "Recurrent nets that time and count", section 2: the output gate sees the new value.
    """
    assert weights.E is not None
    p_i, p_f, p_o = weights.E.unbind(0)
    i, f, g, o = (seen.wx + seen.rh).chunk(4, dim=-1)
    i, f, g = (i + p_i * state.c).sigmoid(), (f + p_f * state.c).sigmoid(), squash(g)
    c = f * state.c + i * g
    o = (o + p_o * c).sigmoid()
    return (i, f, g, o), LSTMState(projected(o * squash(c), weights), c)
