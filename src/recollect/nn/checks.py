"""What may enter an LSTM layer; errors name both what was given and what would fit."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from recollect.core.errors import InputError, ShapeError

__all__ = [
    "check_cell_value",
    "check_choice",
    "check_gaps",
    "check_input",
    "check_lengths",
    "check_sizes",
    "check_state",
]

WHOLE = (torch.int64, torch.int32, torch.int16, torch.uint8, torch.int8)


def check_choice(name: str, given: str, choices: Mapping[str, object]) -> None:
    """Refuse a word that is not among ``choices``."""
    if given not in choices:
        raise InputError(f"{name} is {given!r}, and may be {' or '.join(map(repr, choices))}")


def check_sizes(input_size: int, hidden_size: int, num_layers: int, proj_size: int, dropout: float) -> None:
    """Refuse a size below one, a projection that does not shrink, or a dropout outside [0, 1)."""
    for name, size in (("input_size", input_size), ("hidden_size", hidden_size), ("num_layers", num_layers)):
        if size < 1:
            raise InputError(f"{name} is {size}, and must be at least 1")
    if not 0 <= proj_size < hidden_size:
        raise InputError(f"proj_size is {proj_size}, and must be 0 (none) or less than hidden_size, {hidden_size}")
    if not 0 <= dropout < 1:
        raise InputError(f"dropout is {dropout}, and must be a share in [0, 1)")


def check_cell_value(cell: str, has_c: bool, proj_size: int, zoneout_cell: float) -> None:
    """Refuse what needs a cell value for a ``cell`` that has none."""
    if not has_c and (proj_size or zoneout_cell):
        what = "proj_size" if proj_size else "zoneout_cell"
        raise InputError(f"{what} needs a cell value beside the output, and the {cell} cell has none: leave it at 0")


def check_input(x: Tensor, features: int, weight: Tensor, layout: str) -> None:
    """Refuse an input whose last dimension, dtype or device does not fit the layer."""
    if not 2 <= x.ndim <= 3:
        raise ShapeError(f"x has the shape {_shape(x)}, and must be {layout}, or [T, I] for one row")
    if x.shape[-1] != features:
        raise ShapeError(f"x {_shape(x)} has {x.shape[-1]} features, and the layer was made for {features}: {layout}")
    _check_kin("x", x, weight)


def check_state(name: str, value: Tensor, expected: tuple[int, ...], weight: Tensor) -> None:
    """Refuse an initial ``h`` or ``c`` of another shape, dtype or device."""
    if tuple(value.shape) != expected:
        raise ShapeError(f"the state's {name} has the shape {_shape(value)}, and must have {list(expected)}")
    _check_kin(f"the state's {name}", value, weight)


def check_lengths(lengths: Tensor, B: int) -> None:
    """Refuse lengths that are not one whole number for each row."""
    if tuple(lengths.shape) != (B,):
        raise ShapeError(f"lengths have the shape {_shape(lengths)}, and must be [{B}], one for each row")
    if lengths.dtype not in WHOLE:
        raise ShapeError(f"lengths are {lengths.dtype}, and must be whole numbers such as torch.int64")


def check_gaps(gaps: Tensor | None, fading: str | None, expected: tuple[int, ...], weight: Tensor) -> None:
    """Refuse gaps that are missing for the cell ``fading``, that no cell reads, or that do not fit x and the layer."""
    if gaps is None:
        if fading is not None:
            raise InputError(f"the {fading} cell reads the time since the step before: give gaps {list(expected)}")
        return
    if fading is None:
        raise InputError("gaps are given, and this cell does not read them: leave them out, or make it cell='decay'")
    if tuple(gaps.shape) != expected:
        raise ShapeError(f"gaps have the shape {_shape(gaps)}, and must have {list(expected)}, that of x without I")
    _check_kin("the tensor of gaps", gaps, weight)


def _check_kin(name: str, value: Tensor, weight: Tensor) -> None:
    if value.dtype != weight.dtype:
        raise ShapeError(f"{name} is {value.dtype}, and the weights are {weight.dtype}: convert one with .to(...)")
    if value.device != weight.device:
        raise ShapeError(f"{name} is on {value.device}, and the weights are on {weight.device}: move one with .to(...)")


def _shape(value: Tensor) -> list[int]:
    return list(value.shape)
