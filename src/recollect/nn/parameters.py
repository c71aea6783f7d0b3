"""The parameters of a layer: their names, their shapes, and how they are born."""

from __future__ import annotations

import math

import torch
from torch import nn

from recollect.kernels.contract import Weights
from recollect.nn.cells import Cell

__all__ = ["bear", "name", "shapes"]


def name(letter: str, layer: int, direction: int) -> str:
    """Such as ``W0``, or ``W0_back`` of the backward direction."""
    return f"{letter}{layer}{'_back' if direction else ''}"


def shapes(cell: Cell, inputs: int, hidden_size: int, proj_size: int) -> dict[str, tuple[int, ...]]:
    """The shape of each letter of one layer and direction, in the order of ``Weights``."""
    rows = len(cell.gates) * hidden_size
    found: dict[str, tuple[int, ...]] = {"W": (rows, inputs), "R": (rows, proj_size or hidden_size), "b": (rows,)}
    if proj_size:
        found["P"] = (proj_size, hidden_size)
    if cell.own:
        found["E"] = (len(cell.own), hidden_size)
    return found


def bear(weights: Weights, cell: Cell, forget_bias: float, generator: torch.Generator | None) -> None:
    """Draw one layer and direction anew; LSTM's docstring says how."""
    H = weights.R.shape[0] // len(cell.gates)
    with torch.no_grad():
        bound = math.sqrt(6 / (weights.W.shape[1] + H))
        weights.W.uniform_(-bound, bound, generator=generator)
        for gate in weights.R.chunk(len(cell.gates)):
            nn.init.orthogonal_(gate, generator=generator)
        weights.b.zero_()
        if cell.remembers is not None:
            gate_name, sign = cell.remembers
            weights.b.view(-1, H)[cell.gates.index(gate_name)] = sign * forget_bias
        if weights.P is not None:
            nn.init.orthogonal_(weights.P, generator=generator)
        if weights.E is not None:
            weights.E.copy_(weights.E.new_tensor(list(cell.own.values()))[:, None].expand_as(weights.E))
