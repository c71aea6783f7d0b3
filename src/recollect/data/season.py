"""The period at which many series repeat, found from their clock and their values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from recollect.data.panel import Panel

__all__ = ["infer_season", "season_strength"]

Floats = NDArray[np.float64]
_LONGEST = 400
_LONGEST_DATED = 1_000_000


def infer_season(panel: Panel, max_period: int | None = None) -> int:
    """The seasonal period in steps that the series share, or 1 if they repeat at none.

    Candidates come from the clock (24 and 168 for hours); where rows have no dates every period up to 400 is one.
    The strength of each is averaged over a sample of the series, those shorter than three periods counting as 0.
    Of the candidates that stand out from chance and are about as strong as the strongest, the shortest is taken.
    ``max_period`` leaves out longer ones.
    """
    longest = min(int(panel.ends.max()) // 3, max_period or _LONGEST_DATED)
    if panel.clock.unit != "step":
        sample = list(_sample(panel, 500, 100_000))
        found = {period: _pooled(sample, period) for period in panel.clock.seasons() if period <= longest}
    else:
        sample = list(_sample(panel, 50, max(2000, 20_000 // len(panel))))
        scan = [_pooled(sample, period) for period in range(2, min(longest, _LONGEST) + 1)]
        # a smooth series is strong beside its period too: only peaks are candidates
        edge = [-1.0, *scan, -1.0]
        found = {n + 2: scan[n] for n in range(len(scan)) if scan[n] >= max(edge[n], edge[n + 2])}
    found = {period: strength for period, strength in found.items() if strength > _chance(sample, period)}
    return min((p for p, strength in found.items() if strength >= 0.85 * max(found.values())), default=1)


def season_strength(y: Floats, period: int) -> float:
    """How strongly ``y`` [T] repeats after ``period`` steps, in -1..1.

    The autocorrelation at that lag of what a moving average over one period leaves; 0 unless it is stronger than
    at half the period, as smoothness alone is no season. A random walk has 0 on average, whatever the period.
    NaN (not observed) is left out of every sum.
    """
    observed = ~np.isnan(y)
    total = np.concatenate([[0.0], np.cumsum(np.where(observed, y, 0.0))])
    count = np.concatenate([[0], np.cumsum(observed)])
    around = total[period:] - total[:-period]
    seen = count[period:] - count[:-period]
    half = period // 2
    with np.errstate(invalid="ignore", divide="ignore"):
        rest = y[half : half + around.size] - around / seen
    strength = _autocorrelation(rest, period)
    return strength if strength > _autocorrelation(rest, half) else 0.0


def _autocorrelation(rest: Floats, lag: int) -> float:
    a, b = rest[:-lag], rest[lag:]
    both = ~(np.isnan(a) | np.isnan(b))
    a, b = a[both], b[both]
    power = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / power if power > 0 else 0.0


def _pooled(sample: Sequence[Floats], period: int) -> float:
    """The mean strength over the sample; series too short to tell count as 0."""
    return sum(season_strength(y, period) for y in sample if y.size >= 3 * period) / len(sample)


def _chance(sample: Sequence[Floats], period: int) -> float:
    """What a strength must exceed: about the 99 % quantile that random walks reach, at least 0.1.

    Measured on random walks the quantile is 1.1 over the root of the number of periods; series that are
    independent only in part count by the root of their number.
    """
    periods = sum(y.size for y in sample) / len(sample) / period
    return max(0.1, 1.3 / float(np.sqrt(periods * np.sqrt(len(sample)))))


def _sample(panel: Panel, series: int, points: int) -> Iterator[Floats]:
    for n in np.linspace(0, len(panel) - 1, min(len(panel), series)).astype(int):
        yield panel.history(int(n))[-points:]
