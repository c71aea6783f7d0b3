"""The table of cells: what can stand in an LSTM layer. A row is all that a new cell adds besides its equations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import torch

from recollect.core.state import LSTMState
from recollect.kernels.contract import Enter, Seen, Tensors, Weights, affine
from recollect.nn.traces import GRUTrace, RNNTrace, Trace
from recollect.nn.variants.coupled import coupled
from recollect.nn.variants.decay import decay
from recollect.nn.variants.gru import gru
from recollect.nn.variants.layernorm import layernorm, normalised
from recollect.nn.variants.lstm import Squash, lstm
from recollect.nn.variants.peephole import peephole
from recollect.nn.variants.rnn import rnn

__all__ = ["ACTIVATIONS", "CELLS", "Cell", "Equation"]


class Equation(Protocol):
    """One step: what the cell sees, the state before, the weights, what squashes -> the gates and the state after."""

    def __call__(self, seen: Seen, state: LSTMState, weights: Weights, squash: Squash) -> tuple[Tensors, LSTMState]:
        """Compute the step."""


@dataclass(frozen=True)
class Cell:
    """A row of the table.

    Attributes:
        equation: one step.
        gates: G names, in the order of the rows of W, R and b.
        trace: the named tuple of what happens inside: the gates that ``equation`` gives, c if there is one, and h.
        own: the rows of E, parameters of each unit, by name with the value they are born with.
        remembers: the gate whose bias at birth is ``forget_bias``, and the sign of it; None where no gate keeps.
        has_c: whether there is a cell value besides the output; without it ``state.c`` has the width 0.
        reads_gaps: whether the time since the step before is read.
        enter: what x contributes to all steps at once.
    """

    equation: Equation
    gates: tuple[str, ...] = ("i", "f", "g", "o")
    trace: type[Trace] | type[GRUTrace] | type[RNNTrace] = Trace
    own: Mapping[str, float] = field(default_factory=dict)
    remembers: tuple[str, int] | None = ("f", 1)
    has_c: bool = True
    reads_gaps: bool = False
    enter: Enter = affine

    @property
    def shown(self) -> int:
        """How many gates a trace shows."""
        return len(self.trace._fields) - 1 - self.has_c


_PEEPHOLES = dict.fromkeys(("p_i", "p_f", "p_o"), 0.0)
_GAINS = {f"gain_{source}_{gate}": 1.0 for source in "xh" for gate in "ifgo"} | {"gain_c": 1.0, "bias_c": 0.0}
_FADING = {"w": 0.1, "v": 0.0}  # half of the cell is left after 7 units of time; at w = 0 it could not learn to fade

CELLS: dict[str, Cell] = {
    "lstm": Cell(lstm),
    "peephole": Cell(peephole, own=_PEEPHOLES),
    "coupled": Cell(coupled, gates=("i", "g", "o"), remembers=("i", -1)),  # f = 1 - i = sigmoid(-...)
    "layernorm": Cell(layernorm, own=_GAINS, enter=normalised),
    "decay": Cell(decay, own=_FADING, reads_gaps=True),
    "gru": Cell(gru, gates=("r", "z", "n"), trace=GRUTrace, own={"e": 0.0}, remembers=("z", 1), has_c=False),
    "rnn": Cell(rnn, gates=("h",), trace=RNNTrace, remembers=None, has_c=False),
}
ACTIVATIONS: dict[str, Squash] = {"tanh": torch.tanh, "relu": torch.relu}
