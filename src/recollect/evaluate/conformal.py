"""Intervals that cover what they claim: a correction per horizon and level, learnt from past forecasts.

``M`` rows (series and origin), ``K`` horizon, ``Lv`` levels in ascending order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recollect.core.errors import ArtifactError, InputError, ShapeError

__all__ = ["Conformal", "Outcomes", "scores_of"]

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Conformal:
    """Conformalised quantile regression, horizon by horizon, with errors in units of each row's ``spread``.

        score[i, k]   = max(lower - y, y - upper) / spread[i]
        correction[k] = the ceil((n + 1) level)-th smallest of n scores
        interval      = [lower - correction spread, upper + correction spread]

    Romano, Patterson & Candès 2019, arXiv:1905.03222, eq. 5 to 8. If rows are exchangeable, a new one is covered
    with probability of at least ``level``. A negative correction makes intervals narrower.

    ``used`` [K, Lv] counts the scores behind each correction. A horizon with too few takes those of its neighbours
    within the smallest reach that makes enough; where all of them are too few, the largest score is taken, so that no
    interval is infinite, and ``supported`` [K, Lv] is the level that this many scores can promise.
    """

    levels: tuple[float, ...]
    correction: Floats  # [K, Lv]
    used: Integers  # [K, Lv]

    @classmethod
    def fit(
        cls,
        lower: npt.ArrayLike,
        upper: npt.ArrayLike,
        actual: npt.ArrayLike,
        spread: npt.ArrayLike,
        levels: tuple[float, ...],
    ) -> Conformal:
        """Learn from lower and upper [M, K, Lv], actual [M, K] (NaN: not known) and spread [M] (above 0).

        Raises ShapeError for shapes that do not fit, InputError if no actual value is known.
        """
        return cls.of(scores_of(lower, upper, actual, spread, levels), levels)

    @classmethod
    def of(cls, scores: Floats | Singles, levels: tuple[float, ...]) -> Conformal:
        """Learn from scores [M, K, Lv], NaN where not known; raises InputError if none is."""
        known = np.isfinite(scores[..., 0])
        if not known.any():
            raise InputError("calibration needs past forecasts whose actual values are known, and none is")
        by_step = [np.sort(scores[known[:, k], k], axis=0) for k in range(scores.shape[1])]
        cells = [[_correction(by_step, k, i, level) for i, level in enumerate(levels)] for k in range(len(by_step))]
        table = np.array(cells, np.float64).reshape(len(by_step), len(levels), 2)
        return cls(tuple(levels), table[..., 0], table[..., 1].astype(np.int64))

    @property
    def supported(self) -> Floats:
        """The level that the calibration can promise, [K, Lv]: the asked one, or n / (n + 1) if that is lower."""
        reachable: Floats = np.minimum(np.array(self.levels), self.used / (self.used + 1))
        return reachable

    def apply(
        self, lower: npt.ArrayLike, upper: npt.ArrayLike, spread: npt.ArrayLike, point: npt.ArrayLike
    ) -> tuple[Floats, Floats]:
        """Corrected lower and upper [M, K, Lv] for rows of spread [M] round their points [M, K].

        Intervals always hold their point, and those of higher levels hold those of lower ones.
        """
        low, high, unit = _checked(lower, upper, spread, self.levels)
        centre = np.asarray(point, np.float64)
        if centre.shape != low.shape[:2] or low.shape[1:] != self.correction.shape:
            raise ShapeError(
                f"calibrated for [K, Lv] = {self.correction.shape}, given intervals {low.shape}, points {centre.shape}"
            )
        widen = self.correction * unit[:, None, None]
        low = np.minimum(low - widen, centre[..., None])
        high = np.maximum(high + widen, centre[..., None])
        return np.minimum.accumulate(low, axis=2), np.maximum.accumulate(high, axis=2)

    def to_json(self) -> dict[str, object]:
        """Plain lists and numbers, for `from_json`."""
        return {"levels": list(self.levels), "correction": self.correction.tolist(), "used": self.used.tolist()}

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Conformal:
        """What `to_json` gave; raises ArtifactError for anything else."""
        try:
            levels = np.array(data["levels"], np.float64)
            correction, used = np.array(data["correction"], np.float64), np.array(data["used"], np.int64)
        except (KeyError, TypeError, ValueError) as error:
            raise ArtifactError(f"the saved calibration cannot be read: {error!r}") from error
        if levels.ndim != 1 or correction.shape[1:] != levels.shape or used.shape != correction.shape:
            raise ArtifactError(f"the saved calibration does not fit its {levels.size} levels: {correction.shape}")
        return cls(tuple(levels.tolist()), correction, used)


@dataclass(frozen=True)
class Outcomes:
    """What past forecasts would have needed to be right: the scores of M rows, by series and origin."""

    scores: Singles  # [M, K, Lv], NaN where the actual value is not known (yet)
    series: Integers  # [M]
    origin: Integers  # [M]

    def joined(self, later: Outcomes, most: int) -> Outcomes:
        """Both together, and of them the newest ``most`` known scores of each series and step ahead.

        A forecast may stand in both, with steps that were not known earlier.
        """
        scores = np.concatenate([self.scores, later.scores])
        series, origin = np.r_[self.series, later.series], np.r_[self.origin, later.origin]
        order = np.lexsort((-origin, series))  # the newest of each series first
        scores, series, origin = scores[order], series[order], origin[order]
        begins = np.flatnonzero(np.diff(series, prepend=-1) | np.diff(origin, prepend=-1))
        scores, series, origin = np.fmax.reduceat(scores, begins, axis=0), series[begins], origin[begins]
        known = np.isfinite(scores[..., 0])
        count, first = np.cumsum(known, axis=0), np.searchsorted(series, series)
        kept = known & (count - count[first] + known[first] <= most)
        scores[~kept] = np.nan
        some = kept.any(axis=1)
        return Outcomes(scores[some], series[some], origin[some])


def scores_of(
    lower: npt.ArrayLike, upper: npt.ArrayLike, actual: npt.ArrayLike, spread: npt.ArrayLike, levels: tuple[float, ...]
) -> Floats:
    """The scores [M, K, Lv] of `Conformal`, NaN where the actual value is; arguments and errors as `Conformal.fit`."""
    low, high, unit = _checked(lower, upper, spread, levels)
    truth = np.asarray(actual, np.float64)
    if truth.shape != low.shape[:2]:
        raise ShapeError(f"actual must be [M, K] = {low.shape[:2]}, not {truth.shape}")
    result: Floats = np.maximum(low - truth[..., None], truth[..., None] - high) / unit[:, None, None]
    return result


def _correction(by_step: Sequence[Floats | Singles], step: int, level_index: int, level: float) -> tuple[float, int]:
    """The correction of one horizon and level, and how many scores it rests on."""
    total, reach = np.cumsum([0, *map(len, by_step)]), np.arange(len(by_step))
    first, end = np.maximum(step - reach, 0), np.minimum(step + reach + 1, len(by_step))
    counts = total[end] - total[first]
    ranks = np.ceil((counts + 1) * level - 1e-9).astype(np.int64)  # 20 * 0.95 is 19, whatever floats make of it
    enough = np.flatnonzero((ranks <= counts) & (counts > 0))
    best = enough[0] if enough.size else -1
    pool = np.concatenate([scores[:, level_index] for scores in by_step[first[best] : end[best]]])
    rank = min(int(ranks[best]), len(pool))
    return float(np.partition(pool, rank - 1)[rank - 1]), len(pool)


def _checked(
    lower: npt.ArrayLike, upper: npt.ArrayLike, spread: npt.ArrayLike, levels: tuple[float, ...]
) -> tuple[Floats, Floats, Floats]:
    low, high = np.asarray(lower, np.float64), np.asarray(upper, np.float64)
    unit = np.asarray(spread, np.float64)
    if list(levels) != sorted(set(levels)) or any(not 0 < level < 1 for level in levels):
        raise InputError(f"levels must ascend and lie between 0 and 1 (0.8, 0.95), not {levels}")
    if low.ndim != 3 or high.shape != low.shape or low.shape[2] != len(levels) or unit.shape != low.shape[:1]:
        raise ShapeError(
            f"lower and upper must be [M, K, Lv] with {len(levels)} levels, and spread [M], "
            f"not {low.shape}, {high.shape} and {unit.shape}"
        )
    if not (np.isfinite(unit) & (unit > 0)).all():
        raise InputError("every spread must be a finite number above 0")
    return low, high, unit
