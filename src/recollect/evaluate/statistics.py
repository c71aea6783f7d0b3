"""Is one forecast better than another, or does it only look so?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recollect.core.errors import InputError, ShapeError
from recollect.core.seeds import derive_seed

__all__ = ["Skill", "skill"]

Floats = npt.NDArray[np.float64]

_CONFIDENCE = 0.95
_FEWEST_UNITS = 6  # fewer than this resample to so few different sets that the interval would be too narrow


@dataclass(frozen=True)
class Skill:
    """Our error as a share of theirs, with a 95 % interval: all together and for each step ahead.

    ``ratio`` below 1 means that ours is better. ``low`` and ``high`` are NaN where there are too few independent
    rows for an interval. The arrays of ``horizon_*`` are [K].
    """

    ratio: float
    low: float
    high: float
    horizon_ratio: Floats
    horizon_low: Floats
    horizon_high: Floats
    units: int

    @property
    def verdict(self) -> str:
        """`better`, `worse`, `no better` (the interval holds 1) or `too few to tell`."""
        return str(_verdicts(np.array([self.low]), np.array([self.high]))[0])

    @property
    def horizon_verdicts(self) -> list[str]:
        """The verdict for each step ahead, [K]."""
        return [str(word) for word in _verdicts(self.horizon_low, self.horizon_high)]


def skill(
    actual: npt.ArrayLike,
    ours: npt.ArrayLike,
    theirs: npt.ArrayLike,
    scale: npt.ArrayLike | None = None,
    unit: npt.ArrayLike | None = None,
    seed: int = 0,
    draws: int = 1000,
) -> Skill:
    """Compare two point forecasts [M, K] of the same actual values [M, K] (NaN: not scored) by a paired bootstrap.

        ratio = sum |y - ours| / a  divided by  sum |y - theirs| / a,     a = ``scale`` [M], 1 if not given

    The interval is the 2.5 % to 97.5 % range of that ratio over ``draws`` resamples of whole units: rows of equal
    ``unit`` [M] stay together. Rows whose errors hang together must share one (a series, or a stretch of
    overlapping origins), else the interval is too narrow; each row is its own if not given. Rows whose scale is zero
    or NaN are left out. NaN where theirs makes no error at all.

    Raises ShapeError for shapes that do not fit and InputError if nothing can be compared.
    Efron & Tibshirani 1993, section 8.3 (resampling what is independent).
    """
    ours_lost, theirs_lost = _losses(actual, ours, theirs, scale)
    rows = len(ours_lost)
    labels = np.arange(rows) if unit is None else np.asarray(unit)
    if labels.shape != (rows,):
        raise ShapeError(f"unit must be [M] = ({rows},), not {labels.shape}")
    used = np.isfinite(ours_lost).any(axis=1)
    if not used.any():
        raise InputError("there is nothing to compare: no row has both a known actual value and a scale above 0")
    names, member = np.unique(labels[used], return_inverse=True)
    sums = np.zeros((2, len(names), ours_lost.shape[1] + 1))
    for total, loss in zip(sums, (ours_lost[used], theirs_lost[used]), strict=True):
        np.add.at(total, member, np.c_[np.nan_to_num(loss), np.nansum(loss, axis=1)])
    ratio = _ratio(*sums.sum(axis=1))
    low, high = _interval(sums, np.random.default_rng(derive_seed(seed, "skill")), draws)
    return Skill(float(ratio[-1]), float(low[-1]), float(high[-1]), ratio[:-1], low[:-1], high[:-1], len(names))


def _losses(
    actual: npt.ArrayLike, ours: npt.ArrayLike, theirs: npt.ArrayLike, scale: npt.ArrayLike | None
) -> tuple[Floats, Floats]:
    truth, mine, other = (np.asarray(part, np.float64) for part in (actual, ours, theirs))
    if truth.ndim != 2 or mine.shape != truth.shape or other.shape != truth.shape:
        raise ShapeError(f"all three must be [M, K], not {truth.shape}, {mine.shape} and {other.shape}")
    size = np.ones(len(truth)) if scale is None else np.array(scale, np.float64)
    if size.shape != truth.shape[:1]:
        raise ShapeError(f"scale must be [M] = ({len(truth)},), not {size.shape}")
    if not np.isfinite([mine[np.isfinite(truth)], other[np.isfinite(truth)]]).all():
        raise InputError("both forecasts must be finite numbers wherever the actual value is known")
    size[~(size > 0)] = np.nan
    return np.abs(truth - mine) / size[:, None], np.abs(truth - other) / size[:, None]


def _interval(sums: Floats, random: np.random.Generator, draws: int) -> tuple[Floats, Floats]:
    units = sums.shape[1]
    if units < _FEWEST_UNITS:
        unknown = np.full(sums.shape[2], np.nan)
        return unknown, unknown
    chosen = (random.multinomial(units, np.full(units, 1 / units)).astype(np.float64) for _ in range(draws))
    ratios = np.array([_ratio(times @ sums[0], times @ sums[1]) for times in chosen])
    tail = (1 - _CONFIDENCE) / 2
    low, high = np.quantile(ratios, [tail, 1 - tail], axis=0)
    return low, high


def _ratio(ours: Floats, theirs: Floats) -> Floats:
    return np.divide(ours, theirs, out=np.full_like(ours, np.nan), where=theirs > 0)


def _verdicts(low: Floats, high: Floats) -> npt.NDArray[np.str_]:
    words = ["too few to tell", "better", "worse"]
    return np.select([np.isnan(low) | np.isnan(high), high < 1, low > 1], words, default="no better")
