"""Scores of point forecasts and intervals: statistics of single points first, then sums over groups of them.

``M`` rows, one for each pair of series and origin; ``K`` the horizon; ``Lv`` the number of interval levels. A
missing (NaN) actual is not scored. A score that cannot be computed is None with a reason, never 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recollect.core.errors import InputError, ShapeError

__all__ = ["Scores", "owa", "percent", "scores", "seasonal_scale"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Points:
    """The P scored points, flat, each with its row and its step ahead (from 0)."""

    row: Integers  # [P]
    step: Integers  # [P]
    actual: Floats  # [P]
    forecast: Floats  # [P]
    scale: Floats  # [P], NaN where no scaled error can be had
    lower: Floats  # [P, Lv]
    upper: Floats  # [P, Lv]
    levels: tuple[float, ...]


@dataclass(frozen=True)
class Scores:
    """The scores of one method: all together, for each step ahead, and on request for each series.

    Names: ``mase smape mae mse rmse rse wql``, and ``msis_95 coverage_95`` (and so on) for each level.
    ``overall``    name -> value, or None where it cannot be computed; ``reasons`` then says why
    ``by_horizon`` name -> [K], NaN where it cannot be computed
    ``points``     how many actual values were scored; ``unscaled_rows`` how many rows had no scale
    """

    overall: Mapping[str, float | None]
    by_horizon: Mapping[str, Floats]
    reasons: Mapping[str, str]
    points: int
    unscaled_rows: int
    _points: _Points

    def by_series(self, series_index: npt.ArrayLike) -> dict[str, Floats]:
        """Name -> [N] for N = max(series_index) + 1; ``series_index`` [M] gives each row's series.

        NaN stands where a series has no scored point, or no scale for the scaled scores.
        """
        index = _row_labels(series_index)
        if len(self._points.row) and index.size <= self._points.row.max():
            raise ShapeError(f"series_index has {index.size} rows, and the scored forecasts have more")
        return _grouped(self._points, index[self._points.row], int(index.max(initial=-1)) + 1)

    def to_json(self) -> dict[str, object]:
        """Plain dictionaries, lists, numbers and None."""
        horizon = {name: [_plain(v) for v in values] for name, values in self.by_horizon.items()}
        return {
            "overall": dict(self.overall),
            "by_horizon": horizon,
            "not_computed": dict(self.reasons),
            "points": self.points,
            "rows_without_scale": self.unscaled_rows,
        }


def scores(
    actual: npt.ArrayLike,
    forecast: npt.ArrayLike,
    lower: npt.ArrayLike | None = None,
    upper: npt.ArrayLike | None = None,
    levels: tuple[float, ...] = (),
    scale: npt.ArrayLike | None = None,
    series_index: npt.ArrayLike | None = None,
) -> Scores:
    """Score forecasts [M, K] and central intervals [M, K, Lv] against actual values [M, K].

    With error e = y - f, and a the in-sample error of the seasonal naive (``scale`` [M], see `seasonal_scale`):

        mae, mse, rmse   mean |e|, mean e^2, its root, over all scored points
        rse              sqrt(sum e^2 / sum (y - mean y)^2)                        [1] section 4.2
        smape            mean of 200 |e| / (|y| + |f|), in percent, 0/0 = 0        [2]
        mase             mean of |e| / a                                           [3] eq. 4
        msis_L           mean of (u - l + 2/(1-L) (max(l-y, 0) + max(y-u, 0))) / a [2] section 3.2
        coverage_L       share of l <= y <= u
        wql              2 sum pinball_q / sum |y|, mean over the quantiles (1-L)/2, 1/2, (1+L)/2 [4] eq. 8

    As in the M4 competition smape, mase and msis are averaged within each series (``series_index`` [M]; each row
    is its own series if not given) and then over the series; the others pool all points. Rows whose scale is
    zero or NaN are left out of mase and msis, and counted.

    Raises ShapeError for shapes that do not fit, InputError for a forecast that is not finite.

    [1] Lai et al. 2018, doi:10.1145/3209978.3210006   [2] Makridakis et al. 2020, doi:10.1016/j.ijforecast.2019.04.014
    [3] Hyndman & Koehler 2006, doi:10.1016/j.ijforecast.2006.03.001   [4] Salinas et al. 2020 (DeepAR),
    doi:10.1016/j.ijforecast.2019.07.001
    """
    points, unscaled, shape = _scored_points(actual, forecast, lower, upper, levels, scale)
    series = np.arange(shape[0]) if series_index is None else _row_labels(series_index)
    if series.shape != (shape[0],):
        raise ShapeError(f"series_index has shape {series.shape}, and there are {shape[0]} rows")
    each = _grouped(points, series[points.row], int(series.max(initial=-1)) + 1)
    pooled = _grouped(points, np.zeros(points.row.size, np.int64), 1)
    overall = {
        name: _plain(_mean_known(each[name]) if name.startswith(("mase", "smape", "msis")) else float(value[0]))
        for name, value in pooled.items()
    }
    return Scores(
        overall=overall,
        by_horizon=_grouped(points, points.step, shape[1]),
        reasons={name: _reason(name, points, scale is None) for name, value in overall.items() if value is None},
        points=int(points.row.size),
        unscaled_rows=unscaled,
        _points=points,
    )


def seasonal_scale(history: npt.ArrayLike, season: int) -> float:
    """The in-sample error of the seasonal naive forecast: mean |y[t] - y[t - season]| over pairs both observed.

    ``history`` [T] may hold NaN. NaN if no pair is observed, 0 for a series that repeats exactly: MASE is then
    undefined. Hyndman & Koehler 2006, section 2.5, doi:10.1016/j.ijforecast.2006.03.001.
    """
    values = np.asarray(history, np.float64)
    if season < 1:
        raise InputError(f"the season must be at least 1 step, not {season}")
    gaps = np.abs(values[season:] - values[:-season])
    return _mean_known(gaps)


def owa(smape: float, mase: float, reference_smape: float, reference_mase: float) -> float:
    """Overall weighted average: the mean of smape and mase, each relative to those of Naive2 (the reference).

    Makridakis et al. 2020, section 3.1, doi:10.1016/j.ijforecast.2019.04.014. 1 is as good as the reference.
    """
    if not (reference_smape > 0 and reference_mase > 0):
        raise InputError(f"the reference's scores must be above 0, not smape {reference_smape}, mase {reference_mase}")
    return (smape / reference_smape + mase / reference_mase) / 2


def percent(level: float) -> str:
    """A level as it stands in names of scores and columns: 0.95 -> ``95``, 0.995 -> ``99.5``."""
    return f"{100 * level:.6g}"


def _scored_points(
    actual: npt.ArrayLike,
    forecast: npt.ArrayLike,
    lower: npt.ArrayLike | None,
    upper: npt.ArrayLike | None,
    levels: tuple[float, ...],
    scale: npt.ArrayLike | None,
) -> tuple[_Points, int, tuple[int, int]]:
    truth, point = np.asarray(actual, np.float64), np.asarray(forecast, np.float64)
    if truth.ndim != 2 or point.shape != truth.shape:
        raise ShapeError(f"actual and forecast must both be [M, K], not {truth.shape} and {point.shape}")
    if any(not 0 < level < 1 for level in levels):
        raise InputError(f"levels must lie between 0 and 1 (0.95 for 95 %), not {levels}")
    rows, steps = truth.shape
    expected = (rows, steps, len(levels))
    low = np.empty((rows, steps, 0)) if lower is None else np.asarray(lower, np.float64)
    high = np.empty((rows, steps, 0)) if upper is None else np.asarray(upper, np.float64)
    if low.shape != expected or high.shape != expected:
        raise ShapeError(f"lower and upper must be [M, K, Lv] = {expected}, not {low.shape} and {high.shape}")
    unit = np.full(rows, np.nan) if scale is None else np.array(scale, np.float64)
    if unit.shape != (rows,):
        raise ShapeError(f"scale must be [M] = ({rows},), not {unit.shape}")
    unit[~(np.isfinite(unit) & (unit > 0))] = np.nan
    scored = np.isfinite(truth)
    row, step = np.nonzero(scored)
    points = _Points(row, step, truth[scored], point[scored], unit[row], low[scored], high[scored], levels)
    for name, values in (("forecast", points.forecast), ("lower", points.lower), ("upper", points.upper)):
        if not np.isfinite(values).all():
            raise InputError(f"{name} holds {int((~np.isfinite(values)).sum())} values that are not finite numbers")
    return points, int(np.isnan(unit).sum()), (rows, steps)


def _grouped(points: _Points, group: Integers, count: int) -> dict[str, Floats]:
    """Every score over each of ``count`` groups of points: name -> [count], NaN where it cannot be computed."""

    def total(values: Floats | npt.NDArray[np.bool_]) -> Floats:
        known = np.isfinite(values)
        return np.bincount(group[known], weights=values[known], minlength=count).astype(np.float64)

    def mean(values: Floats | npt.NDArray[np.bool_]) -> Floats:
        return _ratio(total(values), total(np.isfinite(values)))

    y, f, a = points.actual, points.forecast, points.scale
    error = np.abs(y - f)
    mse = mean(error**2)
    around_mean = total((y - mean(y)[group]) ** 2)
    size = np.abs(y) + np.abs(f)
    result = {
        "mase": mean(error / a),
        "smape": mean(np.divide(200 * error, size, out=np.zeros_like(error), where=size > 0)),
        "mae": mean(error),
        "mse": mse,
        "rmse": np.sqrt(mse),
        "rse": np.sqrt(_ratio(total(error**2), around_mean)),
    }
    pinballs = [total(_pinball(y, f, 0.5))]
    for i, level in enumerate(points.levels):
        low, high, name = points.lower[:, i], points.upper[:, i], percent(level)
        outside = np.maximum(low - y, 0) + np.maximum(y - high, 0)
        result[f"msis_{name}"] = mean((high - low + 2 / (1 - level) * outside) / a)
        result[f"coverage_{name}"] = mean(outside == 0)
        pinballs += [total(_pinball(y, low, (1 - level) / 2)), total(_pinball(y, high, (1 + level) / 2))]
    result["wql"] = _ratio(2 * np.mean(pinballs, axis=0), total(np.abs(y)))
    return result


def _pinball(actual: Floats, forecast: Floats, quantile: float) -> Floats:
    over = actual - forecast
    return np.maximum(quantile * over, (quantile - 1) * over)


def _ratio(top: Floats, bottom: Floats) -> Floats:
    return np.divide(top, bottom, out=np.full_like(top, np.nan), where=bottom > 0)


def _mean_known(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else math.nan


def _plain(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _row_labels(index: npt.ArrayLike) -> Integers:
    labels = np.asarray(index)
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer) or labels.min(initial=0) < 0:
        raise ShapeError(f"series_index must be [M] integers from 0, not {labels.dtype} {labels.shape}")
    return labels.astype(np.int64)


def _reason(name: str, points: _Points, no_scale: bool) -> str:
    if not points.row.size:
        return "no actual value is known"
    if name.startswith(("mase", "msis")):
        return "no scale was given" if no_scale else "the seasonal naive has no in-sample error to scale by"
    return "all actual values are equal" if name == "rse" else "all actual values are zero"
