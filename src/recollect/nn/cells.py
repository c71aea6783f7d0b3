"""The cells, line for line as in the papers. Everything else defers to these equations."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from recollect.core.state import LSTMState
from recollect.kernels.contract import Weights

__all__ = ["ACTIVATIONS", "CELLS", "Cell", "Trace", "lstm"]

Squash = Callable[[Tensor], Tensor]


class Trace(NamedTuple):
    """What happens inside an LSTM: gates ``i f g o`` after activation, cell ``c`` and output ``h``.

    Each is [B, H] from a cell, and [T, L * D, B, H] from a layer's ``trace`` (``h`` [..., P] with projection).
    """

    i: Tensor
    f: Tensor
    g: Tensor
    o: Tensor
    c: Tensor
    h: Tensor


def lstm(wx: Tensor, state: LSTMState, weights: Weights, squash: Squash) -> Trace:
    """One step of the LSTM with forget gate; ``wx`` [B, 4H] is W x[t] + b, ``state`` that of t-1.

        i = sigmoid(W_i x + R_i h + b_i)    what to write      g = squash(W_g x + R_g h + b_g)   the candidate
        f = sigmoid(W_f x + R_f h + b_f)    what to keep       c = f * c + i * g
        o = sigmoid(W_o x + R_o h + b_o)    what to show       h = o * squash(c), times P where there is a projection

    Hochreiter & Schmidhuber 1997, "Long short-term memory", section 4 (the cell); Gers, Schmidhuber & Cummins 2000,
    "Learning to forget", section 3 (the forget gate); Sak, Senior & Beaufays 2014, section 2.1 (the projection).
    ``squash`` is tanh there; relu in both places is the variant of Keras' LSTM(activation="relu").
    """
    i, f, g, o = torch.addmm(wx, state.h, weights.R.t()).chunk(4, dim=1)
    i, f, g, o = i.sigmoid(), f.sigmoid(), squash(g), o.sigmoid()
    c = f * state.c + i * g
    h = o * squash(c)
    return Trace(i, f, g, o, c, h if weights.P is None else F.linear(h, weights.P))


Cell = Callable[[Tensor, LSTMState, Weights, Squash], Trace]
CELLS: dict[str, Cell] = {"lstm": lstm}
ACTIVATIONS: dict[str, Squash] = {"tanh": torch.tanh, "relu": torch.relu}
