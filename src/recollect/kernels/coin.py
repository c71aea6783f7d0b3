"""The coins of zoneout: each depends on its place alone, so that every path on any threads tosses the same."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["CELL", "OUTPUT", "coins", "keeps"]

CELL, OUTPUT = 0, 1  # the streams: what keeps the cell is unrelated to what keeps the output

MASK = 0xFFFFFFFF
GOLDEN = 0x9E3779B9  # 2^32 over the golden ratio: distant starts for neighbouring streams


def coins(seed: int | Tensor, stream: int, shape: tuple[int, int, int], device: torch.device | str = "cpu") -> Tensor:
    """Whole numbers in [0, 2^32), as int64 of ``shape`` [T, B, U], each a function of its place (t, n, u):

        coin = mix(mix(((t * B + n) * U + u) ^ low) + high + stream * 0x9e3779b9)     in 32 bits, wrapping around

    ``low`` and ``high`` are the halves of the 64-bit ``seed``, ``mix`` the last step of MurmurHash3 (Appleby 2011,
    fmix32), after which every bit of the place moves every bit of the coin. Seeds with the same high half toss the same
    coins at other places, so a seed is to be drawn at random as a whole, not counted up.
    """
    T, B, U = shape
    place = torch.arange(T * B * U, device=device).reshape(shape)
    low, high = seed & MASK, seed >> 32 & MASK
    return _mix((_mix(place & MASK ^ low) + high + stream * GOLDEN) & MASK)


def keeps(
    share: float, seed: int | Tensor, stream: int, shape: tuple[int, int, int], device: torch.device | str
) -> Tensor:
    """Whether the old value is kept, bool of ``shape`` [T, B, U]: where the coin lies below ``share`` * 2^32."""
    return coins(seed, stream, shape, device) < min(int(share * 2**32 + 0.5), MASK)


def _mix(v: Tensor) -> Tensor:
    # int64 wraps around at 2^64, so the low 32 bits of a product are right.
    v = (v ^ v >> 16) * 0x85EBCA6B & MASK
    v = (v ^ v >> 13) * 0xC2B2AE35 & MASK
    return v ^ v >> 16
