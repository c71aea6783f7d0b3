"""The state that an LSTM carries from one step to the next."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

__all__ = ["LSTMState"]


class LSTMState(NamedTuple):
    """Output and cell after a step: ``h`` and ``c``, each [L * D, B, H] (``h`` [L * D, B, P] with projection).

    D is 2 for a bidirectional layer, else 1. Never pass the pair as a bare tuple between our own functions:
    two tensors of one shape are easily swapped.
    """

    h: Tensor
    c: Tensor
