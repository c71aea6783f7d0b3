"""The inside of a layer over a stretch of time, as plain arrays: what the pictures of a memory and its page show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from recollect.report.words import number

__all__ = ["SHOWN", "Floats", "Portrait", "Strip"]

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]
Times = npt.NDArray[np.generic]

SHOWN = 240  # steps of the layer that can be told apart in a picture


@dataclass(frozen=True)
class Strip:
    """What H units did with the same T inputs at n moments of a training.

    Attributes:
        at: [n], each moment in words: "untrained", "epoch 4".
        read: [T], what was read.
        f: [n, T, H], the forget gates.
        c: [n, T, H], the cells.
    """

    at: tuple[str, ...]
    read: Floats
    f: Floats
    c: Floats


@dataclass(frozen=True)
class Portrait:
    """H units of an LSTM layer over T of its steps, and the series of N values that it read meanwhile.

    Times are datetime64 or step numbers. Half-lives are counted in steps of the series, ``span`` of which lie between
    two steps of the layer; ``what`` is the name of one: "week".

    Attributes:
        name: of the series.
        series_times: [N], and ``series`` [N], its values; NaN where not observed.
        times: [T], that of the newest value which the layer knows at each step.
        values: i, f, g, o, c and h by name, each [T, H].
        before: [H], the cell before the first of the T steps.
        half_life: [3, H], first quartile, median and third quartile; infinite where the record is too short to tell.
        measured: [H], the median half-life of a difference laid into the unit, recurrence and all; infinite where it
            was not seen to end; None where nothing was measured.
        order: [H], the units from sprinter to keeper.
        seasonal: [H], the share of each cell's movement that is the place in the season; None without a season.
        reach: how strongly an output depends on the input k steps of the layer before, [K + 1], of this layer, the
            first, and of others by their names.
        warnings: sentences on gates that never move.
        steps: how many steps of the layer were recorded, of which the newest T are shown.
        span: steps of the series in a step of the layer.
        season: in steps of the series, 1 is none.
        reads: the steps of the series that the layer reads before it is asked for an answer.
        what: the name of a step of the series.
        activation: what squashes the cell before it is shown, "tanh" or "relu".
        film: how the layer came to be so; None where it was not filmed.
        letters: [T], what was read at each step where that is text, and no series.
    """

    name: str
    series_times: Times
    series: Floats
    times: Times
    values: Mapping[str, Floats]
    before: Floats
    half_life: Floats
    measured: Floats | None
    order: Ints
    seasonal: Floats | None
    reach: Mapping[str, Floats]
    warnings: tuple[str, ...]
    steps: int
    span: int
    season: float
    reads: int
    what: str
    activation: str = "tanh"
    film: Strip | None = None
    letters: tuple[str, ...] = ()

    def squashed(self, cell: Floats) -> Floats:
        """What the output gate would show of a cell if it were open: tanh(c), or max(c, 0)."""
        return np.tanh(cell) if self.activation == "tanh" else np.maximum(cell, 0)

    def lasting(self, steps: float) -> str:
        """``steps`` of the series in words: "12 weeks", "one week"; "longer than the record" where infinite."""
        if not np.isfinite(steps):
            return "longer than the record"
        size = number(float(f"{steps:.2g}") if steps < 100 else round(steps))
        return f"one {self.what}" if size == "1" else f"{size} {self.plural}"

    @property
    def plural(self) -> str:
        """The name of several steps of the series: "weeks"; "steps of 15 minutes" stays as it is."""
        return self.what if self.what.startswith("steps") else f"{self.what}s"

    def when(self, step: int) -> str:
        """The time of a step as text, without zeros that say nothing: "2024-05-01", "2024-05-01 13:30"."""
        text = str(self.times[step])
        for zeros in ("T00:00:00.000000", ":00.000000", ".000000"):
            text = text.removesuffix(zeros)
        return text.replace("T", " ") if np.issubdtype(self.times.dtype, np.datetime64) else f"step {text}"
