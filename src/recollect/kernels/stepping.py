"""Single steps by the compiled core: what stays the same from step to step is described once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from recollect.core.state import LSTMState
from recollect.kernels.contract import Layer
from recollect.kernels.machine import load_core
from recollect.kernels.tasks import Manner, describe, entrance, pointed

if TYPE_CHECKING:
    from recollect import _core as core
else:
    core = load_core()

__all__ = ["Stepper"]

_made = tuple.__new__  # a named tuple's own way goes through a function in Python
_like = torch.empty_like


class Stepper:
    """A stack of layers, each reading the output of the one before, that moves a step at a time and keeps no gradient.

    The weights are read where they lie; they must neither move nor go while the stepper is used.
    """

    def __init__(self, layers: Sequence[Layer], x: Tensor, state: LSTMState) -> None:
        firsts = [LSTMState(h, c) for h, c in zip(state.h, state.c, strict=True)]
        widths = [x, *(state.h[: len(layers) - 1])]
        self._inputs = [
            entrance(read[None], first.h, first.c, layer.weights)
            for layer, read, first in zip(layers, widths, firsts, strict=True)
        ]
        *self._inner, self._last = (
            pointed(describe(Manner.of(layer, None), inputs), inputs)
            for layer, inputs in zip(layers, self._inputs, strict=True)
        )
        self._h, self._c = (value.stride(0) * value.element_size() for value in state)
        self._output = torch.empty_like(state.h[0])  # to copy a tensor's kind is quicker than to name it

    def __call__(self, x: Tensor, state: LSTMState | tuple[Tensor, Tensor]) -> tuple[Tensor, LSTMState]:
        """x [B, I] and state [L, B, ...], laid out without gaps -> y [B, O] and the new state; nothing else is made."""
        old_h, old_c = state
        h, c, y = _like(old_h), _like(old_c), _like(self._output)
        read, from_h, from_c = x.data_ptr(), old_h.data_ptr(), old_c.data_ptr()
        to_h, to_c = h.data_ptr(), c.data_ptr()
        for task in self._inner:
            core.step(task, read, from_h, from_c, to_h, to_h, to_c)  # between layers the output is the new h itself
            read = to_h
            from_h, from_c, to_h, to_c = from_h + self._h, from_c + self._c, to_h + self._h, to_c + self._c
        core.step(self._last, read, from_h, from_c, y.data_ptr(), to_h, to_c)
        return y, _made(LSTMState, (h, c))
