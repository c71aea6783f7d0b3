"""What became of a model's past forecasts: on these its intervals are calibrated, and newer ones replace older ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recollect.data.panel import Panel
from recollect.evaluate.conformal import Outcomes
from recollect.tasks.forecast.data import Rows
from recollect.tasks.forecast.geometry import Geometry

__all__ = ["MOST_COUNTED", "Ledger"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
MOST_COUNTED = 2048


@dataclass(frozen=True)
class Ledger:
    """The newest past forecasts of a model, at most 2,048 for each step ahead, shared by its N series.

    Attributes:
        outcomes: their scores; series as the model numbers them, origins as steps on the clock.
        first: [N] the first origin that training left untaught, on the clock; those that count lie ``every`` steps
            apart from it.
        every: [N] 0 for a series whose forecasts do not count.
        least: [N] steps of history that a forecast needs to be one of its kind.
        until: [N] the step on the clock up to which the truth is entered.
    """

    outcomes: Outcomes
    first: Ints
    every: Ints
    least: Ints
    until: Ints

    @classmethod
    def open(cls, panel: Panel, geometry: Geometry, cuts: Ints, ends: Ints, rows: Rows, scores: Floats) -> Ledger:
        """With the ``scores`` [M, K, Lv] of the forecasts ``rows`` between ``cuts`` and ``ends`` [N]."""
        used = np.bincount(rows.series, minlength=len(panel)) > 0
        apart = np.maximum((ends - cuts) // _share(used), 1)
        outcomes = Outcomes(scores.astype(np.float32), rows.series, panel.starts[rows.series] + rows.origins)
        least = np.minimum(cuts, geometry.reach)
        return cls(outcomes, panel.starts + cuts, np.where(used, apart, 0), least, panel.starts + ends)

    def due(self, panel: Panel, ends: Ints, at: Ints) -> Rows:
        """The forecasts of ``panel`` of which the first ``ends`` [n] steps tell more than is entered.

        ``at`` [n] is which of the model's series each is, or -1.
        """
        horizon, most = self.outcomes.scores.shape[1], _share(self.every > 0)
        series, origins = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for n in np.flatnonzero((at >= 0) & (self.every[at] > 0)):
            m, now = at[n], panel.starts[n] + ends[n]
            if now <= self.until[m]:
                continue
            untold, recent = self.until[m] - horizon + 1, now - horizon - most * self.every[m]
            low = max(untold, recent, self.first[m], panel.starts[n] + self.least[m])
            found = np.arange(low + (self.first[m] - low) % self.every[m], now, self.every[m])
            series.append(np.full(len(found), n))
            origins.append(found - panel.starts[n])
        place = np.concatenate(series)
        return Rows(place, np.concatenate(origins), ends[place])

    def untold(self, panel: Panel, rows: Rows, at: Ints) -> NDArray[np.bool_]:
        """[M, K]: whether the truth of each step of ``rows`` lies after what is entered."""
        step = (panel.starts[rows.series] + rows.origins)[:, None] + np.arange(self.outcomes.scores.shape[1])
        found: NDArray[np.bool_] = step >= self.until[at[rows.series]][:, None]
        return found

    def entered(self, panel: Panel, ends: Ints, rows: Rows, at: Ints, scores: Floats) -> Ledger:
        """With the ``scores`` [M, K, Lv] of the forecasts ``rows`` that were due, NaN where they are not known."""
        origin = panel.starts[rows.series] + rows.origins
        later = Outcomes(scores.astype(np.float32), at[rows.series], origin)
        until, known = self.until.copy(), at >= 0
        until[at[known]] = np.maximum(until[at[known]], (panel.starts + ends)[known])
        return replace(self, outcomes=self.outcomes.joined(later, _share(self.every > 0)), until=until)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """For a file, and for ``from_arrays``."""
        rows = {name: getattr(self.outcomes, name) for name in _ROWS}
        return rows | {name: getattr(self, name) for name in _EACH}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], series: int, shape: tuple[int, int]) -> Ledger:
        """What ``arrays`` gave, of ``series`` series and of ``shape`` [K, Lv]; raises ValueError for anything else."""
        scores = arrays["scores"]
        wanted = {"scores": (len(scores), *shape), "series": (len(scores),), "origin": (len(scores),)}
        for name, size in (wanted | dict.fromkeys(_EACH, (series,))).items():
            kind = np.float32 if name == "scores" else np.int64
            if arrays[name].shape != size or arrays[name].dtype != kind:
                raise ValueError(f"the ledger's {name} is {arrays[name].dtype} {arrays[name].shape}, not {size}")
        found = cls(Outcomes(**{name: arrays[name] for name in _ROWS}), **{name: arrays[name] for name in _EACH})
        outside = (found.outcomes.series < 0) | (found.outcomes.series >= series)
        if outside.any() or (found.every < 0).any() or (found.least < 0).any():
            raise ValueError("the ledger speaks of series that the model lacks, or of steps that cannot be")
        return found


_ROWS = ("scores", "series", "origin")
_EACH = ("first", "every", "least", "until")


def _share(used: NDArray[np.bool_]) -> int:
    """How many forecasts of each series count."""
    return max(1, MOST_COUNTED // max(1, int(np.count_nonzero(used))))
