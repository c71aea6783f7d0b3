"""Whole sequences at the speed of the compiled core: of one layer that reads the same size over and over."""

from __future__ import annotations

import torch
from torch import Tensor

from recollect.core.state import LSTMState
from recollect.kernels.compiled import COMPILED, Recurrence
from recollect.kernels.contract import Layer, Weights
from recollect.kernels.dispatch import chosen
from recollect.kernels.operators import traced
from recollect.kernels.tasks import Manner, describe, entrance, read
from recollect.nn.entering import Entered

__all__ = ["Habit", "habit_of"]


class Habit:
    """How one layer reads x of one size from zeros by the compiled core: what stays the same is settled once.

    The values of x and of the weights, and whether gradients are wanted, may be others each time.
    """

    def __init__(self, layer: Layer, x: Tensor, state: LSTMState, batch_first: bool) -> None:
        self._size, self._dtype, self._batch_first = x.shape, x.dtype, batch_first
        self._layer, self._state, self._manner = layer, state, Manner.of(layer, None)
        self._task = describe(self._manner, entrance(x, *state, layer.weights))

    def follow(self, x: Tensor, weights: Weights) -> tuple[Tensor, LSTMState] | None:
        """Output [T, B, O] and state [1, B, ...], if x, laid out as ever, and the weights are of the kind they were."""
        if self._batch_first and x.ndim == 3:
            x = x.transpose(0, 1)
        if (
            x.shape != self._size
            or x.dtype != self._dtype
            or weights.W.dtype != self._dtype
            or not (x.is_cpu and weights.W.is_cpu)
            or traced(x)
            or torch._C._functorch.is_functorch_wrapped_tensor(x)
        ):
            return None
        inputs = entrance(x, *self._state, weights)
        if torch.is_grad_enabled() and any(value is not None and value.requires_grad for value in inputs):
            output, h, c = Recurrence.at_once(self._layer, self._manner, self._task, *inputs)
        else:
            output, h, c = read(self._task, inputs, None)
        return output, LSTMState(h, c)


def habit_of(layer: Layer, entered: Entered, batch_first: bool) -> Habit | None:
    """The habit of reading by ``layer`` what has the size of ``entered``; None where the general way must be gone."""
    x = entered.x
    if not x.numel() or traced(x) or chosen(layer.case).path is not COMPILED:
        return None
    return Habit(layer, x, entered.state, batch_first)
