"""What every path that computes an LSTM layer takes and gives: one layer, one direction, a whole sequence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from recollect.core.state import LSTMState

__all__ = ["Case", "Path", "Run", "Step", "Weights"]


class Weights(NamedTuple):
    """The weights of one layer and direction, gates in the order i f g o.

    ``W`` [4H, I] for the input, ``R`` [4H, H] ([4H, P] with projection) for the output before, ``b`` [4H],
    ``P`` [P, H] the projection, or None.
    """

    W: Tensor
    R: Tensor
    b: Tensor
    P: Tensor | None = None


Step = Callable[[Tensor, LSTMState], LSTMState]
"""One step of a cell with its weights bound: W x[t] + b [B, 4H] and the state [B, ...] before -> the state after."""


class Run(Protocol):
    """A layer over a whole sequence: ``x`` [T, B, I] and a state of [B, H] each -> output [T, B, H] and the state.

    With ``lengths`` [B], row n has its first lengths[n] steps: its output is zero after them, its state the one at
    its end. With ``reverse`` each row is read from its own end to its start. ``step`` defines the cell; a fused path
    is free to know the cell by itself.
    """

    def __call__(
        self, step: Step, x: Tensor, state: LSTMState, weights: Weights, lengths: Tensor | None, reverse: bool
    ) -> tuple[Tensor, LSTMState]:
        """Compute the layer."""


@dataclass(frozen=True)
class Case:
    """What a path is asked to compute, as far as the choice depends on it."""

    cell: str = "lstm"
    activation: str = "tanh"
    dtype: torch.dtype = torch.float32
    device: str = "cpu"
    projected: bool = False


@dataclass(frozen=True)
class Path:
    """One row of the table: ``serves`` in words, ``refuses(case)`` with the reason or an empty string, and the work."""

    name: str
    serves: str
    refuses: Callable[[Case], str]
    run: Run
