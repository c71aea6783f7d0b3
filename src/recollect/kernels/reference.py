"""The definition: a cell's step, unrolled over time. Every other path is tested to equal it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from recollect.core.state import LSTMState
from recollect.kernels.contract import Case, Layer, Path

__all__ = ["REFERENCE", "unroll"]

Tensors = tuple[Tensor, ...]


def unroll(
    step: Callable[[Tensor, Tensors], tuple[Tensors, Tensors]],
    inputs: Tensor,
    state: Tensors,
    lengths: Tensor | None = None,
    reverse: bool = False,
) -> tuple[Tensors, Tensors]:
    """Apply ``emitted[t], state[t] = step(inputs[t], state[t-1])`` to every step of ``inputs`` [T, B, ...].

    Gives what was emitted, each [T, B, ...], and the last state. ``lengths`` [B] end the rows: what is emitted after a
    row's end is zero and its state stays. With ``reverse`` time runs from each row's end to its start.
    """
    steps = inputs.unbind(0)
    if not steps:
        emitted, _ = step(inputs.new_zeros(inputs.shape[1:]), state)
        return tuple(value[None][:0] for value in emitted), state
    alive = None if lengths is None else (_clock(inputs) < lengths)[..., None].unbind(0)
    rows: list[Tensors] = []
    for t in reversed(range(len(steps))) if reverse else range(len(steps)):
        emitted, after = step(steps[t], state)
        if alive is None:
            state = after
        else:
            emitted = tuple(torch.where(alive[t], value, 0) for value in emitted)
            state = tuple(torch.where(alive[t], new, old) for new, old in zip(after, state, strict=True))
        rows.append(emitted)
    if reverse:
        rows.reverse()
    return tuple(torch.stack(column) for column in zip(*rows, strict=True)), state


def _clock(inputs: Tensor) -> Tensor:
    return torch.arange(len(inputs), device=inputs.device)[:, None]


def _run(layer: Layer, x: Tensor, state: LSTMState, lengths: Tensor | None) -> tuple[Tensor, LSTMState]:
    def emitting(preact: Tensor, state: Tensors) -> tuple[Tensors, Tensors]:
        after = layer.step(preact, LSTMState(*state))
        return (after.h,), after

    inputs = F.linear(x, layer.weights.W, layer.weights.b)  # one product for all steps
    (output,), last = unroll(emitting, inputs, state, lengths, layer.reverse)
    return output, LSTMState(*last)


def _refuses(case: Case) -> str:
    return ""


REFERENCE = Path("reference", "every cell, on every device, step by step in PyTorch", _refuses, _run)
