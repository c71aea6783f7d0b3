"""Whole sequences at the speed of the compiled core: of one layer that reads the same size over and over."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from recollect.core.state import LSTMState
from recollect.kernels.compiled import COMPILED, Recurrence, recorded
from recollect.kernels.contract import Case, Layer, Room, Weights
from recollect.kernels.dispatch import chosen
from recollect.kernels.operators import traced
from recollect.kernels.tasks import Inputs, Manner, describe, entrance, read
from recollect.nn.entering import Entered
from recollect.nn.recording import room_for

__all__ = ["Habit", "Reading", "serves"]


class Habit:
    """How one layer reads x of one size from zeros by the compiled core: what stays the same is settled once.

    The values of x and of the weights, and whether gradients are wanted, may be others each time.
    """

    def __init__(self, layer: Layer, entered: Entered, batch_first: bool) -> None:
        with torch.inference_mode(False):  # training may follow, and keeps no tensor that was made for inference
            self.state = LSTMState(*(torch.zeros_like(value) for value in entered.state))
            nothing = torch.empty(0)
        self.manner = Manner.of(layer, None)
        self.task = describe(self.manner, entrance(entered.x, *self.state, layer.weights))
        # The weights come with each reading; to hold them here would keep those that the layer has given up.
        self.layer = layer._replace(weights=Weights(nothing, nothing, nothing))
        self._size, self._dtype, self._batch_first = entered.x.shape, entered.x.dtype, batch_first

    def take(self, x: Tensor, weights: Weights) -> Reading | None:
        """What reads x, laid out as ever; None if x or the weights are not of the kind that they were."""
        if self._batch_first:
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
        return Reading(self, entrance(x, *self.state, weights))


class Reading(NamedTuple):
    """What is to be read, and how."""

    habit: Habit
    inputs: Inputs

    def run(self) -> tuple[Tensor, LSTMState]:
        """Output [T, B, O] and state [1, B, ...]."""
        habit, inputs = self
        if torch.is_grad_enabled() and any(value is not None and value.requires_grad for value in inputs):
            output, h, c = Recurrence.at_once(habit.layer, habit.manner, habit.task, *inputs)
        else:
            output, h, c = read(habit.task, inputs, None)
        return output, LSTMState(h, c)

    @torch.no_grad()
    def record(self, gates: int) -> Room:
        """The inside: ``gates`` of them, c and h, each [T, 1, B, ...]."""
        habit, inputs = self
        room = room_for(Entered(inputs.x, habit.state, None, None), gates, habit.task.H)
        own = Room(room.gates[:, :, 0], room.c[:, 0], room.h[:, 0])
        recorded(habit.task, inputs, habit.layer.case.cell, None, own)
        return room


def serves(case: Case, x: Tensor) -> bool:
    """Whether the compiled core, at addresses, is what reads x."""
    return x.numel() > 0 and not traced(x) and chosen(case).path is COMPILED
