"""Forecasts and backtests as plain arrays, and as tables under the user's own column names."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recollect.data.panel import Panel
from recollect.evaluate.metrics import Scores, percent
from recollect.train.record import Record

__all__ = ["Backtest", "Intervals", "forecast_frame"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Intervals:
    """Forecasts of M rows over K steps in the user's unit: ``point`` [M, K], ``lower`` and ``upper`` [M, K, Lv]."""

    point: Floats
    lower: Floats
    upper: Floats


@dataclass(frozen=True)
class Backtest:
    """Forecasts made at past origins, with what happened.

    Row i is series ``series[i]`` at origin ``origins[i]``, the number of its steps known then. ``actual`` [M, K] is NaN
    where nothing was observed. ``forecasts`` and ``scores`` hold the model's under "recollect" and each baseline's
    under its own name; ``notes`` says where a baseline could not be fitted. ``scale`` [M] is the in-sample seasonal
    naive error before the first origin, and ``records`` tell of the training.
    """

    panel: Panel
    levels: tuple[float, ...]
    series: Ints
    origins: Ints
    actual: Floats
    forecasts: dict[str, Intervals]
    scores: dict[str, Scores]
    notes: tuple[str, ...]
    scale: Floats
    records: tuple[Record, ...]

    @property
    def ours(self) -> Intervals:
        """The model's own forecasts."""
        return self.forecasts["recollect"]

    def frame(self) -> pl.DataFrame:
        """One row for each series, origin and step: the forecast's columns plus ``origin`` and ``actual``."""
        table = forecast_frame(self.panel, self.series, self.origins, self.ours, self.levels)
        steps = self.panel.starts[self.series] + self.origins - 1
        origin = self.panel.clock.at(np.repeat(steps, self.actual.shape[1])).alias("origin")
        actual = pl.Series("actual", self.actual.ravel()).fill_nan(None)
        place = table.columns.index("forecast")
        return table.insert_column(place, origin).insert_column(place + 1, actual)


def forecast_frame(
    panel: Panel, series: Ints, origins: Ints, intervals: Intervals, levels: tuple[float, ...]
) -> pl.DataFrame:
    """Columns: the series and the time under their own names, ``forecast``, ``lower_80``, ``upper_80`` and so on."""
    keys = panel.keys(panel.starts[series] + origins, intervals.point.shape[1], series)
    columns = {"forecast": intervals.point.ravel()}
    for i, level in enumerate(levels):
        columns[f"lower_{percent(level / 100)}"] = intervals.lower[..., i].ravel()
        columns[f"upper_{percent(level / 100)}"] = intervals.upper[..., i].ravel()
    return pl.concat([keys, pl.DataFrame(columns)], how="horizontal")
