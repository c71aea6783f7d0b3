"""Rolling-origin backtests: what would have been forecast then, with what was known then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recollect.core.errors import DataError, InputError
from recollect.data.panel import Panel
from recollect.data.season import infer_season
from recollect.evaluate.baselines import BASELINES, seasonal_naive_batch
from recollect.evaluate.metrics import Scores, scores, seasonal_scale
from recollect.tasks.forecast.data import Rows
from recollect.tasks.forecast.fitting import fit_model
from recollect.tasks.forecast.learning import quantiles_at
from recollect.tasks.forecast.model import Model
from recollect.tasks.forecast.results import Backtest, Intervals
from recollect.tasks.forecast.settings import Settings
from recollect.train.progress import Progress
from recollect.train.resuming import Checkpoints

__all__ = ["backtest_model", "backtest_panel", "origins_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
OTHERS = ("ets", "theta")


@dataclass(frozen=True)
class Plan:
    """Origins [F, N] in steps of each series, oldest fold first; ``stride`` steps lie between two of them."""

    origins: Ints
    horizon: int

    def ends(self, panel: Panel, fold: int) -> Ints:
        """How many steps of each series are known at a fold's origin, [N]."""
        known: Ints = np.minimum(self.origins[fold], panel.ends)
        return known

    def rows(self, panel: Panel, folds: range) -> Rows:
        """The forecasts of these folds: series with two observed values at the origin and something after it."""
        known = np.array([_second(panel.history(n)) for n in range(len(panel))])
        pairs = []
        for fold in folds:
            at = self.origins[fold]
            series = np.flatnonzero((at >= known) & (at < panel.ends))
            pairs.append((series, at[series]))
        series = np.concatenate([s for s, _ in pairs])
        origins = np.concatenate([o for _, o in pairs])
        return Rows(series, origins, panel.ends[series])


def _second(history: Floats) -> int:
    """How many steps hold the first two observed values; more than there are where there is no second."""
    observed = np.flatnonzero(np.isfinite(history))
    return int(observed[1]) + 1 if len(observed) > 1 else len(history) + 1


def origins_of(panel: Panel, horizon: int, folds: int, stride: int) -> Plan:
    """The last ``folds`` origins that leave a whole horizon, ``stride`` steps apart.

    Series with times share their origins, so that nothing that any series did later is known; where rows are mere
    steps each series counts from its own end.

    Raises InputError for counts below 1, DataError where the history is too short, saying what would fit.
    """
    for name, value in (("folds", folds), ("stride", stride)):
        if value < 1:
            raise InputError(f"{name} is {value}, and must be at least 1")
    stops = panel.starts + panel.ends
    last = (stops.max() - panel.starts if panel.schema.time else panel.ends) - horizon
    origins: Ints = last[None] - stride * np.arange(folds - 1, -1, -1)[:, None]
    longest = int(np.minimum(origins[0], panel.ends).max())
    if longest < 3:
        most = max(0, (int(last.max()) - 3) // stride + 1)
        raise DataError(
            f"a backtest of {folds} folds, {stride} steps apart, with a horizon of {horizon} leaves no history to "
            f"learn from: the longest series has {int(panel.ends.max())} steps; "
            + (f"at most {most} folds fit" if most else "give more data or a shorter horizon")
        )
    return Plan(np.clip(origins, 0, None), horizon)


def backtest_panel(
    panel: Panel,
    settings: Settings,
    season: int | None = None,
    *,
    folds: int = 5,
    stride: int | None = None,
    refit: bool = False,
    baselines: str = "naive",
    validation: int | None = None,
    checkpoints: Checkpoints | None = None,
    progress: Callable[[str], Progress] | None = None,
) -> Backtest:
    """Train before the first origin (with ``refit`` before each one) and forecast at every origin.

    Nothing after an origin touches a forecast made at it: not the scales, not early stopping, not calibration, nor the
    season, which is found before the first origin if it is None.
    """
    _check_baselines(baselines)
    plan = origins_of(panel, settings.horizon, folds, settings.horizon if stride is None else stride)
    first = plan.ends(panel, 0)
    period = season or infer_season(replace(panel, ends=first))
    parts: list[_Part] = []
    for group in [range(f, f + 1) for f in range(folds)] if refit else [range(folds)]:
        if len(plan.rows(panel, group)):
            kept = checkpoints.part(group.start + 1) if checkpoints and refit else checkpoints
            model = fit_model(
                panel, settings, plan.ends(panel, group.start), period, validation=validation, checkpoints=kept,
                progress=progress,
            )  # fmt: skip
            parts.append(_part(model, panel, plan, group))
    if not parts:
        raise DataError(
            f"no series has two steps before one of the {folds} origins and a value after it: take fewer folds, or a "
            "shorter horizon"
        )
    return _judged(panel, settings, period, first, parts, baselines)


def backtest_model(model: Model, panel: Panel, plan: Plan, *, baselines: str = "naive") -> Backtest:
    """Forecast at every origin with a model as it is; honest only where it was trained on other data or earlier."""
    _check_baselines(baselines)
    part = _part(model, panel, plan, range(len(plan.origins)))
    return _judged(panel, model.settings, model.geometry.season, plan.ends(panel, 0), [part], baselines)


@dataclass(frozen=True)
class _Part:
    """The forecasts of one model."""

    rows: Rows
    made: Intervals
    model: Model


def _part(model: Model, panel: Panel, plan: Plan, folds: range) -> _Part:
    """The forecasts of these folds, each calibrated by what was known at its origin."""
    rows, made = plan.rows(panel, folds), list[Intervals]()
    windows = model.windows(panel, plan.ends(panel, folds.start))
    z, _, spread = quantiles_at(model.networks, windows, rows)
    now = model
    for fold in folds:
        now = now.renewed(panel, plan.ends(panel, fold), windows)
        here = rows.origins == plan.origins[fold][rows.series]
        made.append(now.finish(windows.scaling, z[here], spread[here], rows.series[here]))
    return _Part(rows, _joined(made), model)


def _joined(parts: list[Intervals]) -> Intervals:
    return Intervals(*(np.concatenate([getattr(part, k) for part in parts]) for k in ("point", "lower", "upper")))


def _check_baselines(baselines: str) -> None:
    if baselines not in ("naive", "all"):
        raise InputError(f'baselines is {baselines!r}, and must be "naive" or "all"')


def _judged(panel: Panel, settings: Settings, season: int, first: Ints, parts: list[_Part], baselines: str) -> Backtest:
    series = np.concatenate([part.rows.series for part in parts])
    origins = np.concatenate([part.rows.origins for part in parts])
    ours = _joined([part.made for part in parts])
    actual = _actual(panel, series, origins, settings.horizon)
    forecasts = {"recollect": ours, "seasonal naive": _naive(panel, series, origins, settings, season)}
    notes = list(_unread(panel, parts))
    for name in OTHERS if baselines == "all" else ():
        forecasts[name], said = _each(name, panel, series, origins, settings, season)
        notes += said
    scale = np.array([seasonal_scale(panel.history(n)[: int(first[n])], season) for n in range(len(panel))])[series]
    judged = {name: _scores(actual, intervals, settings.shares, scale, series) for name, intervals in forecasts.items()}
    records = tuple(record for part in parts for record in part.model.records)
    return Backtest(panel, settings.levels, series, origins, actual, forecasts, judged, tuple(notes), scale, records)


def _unread(panel: Panel, parts: list[_Part]) -> Iterator[str]:
    """What a model in logarithms, chosen before the first origin, could not read of what came later."""
    count = int((panel.target <= 0).sum())
    if count and any(part.model.scaling.log for part in parts):
        yield f"values not above 0 have no logarithm: the model took them ({count:,}) as not observed"


def _scores(actual: Floats, intervals: Intervals, shares: tuple[float, ...], scale: Floats, series: Ints) -> Scores:
    return scores(actual, intervals.point, intervals.lower, intervals.upper, shares, scale, series_index=series)


def _actual(panel: Panel, series: Ints, origins: Ints, horizon: int) -> Floats:
    step = origins[:, None] + np.arange(horizon)
    place = np.minimum(panel.offsets[series][:, None] + step, len(panel.target) - 1)
    return np.where(step < panel.ends[series][:, None], panel.target[place], np.nan)


def _naive(panel: Panel, series: Ints, origins: Ints, settings: Settings, season: int) -> Intervals:
    shape = (len(series), settings.horizon)
    found = Intervals(np.empty(shape), *(np.empty((*shape, len(settings.levels))) for _ in range(2)))
    for n in np.unique(series):
        rows = series == n
        batch = seasonal_naive_batch(panel.history(n), origins[rows], settings.horizon, season, settings.shares)
        found.point[rows], found.lower[rows], found.upper[rows] = batch
    return found


def _each(
    name: str, panel: Panel, series: Ints, origins: Ints, settings: Settings, season: int
) -> tuple[Intervals, Iterator[str]]:
    """A baseline that is fitted anew at every origin, with how often it could not be."""
    made = [
        BASELINES[name](panel.history(n)[: int(o)], settings.horizon, season, settings.shares)
        for n, o in zip(series, origins, strict=True)
    ]
    odd = [m.note for m in made if m.note]
    first = odd[0].removeprefix(f"{name}: ").rstrip(".") if odd else ""
    note = f"{name} had something to say of {len(odd)} of its {len(made)} fits, first: {first}" if odd else ""
    stacked = Intervals(*(np.stack([getattr(m, k) for m in made]) for k in ("point", "lower", "upper")))
    return stacked, iter([note] if note else [])
