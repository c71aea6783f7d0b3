"""A layer as the compiled core wants it: addresses, sizes and strides (csrc/recurrence.hpp)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from recollect.core.state import LSTMState
from recollect.kernels.contract import Layer
from recollect.kernels.machine import load_core

if TYPE_CHECKING:
    from recollect import _core as core
else:
    core = load_core()  # None where it was installed without a compiler: the path refuses then

__all__ = ["SAVED", "Inputs", "Kept", "core", "describe", "entrance", "hand_over", "laid", "sequence"]

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


class Kept(NamedTuple):
    """What the backward pass needs besides the output: saved values [T, B, S, H] and cells [T, B, H].

    ``inner`` [T, B, H] is h before a projection, ``norms`` [T, B, 2] what layer normalisation divided by.
    """

    saved: Tensor
    cells: Tensor
    inner: Tensor | None = None
    norms: Tensor | None = None

    @classmethod
    def room(cls, layer: Layer, inputs: Inputs) -> Kept:
        """Unwritten memory for all of it."""
        x, units = inputs.x, _units(inputs)
        T, B, _ = x.shape
        return cls(
            torch.empty((T, B, SAVED[layer.case.cell], units), dtype=x.dtype),
            torch.empty((T, B, inputs.c.shape[1]), dtype=x.dtype),
            None if layer.weights.P is None else torch.empty((T, B, units), dtype=x.dtype),
            torch.empty((T, B, 2), dtype=x.dtype) if layer.case.cell == "layernorm" else None,
        )


def laid(value: Tensor) -> Tensor:
    """Neighbouring features in neighbouring places; times and rows may lie anywhere."""
    return value if value.shape[-1] == 1 or value.stride(-1) == 1 else value.contiguous()


def entrance(layer: Layer, x: Tensor, state: LSTMState) -> Inputs:
    """The inputs of a layer, laid out."""
    W, R, b, P, E = layer.weights
    others = (None if value is None else value.contiguous() for value in (state.h, state.c, W, R, b, P, E))
    return Inputs(laid(x), *others)  # type: ignore[arg-type]


def describe(layer: Layer, inputs: Inputs, lengths: Tensor | None) -> core.Layer:
    """The layer by addresses; what it points to must outlive the call."""
    case, task = layer.case, core.Layer()
    task.T, task.B, task.I = inputs.x.shape
    task.H = _units(inputs)
    task.kind, task.squash = _KINDS[case.cell], _SQUASHES[case.activation]
    task.wide = inputs.x.dtype == torch.float64
    task.reverse, task.threads = layer.reverse, torch.get_num_threads()
    task.x, task.h0, task.c0 = sequence(inputs.x), inputs.h.data_ptr(), inputs.c.data_ptr()
    task.W, task.R, task.b = inputs.W.data_ptr(), inputs.R.data_ptr(), inputs.b.data_ptr()
    task.y = core.Sequence(0, inputs.h.shape[0] * inputs.h.shape[1], inputs.h.shape[1])
    if inputs.P is not None:
        task.P, task.Q = inputs.h.shape[1], inputs.P.data_ptr()
    if inputs.E is not None:
        task.E = inputs.E.data_ptr()
    if lengths is not None:
        task.lengths = lengths.data_ptr()
    if layer.gaps is not None:
        task.gaps = sequence(layer.gaps)
    if layer.h_mask is not None:
        task.h_mask = layer.h_mask.data_ptr()
    if layer.zoneout is not None:
        task.zone_c, task.zone_h = layer.zoneout.cell, layer.zoneout.output
        task.zone_mean, task.seed = not layer.zoneout.training, layer.zoneout.seed
    return task


def _units(inputs: Inputs) -> int:
    return inputs.c.shape[1] or inputs.h.shape[1]  # a cell without c has no projection either


def hand_over(kept: Kept, task: core.Layer) -> None:
    """Let the core write, or read again, what the backward pass needs."""
    task.gates, task.gate, task.cells = sequence(kept.saved), task.H, sequence(kept.cells)
    if kept.inner is not None:
        task.inner = sequence(kept.inner)
    if kept.norms is not None:
        task.norms = sequence(kept.norms)


def sequence(value: Tensor) -> core.Sequence:
    """An array [T, B, ...] for the core."""
    time, row, *_ = value.stride()
    return core.Sequence(value.data_ptr(), time, row)
