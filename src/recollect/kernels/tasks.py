"""A layer as the compiled core wants it: addresses, sizes and strides (csrc/recurrence.hpp)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from recollect.core.state import LSTMState
from recollect.kernels.contract import Layer

if TYPE_CHECKING:
    from recollect import _core
else:
    try:
        from recollect import _core
    except ImportError:  # installed without a compiler: machine() says why, and the path refuses
        _core = None

__all__ = ["SAVED", "Inputs", "Kept", "describe", "entrance", "hand_over", "laid", "sequence"]

SAVED = {"lstm": 4, "peephole": 4, "coupled": 3, "layernorm": 12, "decay": 4, "gru": 4, "rnn": 1}
"""Values that a cell saves of each unit and step: its gates, and what else its backward pass reads."""


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

    ``inner`` [T, B, H] is h before a projection, ``norms`` [T, B, 2] what layer normalisation divided by; else empty.
    """

    saved: Tensor
    cells: Tensor
    inner: Tensor
    norms: Tensor

    @classmethod
    def room(cls, layer: Layer, inputs: Inputs) -> Kept:
        """Unwritten memory for all of it."""
        x, units = inputs.x, _units(inputs)
        T, B, _ = x.shape
        inner = units if layer.weights.P is not None else 0
        norms = 2 if layer.case.cell == "layernorm" else 0
        return cls(
            x.new_empty(T, B, SAVED[layer.case.cell], units),
            x.new_empty(T, B, inputs.c.shape[1]),
            x.new_empty(T, B, inner),
            x.new_empty(T, B, norms),
        )


def laid(value: Tensor) -> Tensor:
    """Neighbouring features in neighbouring places; times and rows may lie anywhere."""
    return value if value.shape[-1] == 1 or value.stride(-1) == 1 else value.contiguous()


def entrance(layer: Layer, x: Tensor, state: LSTMState) -> Inputs:
    """The inputs of a layer, laid out."""
    W, R, b, P, E = layer.weights
    others = (None if value is None else value.contiguous() for value in (state.h, state.c, W, R, b, P, E))
    return Inputs(laid(x), *others)  # type: ignore[arg-type]


def describe(layer: Layer, inputs: Inputs, lengths: Tensor | None) -> _core.Layer:
    """The layer by addresses; what it points to must outlive the call."""
    case, task = layer.case, _core.Layer()
    task.T, task.B, task.I = inputs.x.shape
    task.H = _units(inputs)
    task.kind, task.squash = getattr(_core.Kind, case.cell), getattr(_core.Squash, case.activation)
    task.wide = inputs.x.dtype == torch.float64
    task.reverse, task.threads = layer.reverse, torch.get_num_threads()
    task.x, task.h0, task.c0 = sequence(inputs.x), inputs.h.data_ptr(), inputs.c.data_ptr()
    task.W, task.R, task.b = inputs.W.data_ptr(), inputs.R.data_ptr(), inputs.b.data_ptr()
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


def hand_over(kept: Kept, task: _core.Layer) -> None:
    """Let the core write, or read again, what the backward pass needs."""
    task.gates, task.gate, task.cells = sequence(kept.saved), task.H, sequence(kept.cells)
    task.inner, task.norms = sequence(kept.inner), sequence(kept.norms)


def sequence(value: Tensor) -> _core.Sequence:
    """An array [T, B, ...] for the core."""
    return _core.Sequence(value.data_ptr(), value.stride(0), value.stride(1))
