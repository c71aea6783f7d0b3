"""What every path that computes an LSTM layer takes and gives: one layer, one direction, a whole sequence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from recollect.core.state import LSTMState

__all__ = [
    "Case",
    "Enter",
    "Layer",
    "Path",
    "Record",
    "Room",
    "Run",
    "Seen",
    "Step",
    "Tensors",
    "Weights",
    "Zoneout",
    "affine",
]


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
    """Zoneout: shares of units whose cell and output keep the value of the step before.

        c[t] = keep ? c[t-1] : c        h[t] = keep ? h[t-1] : h, where h was made of the new c

    In training a coin (recollect.kernels.coin) of ``seed``, int64 [], decides for each step, row and unit; without one
    the expectation takes its place, share * old + (1 - share) * new. Krueger et al. 2017, "Zoneout", section 3.
    """

    cell: float
    output: float
    seed: Tensor | None


class Case(NamedTuple):
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


class Seen(NamedTuple):
    """What a cell sees at a step besides its state.

    ``wx`` [B, G * H] is what x[t] contributes (W x[t] + b unless the cell says otherwise), ``rh`` [B, G * H] is
    R h[t-1], ``gap`` [B, 1] the time since the step before, for the cell that reads it.
    """

    wx: Tensor
    rh: Tensor
    gap: Tensor | None = None


Tensors = tuple[Tensor, ...]
Step = Callable[[Seen, LSTMState, Weights], tuple[Tensors, LSTMState]]
"""One step of a cell: what it sees, the state [B, ...] before and the weights -> the gates, and the state after."""

Enter = Callable[[Tensor, Weights], Tensor]
"""What x [T, B, I] contributes to all steps at once, [T, B, G * H]."""


def affine(x: Tensor, weights: Weights) -> Tensor:
    """W x[t] + b: what x contributes in most cells."""
    return F.linear(x, weights.W, weights.b)


class Layer(NamedTuple):
    """One layer and direction: what it computes, by ``step`` for a path that unrolls, by ``case`` for one that knows.

    With ``reverse`` each row is read from its own end to its start. ``gaps`` [T, B] are the times between each step and
    the one read before it, for the cell that reads them. R sees the output before multiplied by ``h_mask`` [B, O].
    ``enter`` is what precedes the recurrence.
    """

    case: Case
    step: Step
    weights: Weights
    reverse: bool = False
    gaps: Tensor | None = None
    zoneout: Zoneout | None = None
    h_mask: Tensor | None = None
    enter: Enter = affine


class Run(Protocol):
    """A layer over a whole sequence: ``x`` [T, B, I] and a state of [B, H] each -> output [T, B, H] and the state.

    With ``lengths`` [B], row n has its first lengths[n] steps: its output is zero after them, its state the one at
    its end, and what x holds there, numbers or not, changes nothing.
    """

    def __call__(self, layer: Layer, x: Tensor, state: LSTMState, lengths: Tensor | None) -> tuple[Tensor, LSTMState]:
        """Compute the layer."""


class Room(NamedTuple):
    """Where a trace of a layer goes: gates [n, T, B, H] in the order of the cell's trace, c [T, B, H] and h [T, B, O].

    c has the width 0 for a cell without one. Given ``lengths``, the room is zero before it is written.
    """

    gates: Tensor
    c: Tensor
    h: Tensor


class Record(Protocol):
    """A layer over a whole sequence, its inside written into ``room`` up to each row's end; gives the last state."""

    def __call__(self, layer: Layer, x: Tensor, state: LSTMState, lengths: Tensor | None, room: Room) -> LSTMState:
        """Compute the layer."""


@dataclass(frozen=True)
class Path:
    """One row of the table.

    ``serves`` says in words what it is for, ``refuses(case)`` gives the reason or an empty string, ``run`` is the work
    and ``record`` the same with its inside shown; without it the reference records.
    """

    name: str
    serves: str
    refuses: Callable[[Case], str]
    run: Run
    record: Record | None = None
