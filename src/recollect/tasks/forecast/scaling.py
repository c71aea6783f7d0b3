"""Target transforms and scales, learnt before a cut and applied everywhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recollect.data.panel import Panel
from recollect.evaluate.metrics import seasonal_scale

__all__ = ["Scaling"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scaling:
    """z = (T(y) - center) / scale per series, with T the logarithm or nothing; inverted exactly.

    ``scale`` [N] is the in-sample seasonal naive error in T's unit, ``unit`` [N] the same in the user's own: the
    denominators of MASE (Hyndman & Koehler 2006, doi:10.1016/j.ijforecast.2006.03.001). Where the season repeats
    exactly they fall back to the mean distance from the mean, and for a constant series to 1.
    """

    log: bool
    center: Floats  # [N]
    scale: Floats  # [N]
    unit: Floats  # [N]

    @classmethod
    def learn(cls, panel: Panel, cuts: NDArray[np.int64], season: int, *, log: bool) -> Scaling:
        """From the first ``cuts[n]`` steps of every series and from nothing after them."""
        rows = []
        for n in range(len(panel)):
            y = panel.history(n)[: int(cuts[n])]
            z = _log(y) if log else y
            rows.append((_mean(z), _spread(z, season), _spread(y, season)))
        center, scale, unit = np.array(rows, np.float64).reshape(-1, 3).T.copy()
        return cls(log, center, scale, unit)

    def transform(self, panel: Panel) -> NDArray[np.float32]:
        """[total] the whole panel's target as z; NaN where not observed, and where it has no logarithm."""
        z = _log(panel.target) if self.log else panel.target.copy()
        lengths = np.diff(panel.offsets)
        z -= np.repeat(self.center, lengths)
        z /= np.repeat(self.scale, lengths)
        return z.astype(np.float32)

    def invert(self, z: Floats, series: NDArray[np.int64]) -> Floats:
        """From z [M, ...] of the series [M] back to the user's unit."""
        shape = (-1,) + (1,) * (z.ndim - 1)
        y: Floats = z * self.scale[series].reshape(shape) + self.center[series].reshape(shape)
        return np.exp(y) if self.log else y


def _log(values: Floats) -> Floats:
    """The logarithm, NaN of what is not positive."""
    found: Floats = np.log(values, where=values > 0, out=np.full_like(values, np.nan))
    return found


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else 0.0


def _spread(values: Floats, season: int) -> float:
    known = values[np.isfinite(values)]
    if not known.size:
        return 1.0
    deviation = float(np.abs(known - known.mean()).mean())
    seasonal = seasonal_scale(values, season)
    smallest = 1e-9 * float(np.abs(known).max())  # below the rounding of the data themselves
    return next((s for s in (seasonal, deviation) if np.isfinite(s) and s > smallest), 1.0)
