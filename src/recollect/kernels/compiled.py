"""Our own kernels (csrc/): ragged batches, both directions, training and inference on a CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

from recollect.core.state import LSTMState
from recollect.kernels.contract import Case, Layer, Path
from recollect.kernels.machine import machine
from recollect.kernels.reference import REFERENCE

if TYPE_CHECKING:
    from recollect import _core
else:
    try:
        from recollect import _core
    except ImportError:  # installed without a compiler: machine() says so, and _refuses asks it
        _core = None

__all__ = ["COMPILED"]

SERVED = ("lstm",)


class Kept(NamedTuple):
    """What the backward pass needs besides the output; empty in inference.

    ``gates`` [T, B, S, H], ``cells`` [T, B, H] and, with a projection, ``inner`` [T, B, H]: h before it.
    """

    gates: Tensor
    cells: Tensor
    inner: Tensor


def _run(layer: Layer, x: Tensor, state: LSTMState, lengths: Tensor | None) -> tuple[Tensor, LSTMState]:
    weights = (value.contiguous() for value in layer.weights if value is not None)
    inputs = (_laid(x), state.h.contiguous(), state.c.contiguous(), *weights)
    if torch.is_grad_enabled() and any(value.requires_grad for value in inputs):
        output, h, c = Recurrence.apply(layer, lengths, *inputs)  # type: ignore[no-untyped-call]
    else:
        (output, h, c), _ = _read(layer, lengths, *inputs, keep=False)
    return output, LSTMState(h, c)


class Recurrence(torch.autograd.Function):
    """The kernels as a function of x [T, B, I], h and c [B, H], W, R and b with a gradient of its own."""

    @staticmethod
    def forward(ctx: Any, layer: Layer, lengths: Tensor | None, *inputs: Tensor) -> tuple[Tensor, Tensor, Tensor]:  # noqa: ANN401
        """Read the sequence and keep the gates."""
        results, kept = _read(layer, lengths, *inputs, keep=True)
        ctx.layer, ctx.lengths, ctx.count = layer, lengths, len(inputs)
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*inputs, results[0], *kept)
        return results

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        """Gradients of the inputs; where they shall have gradients themselves, by way of the reference."""
        inputs, (output, *kept) = ctx.saved_tensors[: ctx.count], ctx.saved_tensors[ctx.count :]
        if torch.is_grad_enabled():
            found = _through_reference(ctx.layer, ctx.lengths, inputs, grads)
        else:
            wants_x = ctx.needs_input_grad[2]
            found = _retrace(ctx.layer, ctx.lengths, inputs, output, Kept(*kept), grads, wants_x)
        return None, None, *found


def _read(
    layer: Layer, lengths: Tensor | None, x: Tensor, h: Tensor, c: Tensor, *weights: Tensor, keep: bool
) -> tuple[tuple[Tensor, Tensor, Tensor], Kept]:
    task = _task(layer, lengths, x, h, c, *weights)
    T, B, H = task.T, task.B, task.H
    output, last, cell = x.new_empty(T, B, h.shape[1]), torch.empty_like(h), torch.empty_like(c)
    shapes = ((T, B, 4, H), (T, B, H), (T, B, H) if task.P else (0,))
    kept = Kept(*(x.new_empty(shape if keep else 0) for shape in shapes))
    task.y, task.hT, task.cT = _sequence(output), last.data_ptr(), cell.data_ptr()
    if keep:
        _hand_over(kept, task)
    _core.forward(task)
    return (output, last, cell), kept


def _retrace(
    layer: Layer,
    lengths: Tensor | None,
    inputs: tuple[Tensor, ...],
    output: Tensor,
    kept: Kept,
    grads: tuple[Tensor | None, ...],
    wants_x: bool,
) -> list[Tensor | None]:
    task = _task(layer, lengths, *inputs)
    task.y = _sequence(output)
    _hand_over(kept, task)
    dy, dh, dc = (None if grad is None else _laid(grad) for grad in grads)
    if dy is not None:
        task.dy = _sequence(dy)
    if dh is not None:
        dh = dh.contiguous()
        task.dhT = dh.data_ptr()
    if dc is not None:
        dc = dc.contiguous()
        task.dcT = dc.data_ptr()
    found = [torch.empty_like(value, memory_format=torch.contiguous_format) for value in inputs[1:]]
    task.dh0, task.dc0, task.dW, task.dR, task.db = (value.data_ptr() for value in found[:5])
    if task.P:
        task.dQ = found[5].data_ptr()
    dx = torch.empty_like(inputs[0], memory_format=torch.contiguous_format) if wants_x else None
    if dx is not None:
        task.dx = _sequence(dx)
    _core.backward(task)
    return [dx, *found]


def _through_reference(
    layer: Layer, lengths: Tensor | None, inputs: tuple[Tensor, ...], grads: tuple[Tensor | None, ...]
) -> list[Tensor | None]:
    x, h, c = inputs[:3]
    output, last = REFERENCE.run(layer, x, LSTMState(h, c), lengths)
    pairs = [(value, grad) for value, grad in zip((output, *last), grads, strict=True) if grad is not None]
    wanted = [value for value in inputs if value.requires_grad]
    values, given = zip(*pairs, strict=True)
    found = iter(torch.autograd.grad(values, wanted, given, create_graph=True, allow_unused=True))
    return [next(found) if value.requires_grad else None for value in inputs]


def _task(layer: Layer, lengths: Tensor | None, x: Tensor, h: Tensor, c: Tensor, *weights: Tensor) -> _core.Layer:
    """The layer by addresses; everything lies as ``_laid`` leaves it."""
    task = _core.Layer()
    task.T, task.B, task.I = x.shape
    task.H = c.shape[1]
    task.wide = x.dtype == torch.float64
    task.kind = getattr(_core.Kind, layer.case.cell)
    task.squash = getattr(_core.Squash, layer.case.activation)
    task.reverse, task.threads = layer.reverse, torch.get_num_threads()
    task.x, task.h0, task.c0 = _sequence(x), h.data_ptr(), c.data_ptr()
    task.W, task.R, task.b = (value.data_ptr() for value in weights[:3])
    if layer.weights.P is not None:
        task.P, task.Q = h.shape[1], weights[3].data_ptr()
    if lengths is not None:
        task.lengths = lengths.data_ptr()
    return task


def _hand_over(kept: Kept, task: _core.Layer) -> None:
    task.gates, task.gate, task.cells = _sequence(kept.gates), task.H, _sequence(kept.cells)
    if task.P:
        task.inner = _sequence(kept.inner)


def _sequence(value: Tensor) -> _core.Sequence:
    return _core.Sequence(value.data_ptr(), value.stride(0), value.stride(1))


def _laid(value: Tensor) -> Tensor:
    """Neighbouring features in neighbouring places; times and rows may lie anywhere."""
    return value if value.shape[-1] == 1 or value.stride(-1) == 1 else value.contiguous()


def _refuses(case: Case) -> str:
    facts = machine()
    if facts.instruction_set is None:
        return f"the compiled core is {facts.core}"
    if case.device != "cpu" or case.dtype not in (torch.float32, torch.float64):
        return f"the kernels compute float32 and float64 on a CPU, not {case.dtype} on {case.device}"
    if case.cell not in SERVED:
        return f"there is no kernel for the {case.cell} cell yet"
    if case.regularised:
        return "the kernels have no regulariser yet"
    if case.transformed:
        return "the kernels have no rule for vmap, torch.func or forward-mode differentiation"
    return ""


COMPILED = Path("compiled", "the lstm cell in float32 and float64 on a CPU", _refuses, _run)
"""The kernels of the compiled core, with gradients; double backward goes through the reference."""
