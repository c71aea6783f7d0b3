"""Our own kernels (csrc/): every cell on a CPU, ragged batches, both directions, training, inference and traces."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from recollect.core.state import LSTMState
from recollect.kernels.contract import Case, Layer, Path, Room, Weights
from recollect.kernels.machine import core_trouble
from recollect.kernels.operators import traced
from recollect.kernels.reference import REFERENCE, record
from recollect.kernels.tasks import (
    SAVED,
    Grads,
    Inputs,
    Kept,
    Manner,
    Results,
    core,
    describe,
    entrance,
    hand_over,
    pointed,
    read,
    retrace,
    sequence,
)

__all__ = ["COMPILED", "Recurrence", "recorded"]


def _run(layer: Layer, x: Tensor, state: LSTMState, lengths: Tensor | None) -> tuple[Tensor, LSTMState]:
    manner = Manner.of(layer, lengths)
    if traced(x):
        output, h, c = torch.ops.recollect.forward(x, *state, *layer.weights, *manner)
        return output, LSTMState(h, c)
    inputs = entrance(x, state.h, state.c, layer.weights)
    task = describe(manner, inputs)
    if torch.is_grad_enabled() and any(value is not None and value.requires_grad for value in inputs):
        output, h, c = Recurrence.apply(layer, manner, task, *inputs)  # type: ignore[no-untyped-call]
    else:
        output, h, c = read(task, inputs, None)
    return output, LSTMState(h, c)


class Recurrence(torch.autograd.Function):
    """The kernels as a function of a layer's ``Inputs``, with a gradient of its own."""

    @staticmethod
    def forward(ctx: Any, layer: Layer, manner: Manner, task: core.Layer, *given: Tensor) -> Results:  # noqa: ANN401
        """Read the sequence that ``task`` describes and keep what the way back needs."""
        inputs = Inputs(*given)
        kept = Kept.room(manner.cell, inputs)
        results = read(task, inputs, kept)
        ctx.layer, ctx.manner, ctx.task = layer, manner, task
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*inputs, results[0], *kept)
        return results

    @classmethod
    def at_once(cls, *given: Any) -> Results:  # noqa: ANN401
        """``apply`` where no transform is at work, and none has left a tensor behind: without asking for them."""
        return super(torch.autograd.Function, cls).apply(*given)  # type: ignore[misc, no-any-return]

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> Grads:  # noqa: ANN401
        """Gradients of the inputs; where they shall have gradients themselves, by way of the reference."""
        width, saved = len(Inputs._fields), ctx.saved_tensors  # to ask twice is what a checkpoint refuses
        (*given, output), kept = saved[: width + 1], Kept(*saved[width + 1 :])
        inputs = Inputs(*given)
        if torch.is_grad_enabled():
            return None, None, None, *_through_reference(ctx.layer, ctx.manner.lengths, inputs, grads)
        wants_x, *wants_state = ctx.needs_input_grad[3:6]
        return None, None, None, *retrace(ctx.task, inputs, output, kept, grads, wants_x, any(wants_state))


def _through_reference(layer: Layer, lengths: Tensor | None, inputs: Inputs, grads: Grads) -> list[Tensor | None]:
    layer = layer._replace(weights=Weights(*inputs[3:]))  # those that the gradients are asked for
    state = LSTMState(inputs.h.view(inputs.h.shape[-2:]), inputs.c.view(inputs.c.shape[-2:]))
    output, last = REFERENCE.run(layer, inputs.x, state, lengths)
    results = zip((output, *last), grads, strict=True)
    pairs = [(value.view(grad.shape), grad) for value, grad in results if grad is not None]
    wanted = [value for value in inputs if value is not None and value.requires_grad]
    values, given = zip(*pairs, strict=True)
    found = iter(torch.autograd.grad(values, wanted, given, create_graph=True, allow_unused=True))
    return [next(found) if value is not None and value.requires_grad else None for value in inputs]


@torch.no_grad()
def _record(layer: Layer, x: Tensor, state: LSTMState, lengths: Tensor | None, room: Room) -> LSTMState:
    """Write what happens inside straight to where it is to stand; cells that save something else go by a copy."""
    if traced(x):
        return record(layer, x, state, lengths, room)
    inputs = entrance(x, state.h, state.c, layer.weights)
    return recorded(describe(Manner.of(layer, lengths), inputs), inputs, layer.case.cell, lengths, room)


def recorded(described: core.Layer, inputs: Inputs, cell: str, lengths: Tensor | None, room: Room) -> LSTMState:
    """The last state of what ``described`` says, its inside written into ``room``."""
    task = pointed(described, inputs)
    h, c = torch.empty_like(inputs.h), torch.empty_like(inputs.c)
    task.y, task.hT, task.cT = sequence(room.h), h.data_ptr(), c.data_ptr()
    task.cells = sequence(room.c)
    straight = SAVED[cell] == len(room.gates)
    kept = Kept.room(cell, inputs) if len(room.gates) and not straight else None
    if straight:
        task.gates, task.gate = sequence(room.gates[0]), room.gates.stride(0)
    if kept is not None:
        hand_over(kept, task)
        task.cells = sequence(room.c)
    if inputs.P is not None:
        inner = inputs.x.new_empty(task.T, task.B, task.H)
        task.inner = sequence(inner)
    core.forward(task)
    if kept is not None:
        _copy(cell, kept.saved, lengths, room.gates)
    return LSTMState(h, c)


def _copy(cell: str, saved: Tensor, lengths: Tensor | None, gates: Tensor) -> None:
    i, *rest = saved
    shown = (i, 1 - i, *rest) if cell == "coupled" else (i, *rest)
    for value, place in zip(shown, gates, strict=False):
        place.copy_(value)
    if lengths is not None:
        over = torch.arange(saved.shape[1])[:, None] >= lengths
        gates.masked_fill_(over[..., None], 0)


def _refuses(case: Case) -> str:
    if trouble := core_trouble():
        return f"the compiled core is {trouble}"
    if case.device != "cpu" or case.dtype not in (torch.float32, torch.float64):
        return f"the kernels compute float32 and float64 on a CPU, not {case.dtype} on {case.device}"
    if case.cell not in SAVED:
        return f"there is no kernel for the {case.cell} cell"
    if case.transformed:
        return "the kernels have no rule for vmap, torch.func or forward-mode differentiation"
    return ""


COMPILED = Path("compiled", "every cell in float32 and float64 on a CPU", _refuses, _run, _record)
"""The kernels of the compiled core, with gradients; double backward goes through the reference."""
