"""The forecaster's pictures: from panels, forecasts and backtests to the figures of the report room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import polars as pl
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from recollect.data.clock import Clock
from recollect.data.panel import Panel
from recollect.report.canvas import OURS, SEASONAL_NAIVE, house_style
from recollect.report.pictures import (
    BacktestSeries,
    ForecastSeries,
    backtest_figure,
    calibration_figure,
    forecast_figure,
    horizon_figure,
)
from recollect.tasks.forecast.results import Backtest, Intervals
from recollect.train.record import Record

__all__ = [
    "Pick",
    "backtest_pictures",
    "calibration",
    "forecast_pictures",
    "horizons",
    "learning",
    "pick_series",
    "times_of",
]

SHOWN, PER_PICTURE = 12, 6
S = TypeVar("S")


@dataclass(frozen=True)
class Pick:
    """A series to draw, by its place in the panel, and why it was picked."""

    place: int
    why: str = ""

    def title(self, panel: Panel) -> str:
        """Its name, or the target's where there is one series."""
        name = panel.names[self.place] or panel.schema.target
        return f"{name}  ({self.why})" if self.why else name


def pick_series(panel: Panel, backtest: Backtest | None) -> list[Pick]:
    """Up to 12 series: all, or where there are more those forecast best, typically and worst in the backtest."""
    if len(panel) <= SHOWN or backtest is None:
        return [Pick(n) for n in range(min(len(panel), SHOWN))]
    table = backtest.scores["recollect"].by_series(backtest.series)
    for name in ("mase", "smape"):
        order = np.argsort(table[name])[: int(np.isfinite(table[name]).sum())]
        if len(order) >= SHOWN:
            middle = len(order) // 2
            groups = {"best": order[:4], "typical": order[middle - 2 : middle + 2], "worst": order[:-5:-1]}
            # Two of each stand in the first picture, the others in the second.
            return [Pick(int(n), why) for i in (0, 2) for why, places in groups.items() for n in places[i : i + 2]]
    return [Pick(n) for n in range(SHOWN)]


def forecast_pictures(
    panel: Panel, forecast: Intervals, levels: tuple[float, ...], picks: Sequence[Pick]
) -> list[Figure]:
    """History and forecast of the picked series, six to a picture."""
    tail = max(3 * forecast.point.shape[1], 30)
    drawn = [_forecast_series(panel, forecast, pick, tail) for pick in picks]
    return [forecast_figure(group, _shares(levels), _unit(panel), tail) for group in _groups(drawn)]


def backtest_pictures(backtest: Backtest, picks: Sequence[Pick]) -> list[Figure]:
    """Forecasts of the past and what happened, of those picked series that were forecast then, six to a picture."""
    drawn = [_backtest_series(backtest, pick) for pick in picks if (backtest.series == pick.place).any()]
    return [backtest_figure(group, _shares(backtest.levels), _unit(backtest.panel)) for group in _groups(drawn)]


def horizons(backtest: Backtest) -> Figure:
    """The error at each step ahead, ours and the baselines'."""
    many = any(np.isfinite(scores.by_horizon["mase"]).any() for scores in backtest.scores.values())
    name, words = ("mase", "MASE") if many else ("mae", "mean absolute error")
    return horizon_figure({method: scores.by_horizon[name] for method, scores in backtest.scores.items()}, words)


def calibration(backtest: Backtest) -> Figure:
    """The share of values that the intervals held, against the share that they promise."""
    ours, shares = backtest.scores["recollect"], _shares(backtest.levels)
    names = [f"coverage_{level:.6g}" for level in backtest.levels]
    overall = [np.nan if ours.overall[name] is None else ours.overall[name] for name in names]
    steps = np.stack([ours.by_horizon[name] for name in names], axis=1)
    return calibration_figure(shares, np.array(overall, np.float64), steps, len(backtest.series))


def learning(records: Sequence[Record]) -> Figure:
    """Loss of training and of validation by epoch, for each member, and the epochs whose weights were kept."""
    with house_style():
        figure = Figure(figsize=(9.6, 3.2))
        axes = figure.subplots()
        for record in records:
            epochs, values = zip(*record.validations, strict=True)
            axes.plot(range(1, record.epochs + 1), record.losses, color=SEASONAL_NAIVE, lw=1)
            axes.plot(epochs, values, color=OURS, lw=1.4)
            kept = [value for epoch, value in record.validations if epoch == record.best_epoch]
            axes.plot(record.best_epoch, kept[-1], "o", color=OURS, ms=6)
        axes.set(xlabel="epoch (0 is before training)", ylabel="quantile loss")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        figure.legend(axes.lines[:3], ("training", "validation", "weights kept"), loc="outside upper right", ncols=3)
    return figure


def _groups(series: list[S]) -> list[list[S]]:
    return [series[i : i + PER_PICTURE] for i in range(0, len(series), PER_PICTURE)]


def _forecast_series(panel: Panel, forecast: Intervals, pick: Pick, tail: int) -> ForecastSeries:
    n, horizon = pick.place, forecast.point.shape[1]
    end = int(panel.ends[n])
    first = max(end - tail, 0)
    start = int(panel.starts[n])
    return ForecastSeries(
        pick.title(panel),
        times_of(panel.clock, start + np.arange(first, end)),
        panel.history(n)[first:],
        times_of(panel.clock, start + np.arange(end, end + horizon)),
        forecast.point[n],
        forecast.lower[n],
        forecast.upper[n],
    )


def _backtest_series(backtest: Backtest, pick: Pick) -> BacktestSeries:
    panel, n = backtest.panel, pick.place
    rows = np.flatnonzero(backtest.series == n)
    rows = rows[np.argsort(backtest.origins[rows])]
    origins, horizon = backtest.origins[rows], backtest.actual.shape[1]
    first = max(int(origins[0]) - horizon, 0)
    start = int(panel.starts[n])
    ours = backtest.ours
    return BacktestSeries(
        pick.title(panel),
        times_of(panel.clock, start + np.arange(first, int(panel.ends[n]))),
        panel.history(n)[first:],
        times_of(panel.clock, (start + origins[:, None] + np.arange(horizon)).ravel()).reshape(-1, horizon),
        ours.point[rows],
        ours.lower[rows],
        ours.upper[rows],
        backtest.forecasts["seasonal naive"].point[rows],
    )


def times_of(clock: Clock, steps: NDArray[np.int64]) -> NDArray[np.generic]:
    """Local times as datetime64, or step numbers."""
    moments = clock.moments(steps)
    if getattr(moments.dtype, "time_zone", None):
        moments = moments.dt.replace_time_zone(None)
    if moments.dtype == pl.Date:
        moments = moments.cast(pl.Datetime("us"))
    times: NDArray[np.generic] = moments.to_numpy()
    return times


def _shares(levels: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(level / 100 for level in levels)


def _unit(panel: Panel) -> str:
    return "" if panel.schema.wide or panel.names == ("",) else panel.schema.target
