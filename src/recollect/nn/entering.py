"""From what is given to what the paths take: checked, and time first."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from recollect.core.state import LSTMState
from recollect.kernels.operators import ends, since
from recollect.nn.checks import check_gaps, check_input, check_lengths, check_state

__all__ = ["Door", "Entered", "enter", "lowered"]

FLOATS = (torch.float32, torch.float16, torch.bfloat16)  # what an autocast region reaches


class Door(NamedTuple):
    """What fits a layer: ``rows`` L * D of state, ``outputs`` O and ``cells`` H (0 without) wide; ``weight`` its kin.

    ``fading`` names the cell if it reads gaps.
    """

    features: int
    batch_first: bool
    rows: int
    outputs: int
    cells: int
    fading: str | None
    weight: Tensor


class Entered(NamedTuple):
    """x [T, B, I], the state [L * D, B, ...], the lengths, and gaps [T, B], zero behind the rows' ends."""

    x: Tensor
    state: LSTMState
    lengths: Tensor | None
    gaps: Tensor | None


def enter(
    door: Door, x: Tensor, state: tuple[Tensor, Tensor] | None, lengths: Tensor | None, gaps: Tensor | None
) -> Entered:
    """Check everything and bring it to one layout.

    Raises ShapeError for tensors that do not fit, InputError for gaps that are missing, useless or out of range.
    """
    if lowered(door.weight) is not None:
        x, gaps = _raised(x, door.weight), None if gaps is None else _raised(gaps, door.weight)
        state = None if state is None else (_raised(state[0], door.weight), _raised(state[1], door.weight))
    check_input(x, door.features, door.weight, "[B, T, I]" if door.batch_first else "[T, B, I]")
    check_gaps(gaps, door.fading, tuple(x.shape[:-1]), door.weight)
    if x.ndim == 2:
        values, gaps = x[:, None], None if gaps is None else gaps[..., None]
        state = None if state is None else (state[0].unsqueeze(1), state[1].unsqueeze(1))
    else:
        values = x.transpose(0, 1) if door.batch_first else x
        gaps = gaps.transpose(0, 1) if gaps is not None and door.batch_first else gaps
    T, B, _ = values.shape
    first = _first(door, values, state)
    if lengths is not None:
        check_lengths(lengths, B)
        lengths = ends(lengths, T).to(values.device, torch.int64).contiguous()
    if gaps is not None:
        over = None if lengths is None else torch.arange(T, device=values.device)[:, None] >= lengths
        gaps = since(gaps.detach() if over is None else gaps.detach().masked_fill(over, 0))
    return Entered(values, first, lengths, gaps)


def _first(door: Door, x: Tensor, state: tuple[Tensor, Tensor] | None) -> LSTMState:
    shapes = (door.rows, x.shape[1], door.outputs), (door.rows, x.shape[1], door.cells)
    if state is None:
        return LSTMState(*(x.new_zeros(shape) for shape in shapes))
    first = LSTMState(*state)
    for letter, value, shape in zip("hc", first, shapes, strict=True):
        check_state(letter, value, shape, door.weight)
    return first


def lowered(weight: Tensor) -> torch.dtype | None:
    """The dtype that an autocast region asks for, if there is one and it reaches ``weight``: not float64."""
    device = weight.device.type
    if device == "meta" or weight.dtype not in FLOATS or not torch.is_autocast_enabled(device):
        return None
    return torch.get_autocast_dtype(device)


def _raised(value: Tensor, weight: Tensor) -> Tensor:
    return value.to(weight.dtype) if value.dtype in FLOATS else value
