"""Pictures of forecasts and of how far to trust them. They take arrays and give matplotlib figures.

Times are datetime64 or step numbers. ``K`` horizon, ``Lv`` interval levels (ascending), ``F`` origins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from recollect.core.errors import InputError
from recollect.evaluate.metrics import percent
from recollect.report.canvas import COLOURS, INK, OURS, SEASONAL_NAIVE, draw_line, house_style, time_axis

__all__ = [
    "BacktestSeries",
    "ForecastSeries",
    "backtest_figure",
    "calibration_figure",
    "forecast_figure",
    "horizon_figure",
]

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.generic]

_MOST_PANELS = 6


@dataclass(frozen=True)
class ForecastSeries:
    """One series and its forecast.

    ``history`` [T] at history_times [T]; ``point`` [K], ``lower`` and ``upper`` [K, Lv] at times [K].
    """

    name: str
    history_times: Times
    history: Floats
    times: Times
    point: Floats
    lower: Floats
    upper: Floats


@dataclass(frozen=True)
class BacktestSeries:
    """One series and its past forecasts.

    ``actual`` [T] at actual_times [T]; times, point and naive [F, K], lower and upper [F, K, Lv], by ascending origin.
    """

    name: str
    actual_times: Times
    actual: Floats
    times: Times
    point: Floats
    lower: Floats
    upper: Floats
    naive: Floats


def forecast_figure(
    series: Sequence[ForecastSeries], levels: tuple[float, ...], unit: str = "", tail: int | None = None
) -> Figure:
    """History and forecast with its intervals, a panel for each of the first six series.

    ``tail`` points of history are shown (three horizons, at least 30, if not given); ``unit`` names the value axis.
    """
    with house_style():
        figure, panels = _panels([one.name for one in series], unit)
        for axes, one in zip(panels, series, strict=False):
            shown = slice(-(tail or max(3 * len(one.times), 30)), None)
            past_times, past = one.history_times[shown], one.history[shown]
            _fan(axes, one.times, one.lower, one.upper, levels)
            draw_line(axes, past_times, past, INK, "observed")
            draw_line(axes, one.times, one.point, OURS, "forecast", 1.6)
            axes.axvline(past_times[-1], color="#999999", lw=0.8, ls=":")
            time_axis(axes, one.times)
        _legend(figure, panels[0])
    return figure


def backtest_figure(
    series: Sequence[BacktestSeries], levels: tuple[float, ...], unit: str = "", most_origins: int = 5
) -> Figure:
    """What was forecast at past origins, with intervals, over what happened, and the seasonal naive beside it.

    Of overlapping origins only the last ``most_origins`` that do not overlap are drawn, a panel for each series.
    """
    with house_style():
        figure, panels = _panels([one.name for one in series], unit)
        for axes, one in zip(panels, series, strict=False):
            chosen = _apart(one.times, most_origins)
            lead = one.times.shape[1] // 2
            first = max(int(np.searchsorted(one.actual_times, one.times[chosen[0], 0])) - lead, 0)
            last = int(np.searchsorted(one.actual_times, one.times[chosen[-1], -1], side="right"))
            for i in chosen:
                _fan(axes, one.times[i], one.lower[i], one.upper[i], levels)
                draw_line(axes, one.times[i], one.naive[i], SEASONAL_NAIVE, "seasonal naive", 1.0, "--")
                draw_line(axes, one.times[i], one.point[i], OURS, "forecast", 1.6)
                axes.axvline(one.times[i, 0], color="#999999", lw=0.8, ls=":")
            draw_line(axes, one.actual_times[first:last], one.actual[first:last], INK, "observed", 1.0)
            time_axis(axes, one.actual_times)
        _legend(figure, panels[0])
    return figure


def horizon_figure(errors: Mapping[str, npt.ArrayLike], measure: str) -> Figure:
    """Error by steps ahead, [K] for each method; the first method is ours and drawn strongest."""
    with house_style():
        figure = Figure(figsize=(9.6, 3.6))
        axes = figure.subplots()
        for i, (name, values) in enumerate(errors.items()):
            heights = np.asarray(values, np.float64)
            marker = "o" if len(heights) <= 12 else ""
            width, dashes = (2.0, "-") if i == 0 else (1.2, ("--", ":", "-.")[(i - 1) % 3])
            steps = np.arange(1, len(heights) + 1)
            axes.plot(
                steps,
                heights,
                dashes,
                marker=marker,
                ms=3.5,
                color=COLOURS[i % len(COLOURS)],
                lw=width,
                label=name,
                zorder=3 - 0.1 * i,
            )
        axes.set_ylim(bottom=0)
        axes.set_ylabel(f"{measure} (lower is better)")
        _steps_axis(axes)
        _legend(figure, axes)
    return figure


def calibration_figure(
    levels: tuple[float, ...], coverage: npt.ArrayLike, by_horizon: npt.ArrayLike, rows: int
) -> Figure:
    """Promised and measured coverage: over all, ``coverage`` [Lv], and for each step ahead, ``by_horizon`` [K, Lv].

    The bands are where 95 of 100 measured values of a right interval would lie by chance, had the ``rows`` forecasts
    behind each step been independent: promised +- 1.96 sqrt(L (1 - L) / rows).
    """
    measured, steps = np.asarray(coverage, np.float64), np.asarray(by_horizon, np.float64)
    with house_style():
        figure = Figure(figsize=(9.6, 3.6))
        left, right = figure.subplots(1, 2, width_ratios=(1, 1.7))
        low = min(0.5, float(np.floor(10 * np.nanmin([*measured, *levels])) / 10))
        left.plot([low, 1], [low, 1], color="#888888", lw=0.8, ls="--")
        for i, (level, held) in enumerate(zip(levels, measured, strict=True)):
            colour = COLOURS[i % len(COLOURS)]
            left.plot(level, held, "o", color=colour, ms=7)
            chance = 1.96 * np.sqrt(level * (1 - level) / max(rows, 1))
            ahead = np.arange(1, len(steps) + 1)
            right.axhspan(level - chance, min(level + chance, 1), color=colour, alpha=0.12, lw=0)
            right.axhline(level, color=colour, lw=0.8, ls="--")
            marker = "o" if len(steps) <= 12 else ""
            right.plot(ahead, steps[:, i], color=colour, marker=marker, ms=3.5, label=f"{percent(level)} % intervals")
        left.set(xlim=(low, 1.02), ylim=(low, 1.02), xlabel="promised", ylabel="measured", title="Over all")
        right.set(ylabel="measured", title="By steps ahead")
        right.set_ylim(top=1.02)
        for axis in (left.xaxis, left.yaxis, right.yaxis):
            axis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
        _steps_axis(right)
        _legend(figure, right)
    return figure


def _panels(names: Sequence[str], unit: str) -> tuple[Figure, list[Axes]]:
    if not names:
        raise InputError("there is no series to draw")
    count = min(len(names), _MOST_PANELS)
    columns = 1 if count <= 3 else 2
    rows = -(-count // columns)
    figure = Figure(figsize=(9.6, 3.6 if rows == 1 else 2.3 * rows + 0.4))
    grid = figure.subplots(rows, columns, squeeze=False)
    panels = list(grid.ravel())
    for axes, name in zip(panels, names, strict=False):
        axes.set_title(name)
        axes.margins(x=0.01)
    for axes in panels[count:]:
        axes.remove()
    for axes in grid[:, 0]:
        axes.set_ylabel(unit)
    figure.align_ylabels()
    return figure, panels[:count]


def _steps_axis(axes: Axes) -> None:
    axes.set_xlabel("steps ahead")
    axes.set_xlim(left=0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _fan(axes: Axes, times: Times, lower: Floats, upper: Floats, levels: tuple[float, ...]) -> None:
    """The widest and palest interval first; each narrower one covers its middle. All lie below the grid."""
    blue = np.array(to_rgb(OURS))
    for i in reversed(range(len(levels))):
        strength = 1 - 0.8 ** (len(levels) - i)
        tint = tuple(1 - strength * (1 - blue))
        label = f"{percent(levels[i])} % interval"
        if len(times) == 1:
            axes.vlines(times, lower[:, i], upper[:, i], color=tint, lw=8, label=label, zorder=0.4)
        else:
            axes.fill_between(times, lower[:, i], upper[:, i], color=tint, lw=0, label=label, zorder=0.4)


def _apart(times: Times, most: int) -> list[int]:
    """The last origins, ascending, whose forecasts do not overlap."""
    chosen = [len(times) - 1]
    for i in range(len(times) - 2, -1, -1):
        if len(chosen) < most and times[i, -1] < times[chosen[-1], 0]:
            chosen.append(i)
    return chosen[::-1]


def _legend(figure: Figure, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    once = dict(zip(labels, handles, strict=True))
    order = sorted(once, key=lambda label: label.endswith("interval"))
    figure.legend([once[label] for label in order], order, loc="outside upper right", ncols=min(len(order), 6))
