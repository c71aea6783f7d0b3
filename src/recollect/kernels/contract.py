"""What every path that computes an LSTM layer takes and gives: one layer, one direction, a whole sequence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from recollect.core.state import LSTMState

__all__ = ["Case", "Layer", "Path", "Run", "Step", "Weights", "Zoneout"]


class Weights(NamedTuple):
    """The weights of one layer and direction; G gates in the order of the cell, i f g o for the lstm.

    ``W`` [G * H, I] for the input, ``R`` [G * H, O] for the output before (O is P with projection, else H), ``b``
    [G * H], ``P`` [P, H] the projection, or None, ``E`` [n, H] the cell's own parameters of each unit, or None.
    """

    W: Tensor
    R: Tensor
    b: Tensor
    P: Tensor | None = None
    E: Tensor | None = None


@dataclass(frozen=True)
class Zoneout:
    """Shares of units whose cell and output keep the old value; the coins come from ``seed`` (recollect.kernels.coin).

    Without ``training`` the expectation takes the place of the coins.
    """

    cell: float
    output: float
    seed: int
    training: bool


@dataclass(frozen=True)
class Case:
    """What a path is asked to compute, as far as the choice depends on it.

    ``regularised``: zoneout or a mask on h is given. ``transformed``: inside vmap, torch.func or forward-mode
    differentiation.
    """

    cell: str = "lstm"
    activation: str = "tanh"
    dtype: torch.dtype = torch.float32
    device: str = "cpu"
    projected: bool = False
    regularised: bool = False
    transformed: bool = False


Step = Callable[[Tensor, LSTMState], LSTMState]
"""One step of a cell with its weights bound: W x[t] + b [B, G * H] and the state [B, ...] before -> the state after."""


@dataclass(frozen=True)
class Layer:
    """One layer and direction: what it computes, by ``step`` for a path that unrolls, by ``case`` for one that knows.

    With ``reverse`` each row is read from its own end to its start. ``gaps`` [T, B] are the times since the step
    before, for the cell that reads them; ``h_mask`` [B, O] is what the output before is multiplied by on its way to R.
    """

    case: Case
    step: Step
    weights: Weights
    reverse: bool = False
    gaps: Tensor | None = None
    zoneout: Zoneout | None = None
    h_mask: Tensor | None = None


class Run(Protocol):
    """A layer over a whole sequence: ``x`` [T, B, I] and a state of [B, H] each -> output [T, B, H] and the state.

    With ``lengths`` [B], row n has its first lengths[n] steps: its output is zero after them, its state the one at
    its end.
    """

    def __call__(self, layer: Layer, x: Tensor, state: LSTMState, lengths: Tensor | None) -> tuple[Tensor, LSTMState]:
        """Compute the layer."""


@dataclass(frozen=True)
class Path:
    """One row of the table: ``serves`` in words, ``refuses(case)`` with the reason or an empty string, and the work."""

    name: str
    serves: str
    refuses: Callable[[Case], str]
    run: Run
