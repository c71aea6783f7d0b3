"""The LSTM with input, forget and output gate: the standard."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional as F

from recollect.core.state import LSTMState
from recollect.kernels.contract import Seen, Tensors, Weights

__all__ = ["Squash", "lstm", "projected"]

Squash = Callable[[Tensor], Tensor]


def lstm(seen: Seen, state: LSTMState, weights: Weights, squash: Squash) -> tuple[Tensors, LSTMState]:
    """One step of the LSTM with forget gate; gates i f g o.

        i = sigmoid(W_i x + R_i h + b_i)    what to write      g = squash(W_g x + R_g h + b_g)   the candidate
        f = sigmoid(W_f x + R_f h + b_f)    what to keep       c = f * c + i * g
        o = sigmoid(W_o x + R_o h + b_o)    what to show       h = o * squash(c), times P where there is a projection

    Hochreiter & Schmidhuber 1997, "Long short-term memory", section 4 (the cell); Gers, Schmidhuber & Cummins 2000,
    "Learning to forget", section 3 (the forget gate); Sak, Senior & Beaufays 2014, section 2.1 (the projection).
    ``squash`` is tanh there; relu in both places is the variant of Keras' LSTM(activation="relu").
    """
    i, f, g, o = (seen.wx + seen.rh).chunk(4, dim=-1)
    i, f, g, o = i.sigmoid(), f.sigmoid(), squash(g), o.sigmoid()
    c = f * state.c + i * g
    return (i, f, g, o), LSTMState(projected(o * squash(c), weights), c)


def projected(h: Tensor, weights: Weights) -> Tensor:
    """P h where there is a projection: h [B, H] -> [B, P]."""
    return h if weights.P is None else F.linear(h, weights.P)
