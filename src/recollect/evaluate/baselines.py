"""The forecasts that every model must beat, each a function of one history: ``BASELINES[name]``.

A baseline takes (history [T] with NaN where not observed, horizon K, season, levels [Lv]) and returns a
`BaselineForecast`. Its point is the centre of Gaussian intervals. ETS and Theta need the extra `statistics`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from recollect.core.errors import InputError, MissingExtraError

__all__ = ["BASELINES", "Baseline", "BaselineForecast", "seasonal_naive_batch"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_FEWEST = 8  # observed values for a fit; statsmodels fails in odd ways below it


@dataclass(frozen=True)
class BaselineForecast:
    """``point`` [K], ``lower`` and ``upper`` [K, Lv], in the unit of the history; ``note`` says what went otherwise."""

    point: Floats
    lower: Floats
    upper: Floats
    note: str = ""


Baseline = Callable[[npt.ArrayLike, int, int, tuple[float, ...]], BaselineForecast]


def seasonal_naive_batch(
    history: npt.ArrayLike, origins: npt.ArrayLike, horizon: int, season: int, levels: tuple[float, ...]
) -> tuple[Floats, Floats, Floats]:
    """The seasonal naive at many origins of one series: point [M, K], lower and upper [M, K, Lv].

    At origin o (o points known), step k repeats the last observed value of the same place in the season; a place
    never observed yet takes the last observed value of all. With q = floor((k - 1) / season) full seasons ahead

        y[o + k - 1] +- z sigma sqrt(q + 1),    sigma^2 = mean of (y[t] - y[t - season])^2 over t < o

    and where no such pair is known by o, sigma is that of differences between observed neighbours. season <= 1 is
    the naive forecast. Hyndman & Athanasopoulos, Forecasting: Principles and Practice 3, sections 5.2 and 5.5.

    Raises InputError if an origin has fewer than two observed values before it.
    """
    values, starts, season = np.asarray(history, np.float64), np.asarray(origins, np.int64), max(season, 1)
    _check(values, starts, horizon, levels)
    seen = np.isfinite(values)
    last = _latest(seen)
    same_place = starts[:, None] - season + np.arange(horizon) % season
    source = np.where(same_place >= 0, _latest(seen, season)[np.maximum(same_place, 0)], -1)
    point = values[np.where(source >= 0, source, last[starts - 1][:, None])]
    ahead = np.sqrt(np.arange(horizon) // season + 1)
    half = _sigma(values, season)[starts][:, None, None] * ahead[:, None] * _normal(levels)
    return point, point[..., None] - half, point[..., None] + half


def seasonal_naive(history: npt.ArrayLike, horizon: int, season: int, levels: tuple[float, ...]) -> BaselineForecast:
    """The last season again: `seasonal_naive_batch` at the end of the history."""
    values = np.asarray(history, np.float64)
    point, lower, upper = seasonal_naive_batch(values, [len(values)], horizon, season, levels)
    return BaselineForecast(point[0], lower[0], upper[0])


def naive(history: npt.ArrayLike, horizon: int, season: int, levels: tuple[float, ...]) -> BaselineForecast:
    """The last observed value again, sigma sqrt(k) wide; the season is not used."""
    return seasonal_naive(history, horizon, 1, levels)


def drift(history: npt.ArrayLike, horizon: int, season: int, levels: tuple[float, ...]) -> BaselineForecast:
    """The straight line through the first and the last observed value; the season is not used.

        y[T] + k b,  b = (y[T] - y[1]) / (T - 1),  sigma sqrt(k (1 + k / (T - 1))) wide around it

    sigma is that of differences between observed neighbours less b. FPP3, sections 5.2 and 5.5.
    """
    values = np.asarray(history, np.float64)
    _check(values, np.array([len(values)]), horizon, levels)
    at = np.flatnonzero(np.isfinite(values))
    span, steps = at[-1] - at[0], np.arange(1, horizon + 1)
    slope = (values[at[-1]] - values[at[0]]) / span
    gaps = np.diff(at)
    sigma = np.sqrt(np.mean((np.diff(values[at]) - slope * gaps) ** 2 / gaps))
    point = values[at[-1]] + slope * (steps + len(values) - 1 - at[-1])
    half = (sigma * np.sqrt(steps * (1 + steps / span)))[:, None] * _normal(levels)
    return BaselineForecast(point, point[:, None] - half, point[:, None] + half)


def ets(history: npt.ArrayLike, horizon: int, season: int, levels: tuple[float, ...]) -> BaselineForecast:
    """Exponential smoothing with additive errors; of level, damped trend and season those that lower the AICc.

    Hyndman & Athanasopoulos, FPP3, chapter 8, fitted by statsmodels' ETSModel from heuristic initial states. Gaps
    are filled by straight lines, since it cannot skip them; a season needs two whole ones in the history.
    Where it does not fit, the seasonal naive stands in, and ``note`` says so.
    """
    return _fitted("ets", _ets, history, horizon, season, levels)


def theta(history: npt.ArrayLike, horizon: int, season: int, levels: tuple[float, ...]) -> BaselineForecast:
    """The Theta method with theta = 2 on the seasonally adjusted series (if the season is significant).

    Assimakopoulos & Nikolopoulos 2000, doi:10.1016/S0169-2070(00)00066-2, fitted by statsmodels' ThetaModel. Gaps
    are filled by straight lines. Where it does not fit, the seasonal naive stands in, and ``note`` says so.
    """
    return _fitted("theta", _theta, history, horizon, season, levels)


BASELINES: Mapping[str, Baseline] = {
    "seasonal_naive": seasonal_naive,
    "naive": naive,
    "drift": drift,
    "ets": ets,
    "theta": theta,
}


def _fitted(
    name: str, fit: Baseline, history: npt.ArrayLike, horizon: int, season: int, levels: tuple[float, ...]
) -> BaselineForecast:
    """Run a statsmodels fit with its warnings counted, and the seasonal naive in its place where it fails."""
    try:
        import statsmodels.tsa.api  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(f"the baseline {name!r}", "statsmodels", "statistics") from error
    values = np.asarray(history, np.float64)
    stand_in = seasonal_naive(values, horizon, season, levels)
    if np.isfinite(values).sum() < _FEWEST:
        return replace(stand_in, note=f"{name} needs {_FEWEST} observed values: seasonal naive instead")
    if np.nanmin(values) == np.nanmax(values):
        return replace(stand_in, note=f"{name} cannot be fitted to a constant: seasonal naive instead")
    filled = _fill(values)
    gaps = int(np.isnan(values).sum())
    notes = [f"{gaps} missing values filled by straight lines"] if gaps else []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = fit(filled, horizon, season if len(filled) >= 2 * season else 1, levels)
        except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
            return replace(stand_in, note=f"{name} did not fit ({error}): seasonal naive instead")
    if not all(np.isfinite(part).all() for part in (result.point, result.lower, result.upper)):
        return replace(stand_in, note=f"{name} gave values that are not finite: seasonal naive instead")
    if caught:
        notes.append(f"warnings of the fit: {len(caught)}, the first: {caught[0].message}")
    return replace(result, note=f"{name}: " + "; ".join(notes) if notes else "")


def _ets(history: npt.ArrayLike, horizon: int, season: int, levels: tuple[float, ...]) -> BaselineForecast:
    import pandas as pd
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    values = pd.Series(history)  # statsmodels wants an index for its intervals
    best: Any = None
    for trend in (None, "add"):
        for seasonal in (None, "add") if season > 1 else (None,):
            model = ETSModel(
                values,
                trend=trend,
                damped_trend=trend is not None,
                seasonal=seasonal,
                seasonal_periods=season if seasonal else None,
                initialization_method="heuristic",
            )
            fitted = model.fit(disp=False)
            if best is None or fitted.aicc < best.aicc:
                best = fitted
    prediction = best.get_prediction(start=len(values), end=len(values) + horizon - 1)
    half = np.sqrt(np.asarray(prediction.forecast_variance))[:, None] * _normal(levels)
    point = np.asarray(prediction.predicted_mean, np.float64)
    return BaselineForecast(point, point[:, None] - half, point[:, None] + half)


def _theta(history: npt.ArrayLike, horizon: int, season: int, levels: tuple[float, ...]) -> BaselineForecast:
    from statsmodels.tsa.forecasting.theta import ThetaModel

    fitted = ThetaModel(np.asarray(history, np.float64), period=season, deseasonalize=season > 1).fit(disp=False)
    point = np.asarray(fitted.forecast(horizon), np.float64)
    bounds = [np.asarray(fitted.prediction_intervals(horizon, alpha=1 - level), np.float64) for level in levels]
    sides = np.stack(bounds, axis=1) if bounds else np.empty((horizon, 0, 2))
    return BaselineForecast(point, sides[..., 0], sides[..., 1])


def _latest(seen: npt.NDArray[np.bool_], season: int = 1) -> Integers:
    """For every t the latest observed t' <= t at the same place of the season, -1 where there is none: [T]."""
    length = len(seen)
    index = np.full(-(-length // season) * season, -1)
    index[:length] = np.where(seen, np.arange(length), -1)
    return np.maximum.accumulate(index.reshape(-1, season), axis=0).ravel()[:length]


def _sigma(values: Floats, season: int) -> Floats:
    """Root mean squared change over a season, or between neighbours where none is known, by origin: [T + 1]."""
    neighbours = _running_mean_square(np.flatnonzero(np.isfinite(values)), values, 1)
    if season >= len(values):
        return neighbours
    change = np.full(len(values), np.nan)
    change[season:] = values[season:] - values[:-season]
    known = np.flatnonzero(np.isfinite(change))
    seasonal = _running_mean_square(known, change, 0)
    return np.where(np.isfinite(seasonal), seasonal, neighbours)


def _running_mean_square(at: Integers, values: Floats, difference: int) -> Floats:
    square = np.zeros(len(values) + 1)
    count = np.zeros(len(values) + 1)
    square[at[difference:] + 1] = np.diff(values[at], n=difference) ** 2
    count[at[difference:] + 1] = 1
    count = np.cumsum(count)
    return np.sqrt(np.divide(np.cumsum(square), count, out=np.full_like(square, np.nan), where=count > 0))


def _normal(levels: tuple[float, ...]) -> Floats:
    return np.array([NormalDist().inv_cdf((1 + level) / 2) for level in levels])


def _fill(values: Floats) -> Floats:
    seen = np.flatnonzero(np.isfinite(values))
    return np.interp(np.arange(len(values)), seen, values[seen])


def _check(values: Floats, origins: Integers, horizon: int, levels: tuple[float, ...]) -> None:
    if values.ndim != 1 or horizon < 1 or any(not 0 < level < 1 for level in levels):
        raise InputError(
            "a baseline needs a history [T], a horizon of at least 1 and levels between 0 and 1, "
            f"not {values.shape}, {horizon}, {levels}"
        )
    if origins.size and not 0 <= origins.min() <= origins.max() <= len(values):
        raise InputError(f"origins must lie between 0 and {len(values)}, not {origins.min()} to {origins.max()}")
    known = np.concatenate([[0], np.cumsum(np.isfinite(values))])[origins]
    if known.min(initial=2) < 2:
        few = origins[known < 2][0]
        raise InputError(f"a baseline needs 2 observed values before its origin; before point {few} there are fewer")
