"""Many series on one clock, in flat arrays: what every forecasting model here reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recollect.data.clock import Clock
from recollect.data.schema import Schema

__all__ = ["Panel"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Panel:
    """N series of any lengths, laid end to end; series ``n`` is the slice ``offsets[n]:offsets[n + 1]``.

    Every series stands on one regular clock: a time without a row is a step with NaN, never an invented value.
    Rows after the last observed target (given for their known covariates) belong to the series but not to its
    history: ``ends[n]`` counts the steps of history.

    Attributes:
        schema: the columns and their roles, so that other rows can be read the same way.
        clock: turns a step number into a time and back.
        names: [N] the series' own names as text; one empty name where the table holds a single series.
        starts: [N] step number on the clock of each series' first row.
        offsets: [N + 1] where each series begins in the flat arrays.
        ends: [N] steps of history; ``ends[n] <= offsets[n + 1] - offsets[n]``.
        target: [total] in the user's unit; NaN where not observed.
        known: [total, C] covariates known ahead; NaN where missing.
        past: [total, C] covariates known only up to now; NaN where missing.
        static: [N, C] numbers that describe a series; NaN where missing.
        groups: [N, C] category codes that describe a series; 0 is 'not seen in training'.
    """

    schema: Schema
    clock: Clock
    names: tuple[str, ...]
    starts: Ints
    offsets: Ints
    ends: Ints
    target: Floats
    known: Floats
    past: Floats
    static: Floats
    groups: Ints

    def __len__(self) -> int:
        return len(self.names)

    def history(self, n: int) -> Floats:
        """The target of series ``n`` up to its end, [ends[n]], NaN where not observed."""
        first = int(self.offsets[n])
        return self.target[first : first + int(self.ends[n])]
