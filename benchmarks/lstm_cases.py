"""The grid of bench_lstm.py: batch, steps, inputs, units; small ones densely, big ones sparsely."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["COMPILED", "GRID", "QUICK", "VARIED", "Shape"]


class Shape(NamedTuple):
    """B rows, T steps, I inputs, H units."""

    B: int
    T: int
    I: int  # noqa: E741
    H: int


GRID = tuple(
    Shape(*numbers)
    for numbers in (
        # one row: streams, and series one by one
        (1, 28, 8, 32), (1, 100, 1, 32), (1, 100, 8, 64), (1, 168, 1, 64), (1, 500, 8, 50), (1, 168, 8, 128),
        (1, 100, 64, 256), (1, 28, 64, 512), (1, 28, 64, 1024),
        (8, 28, 1, 32), (8, 100, 8, 32), (8, 168, 8, 50), (8, 168, 1, 64), (8, 100, 64, 128), (8, 100, 64, 256),
        (8, 28, 64, 512), (8, 28, 64, 1024),
        (32, 100, 1, 32), (32, 50, 1, 50), (32, 168, 8, 50), (32, 28, 8, 64), (32, 168, 8, 64), (32, 500, 8, 64),
        (32, 100, 8, 128), (32, 168, 64, 128), (32, 100, 64, 256), (32, 28, 256, 512),
        (64, 28, 8, 32), (64, 168, 8, 32), (64, 100, 8, 64), (64, 168, 64, 128), (64, 28, 256, 256), (64, 28, 64, 512),
        (64, 28, 256, 1024),
        (256, 28, 8, 32), (256, 100, 8, 64), (256, 28, 64, 128), (256, 28, 64, 256),
    )
)  # fmt: skip
QUICK = tuple(
    shape for shape in GRID if shape in {(1, 100, 8, 64), (8, 100, 8, 32), (32, 50, 1, 50), (32, 100, 64, 256)}
)
# Loops by hand take long: every third shape that is not long; torch.compile, which unrolls its loop, at one of them.
COMPILED = Shape(32, 28, 8, 64)
VARIED = tuple(
    shape
    for shape in GRID
    if shape
    in {
        (1, 28, 8, 32), (1, 100, 8, 64), (1, 100, 64, 256), (8, 100, 8, 32), (8, 100, 64, 128), (8, 28, 64, 512),
        (32, 50, 1, 50), COMPILED, (32, 100, 8, 128), (32, 100, 64, 256), (64, 28, 8, 32), (64, 100, 8, 64),
        (256, 28, 8, 32), (256, 28, 64, 128),
    }
)  # fmt: skip
