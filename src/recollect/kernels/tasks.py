"""A layer as the compiled core wants it: addresses, sizes and strides (csrc/recurrence.hpp); and its two passes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from recollect.kernels.contract import Layer, Weights
from recollect.kernels.machine import load_core

if TYPE_CHECKING:
    from recollect import _core as core
else:
    core = load_core()  # None where it was installed without a compiler: the path refuses then

__all__ = [
    "SAVED",
    "Grads",
    "Inputs",
    "Kept",
    "Manner",
    "Results",
    "core",
    "describe",
    "entrance",
    "hand_over",
    "pointed",
    "read",
    "retrace",
    "sequence",
]

Results = tuple[Tensor, Tensor, Tensor]
"""Output [T, B, O] and the state at each row's end, h [B, O] and c [B, H]."""

Grads = tuple[Tensor | None, ...]

SAVED = {"lstm": 4, "peephole": 4, "coupled": 3, "layernorm": 12, "decay": 4, "gru": 4, "rnn": 1}
"""Values that a cell saves of each unit and step: its gates, and what else its backward pass reads."""

_KINDS = {} if core is None else {cell: getattr(core.Kind, cell) for cell in SAVED}
_SQUASHES = {} if core is None else {name: getattr(core.Squash, name) for name in ("tanh", "relu")}


class Inputs(NamedTuple):
    """Everything a layer computes from that may have a gradient, laid out for the core; P and E may be absent."""

    x: Tensor
    h: Tensor
    c: Tensor
    W: Tensor
    R: Tensor
    b: Tensor
    P: Tensor | None
    E: Tensor | None


class Manner(NamedTuple):
    """How a layer is computed from its ``Inputs``: by what equations, in which direction, and what has no gradient."""

    cell: str
    activation: str
    reverse: bool
    lengths: Tensor | None
    gaps: Tensor | None
    h_mask: Tensor | None
    seed: Tensor | None
    zone_cell: float
    zone_output: float

    @classmethod
    def of(cls, layer: Layer, lengths: Tensor | None) -> Manner:
        """The manner of ``layer``; the seed is None where no coins are tossed."""
        case, zone = layer.case, layer.zoneout
        kept, shown, seed = (0.0, 0.0, None) if zone is None else (zone.cell, zone.output, zone.seed)
        return cls(case.cell, case.activation, layer.reverse, lengths, layer.gaps, layer.h_mask, seed, kept, shown)


class Kept(NamedTuple):
    """What the backward pass needs besides the output: saved values [S, T, B, H], and behind them c if there is one.

    ``inner`` [T, B, H] is h before a projection, ``norms`` [T, B, 2] what layer normalisation divided by.
    """

    saved: Tensor
    inner: Tensor | None = None
    norms: Tensor | None = None

    @classmethod
    def room(cls, cell: str, inputs: Inputs) -> Kept:
        """Unwritten memory for all of it."""
        x, units = inputs.x, _units(inputs)
        T, B, _ = x.shape
        return cls(
            x.new_empty(SAVED[cell] + (inputs.c.shape[-1] > 0), T, B, units),
            None if inputs.P is None else x.new_empty(T, B, units),
            x.new_empty(T, B, 2) if cell == "layernorm" else None,
        )


def _laid(value: Tensor) -> Tensor:
    """Neighbouring features in neighbouring places; times and rows may lie anywhere."""
    return value if value.shape[-1] == 1 or value.stride(-1) == 1 else value.contiguous()


def entrance(x: Tensor, h: Tensor, c: Tensor, weights: Weights) -> Inputs:
    """The inputs of a layer, laid out; the state [B, ...] or [1, B, ...]."""
    W, R, b, P, E = weights
    return Inputs(
        _laid(x),
        h.contiguous(),
        c.contiguous(),
        W.contiguous(),
        R.contiguous(),
        b.contiguous(),
        None if P is None else P.contiguous(),
        None if E is None else E.contiguous(),
    )


def describe(manner: Manner, inputs: Inputs) -> core.Layer:
    """What is the same for all ``inputs`` of these sizes, however often they are read; ``manner`` must outlive it."""
    task = core.Layer()
    task.T, task.B, task.I = inputs.x.shape
    task.H, outputs = _units(inputs), inputs.h.shape[-1]
    task.kind, task.squash = _KINDS[manner.cell], _SQUASHES[manner.activation]
    task.wide = inputs.x.dtype == torch.float64
    task.reverse = manner.reverse
    task.y = core.Sequence(0, task.B * outputs, outputs)
    if inputs.P is not None:
        task.P = outputs
    if manner.lengths is not None:
        task.lengths = manner.lengths.data_ptr()
    if manner.gaps is not None:
        task.gaps = sequence(manner.gaps)
    if manner.h_mask is not None:
        task.h_mask = manner.h_mask.data_ptr()
    if manner.zone_cell or manner.zone_output:
        task.zone_c, task.zone_h, task.zone_mean = manner.zone_cell, manner.zone_output, manner.seed is None
        task.seed = 0 if manner.seed is None else int(manner.seed)
    return task


def pointed(task: core.Layer, inputs: Inputs) -> core.Layer:
    """The layer that ``task`` describes, by the addresses of ``inputs``, which must outlive the call that it is for."""
    found = core.Layer(task)
    x, h, c, W, R, b, P, E = inputs
    found.threads = torch.get_num_threads()
    found.x, found.h0, found.c0 = sequence(x), h.data_ptr(), c.data_ptr()
    found.W, found.R, found.b = W.data_ptr(), R.data_ptr(), b.data_ptr()
    if P is not None:
        found.Q = P.data_ptr()
    if E is not None:
        found.E = E.data_ptr()
    return found


def _units(inputs: Inputs) -> int:
    return inputs.c.shape[-1] or inputs.h.shape[-1]  # a cell without c has no projection either


def hand_over(kept: Kept, task: core.Layer) -> None:
    """Let the core write, or read again, what the backward pass needs."""
    saved = kept.saved
    at, (gate, time, row, _) = saved.data_ptr(), saved.stride()
    task.gates, task.gate = core.Sequence(at, time, row), gate
    if task.c0:
        task.cells = core.Sequence(at + (len(saved) - 1) * gate * saved.element_size(), time, row)
    if kept.inner is not None:
        task.inner = sequence(kept.inner)
    if kept.norms is not None:
        task.norms = sequence(kept.norms)


def sequence(value: Tensor) -> core.Sequence:
    """An array [T, B, ...] for the core."""
    time, row, *_ = value.stride()
    return core.Sequence(value.data_ptr(), time, row)


def results(inputs: Inputs) -> Results:
    """Unwritten memory for what the forward pass gives."""
    T, B, _ = inputs.x.shape
    output = inputs.x.new_empty(T, B, inputs.h.shape[-1])
    return output, torch.empty_like(inputs.h), torch.empty_like(inputs.c)


def read(task: core.Layer, inputs: Inputs, kept: Kept | None) -> Results:
    """The forward pass: output [T, B, O] and the state at each row's end; fills ``kept``."""
    output, h, c = found = results(inputs)
    if not inputs.x.numel():  # which the core does not take
        h.copy_(inputs.h)
        c.copy_(inputs.c)
        return found
    layer = pointed(task, inputs)
    layer.y, layer.hT, layer.cT = sequence(output), h.data_ptr(), c.data_ptr()
    if kept is not None:
        hand_over(kept, layer)
    core.forward(layer)
    return found


def retrace(
    task: core.Layer, inputs: Inputs, output: Tensor, kept: Kept, grads: Grads, wants_x: bool, wants_state: bool = True
) -> list[Tensor | None]:
    """The backward pass: from the gradients of output, h and c, those of ``inputs``, x and the state only if wanted."""
    dx, *others = found = slopes(inputs, wants_x, wants_state)
    dy, dh, dc = grads
    if not inputs.x.numel():
        for value in found:
            if value is not None:
                value.zero_()
        for value, given in zip(others, (dh, dc), strict=False):
            if value is not None and given is not None:
                value.copy_(given)
        return found
    layer = pointed(task, inputs)
    layer.y = sequence(output)
    hand_over(kept, layer)
    if dy is not None:
        dy = _laid(dy)
        layer.dy = sequence(dy)
    if dh is not None:
        dh = dh.contiguous()
        layer.dhT = dh.data_ptr()
    if dc is not None:
        dc = dc.contiguous()
        layer.dcT = dc.data_ptr()
    if dx is not None:
        layer.dx = sequence(dx)
    for name, value in zip(("dh0", "dc0", "dW", "dR", "db", "dQ", "dE"), others, strict=True):
        if value is not None:
            setattr(layer, name, value.data_ptr())
    core.backward(layer)
    return found


def slopes(inputs: Inputs, wants_x: bool, wants_state: bool = True) -> list[Tensor | None]:
    """Unwritten memory for what the backward pass gives."""
    x, h, c, *weights = inputs
    wanted = (h, c, *weights) if wants_state else (None, None, *weights)
    dx = x.new_empty(x.shape) if wants_x else None
    return [dx, *(None if value is None else torch.empty_like(value) for value in wanted)]
