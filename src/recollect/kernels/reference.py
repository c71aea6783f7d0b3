"""The definition: a cell's step, unrolled over time. Every other path is tested to equal it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from recollect.core.state import LSTMState
from recollect.kernels.coin import CELL, OUTPUT, keeps
from recollect.kernels.contract import Case, Layer, Path, Room, Seen, Tensors, Zoneout

__all__ = ["REFERENCE", "record", "unroll"]

Inputs = tuple[Tensor | None, ...]
Emit = Callable[[Tensors, LSTMState], Tensors]


def unroll(
    step: Callable[[Inputs, Tensors], tuple[Tensors, Tensors]],
    inputs: Inputs,
    state: Tensors,
    lengths: Tensor | None = None,
    reverse: bool = False,
) -> tuple[Tensors, Tensors]:
    """Apply ``emitted[t], state[t] = step(inputs[t], state[t-1])`` to every step of ``inputs``, each [T, B, ...].

    After the first, an input may be None and stays so. Gives what was emitted, each [T, B, ...], and the last state.
    ``lengths`` [B] end the rows: what is emitted after a row's end is zero and its state stays. With ``reverse`` time
    runs from each row's end to its start.
    """
    first = inputs[0]
    assert first is not None
    if not len(first):
        nothing = tuple(None if value is None else value.sum(0, dtype=value.dtype) for value in inputs)  # still of them
        emitted, _ = step(nothing, state)
        return tuple(value[None][:0] for value in emitted), state
    columns = [[None] * len(first) if value is None else value.unbind(0) for value in inputs]
    steps = list(zip(*columns, strict=True))
    alive = None if lengths is None else (_clock(first) < lengths)[..., None].unbind(0)
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


@torch.no_grad()
def record(layer: Layer, x: Tensor, state: LSTMState, lengths: Tensor | None, room: Room) -> LSTMState:
    """The layer with all that happens in it: gates, cell and output of every step, written into ``room``."""
    emitted, last = _walk(layer, x, state, lengths, lambda gates, after: (*gates, after.c, after.h))
    for value, place in zip(emitted, (*room.gates, room.c, room.h), strict=True):
        place.copy_(value)
    return last


def _walk(layer: Layer, x: Tensor, state: LSTMState, lengths: Tensor | None, emit: Emit) -> tuple[Tensors, LSTMState]:
    weights, zoneout = layer.weights, layer.zoneout

    def step(inputs: Inputs, state: Tensors) -> tuple[Tensors, Tensors]:
        wx, gap, keep_c, keep_h = inputs
        assert wx is not None
        before = LSTMState(*state)
        shown = before.h if layer.h_mask is None else before.h * layer.h_mask
        gates, after = layer.step(Seen(wx, F.linear(shown, weights.R), gap), before, weights)
        if zoneout is not None:
            after = LSTMState(
                h=_zoned(before.h, after.h, zoneout.output, keep_h), c=_zoned(before.c, after.c, zoneout.cell, keep_c)
            )
        return emit(gates, after), after

    if lengths is not None:  # a NaN there would reach the gradient by way of zero times NaN
        x = x.masked_fill((_clock(x) >= lengths)[..., None], 0)
    gaps = None if layer.gaps is None else layer.gaps[..., None]
    inputs = (layer.enter(x, weights), gaps, *_kept(zoneout, x, state))
    emitted, last = unroll(step, inputs, state, lengths, layer.reverse)
    return emitted, LSTMState(*last)


def _kept(zoneout: Zoneout | None, x: Tensor, state: LSTMState) -> tuple[Tensor | None, Tensor | None]:
    """Where c and h keep their old values, bool [T, B, H] and [T, B, O]; None where no coin is to be tossed."""
    if zoneout is None or zoneout.seed is None:
        return None, None
    T, B, _ = x.shape
    cell = keeps(zoneout.cell, zoneout.seed, CELL, (T, B, state.c.shape[1]), x.device) if zoneout.cell else None
    output = keeps(zoneout.output, zoneout.seed, OUTPUT, (T, B, state.h.shape[1]), x.device) if zoneout.output else None
    return cell, output


def _zoned(old: Tensor, new: Tensor, share: float, keep: Tensor | None) -> Tensor:
    if not share:
        return new
    return share * old + (1 - share) * new if keep is None else torch.where(keep, old, new)


def _clock(inputs: Tensor) -> Tensor:
    return torch.arange(len(inputs), device=inputs.device)[:, None]


def _run(layer: Layer, x: Tensor, state: LSTMState, lengths: Tensor | None) -> tuple[Tensor, LSTMState]:
    (output,), last = _walk(layer, x, state, lengths, lambda gates, after: (after.h,))
    return output, last


def _refuses(case: Case) -> str:
    return ""


REFERENCE = Path("reference", "every cell, on every device, step by step in PyTorch", _refuses, _run, record)
