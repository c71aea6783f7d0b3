"""What the pictures show: the right numbers at the right times, and nothing that was not given."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from recollect.core.errors import InputError
from recollect.report.canvas import embed
from recollect.report.pictures import (
    BacktestSeries,
    ForecastSeries,
    backtest_figure,
    calibration_figure,
    forecast_figure,
    horizon_figure,
)

LEVELS = (0.8, 0.95)
DAYS = np.datetime64("2024-01-01") + np.arange(200)


def _forecast(name: str = "a", horizon: int = 14, times: np.ndarray = DAYS) -> ForecastSeries:
    history = np.sin(np.arange(100.0))
    point = np.linspace(1, 2, horizon)
    half = np.ones((horizon, 2)) * (1, 2)
    ahead = times[100 : 100 + horizon]
    return ForecastSeries(name, times[:100], history, ahead, point, point[:, None] - half, point[:, None] + half)


def _backtest(origins: list[int], horizon: int = 10) -> BacktestSeries:
    index = np.array(origins)[:, None] + np.arange(horizon)
    point = index.astype(float)
    half = np.ones((*point.shape, 2)) * (1, 2)
    sides = point[..., None] - half, point[..., None] + half
    return BacktestSeries("a", DAYS, np.arange(200.0), DAYS[index], point, *sides, point - 5)


def _lines(axes: Axes, label: str) -> list[np.ndarray]:
    return [np.asarray(line.get_ydata(), float) for line in axes.lines if line.get_label() == label]


def _legend(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_the_forecast_stands_after_the_tail_of_the_history() -> None:
    one = _forecast()
    figure = forecast_figure([one], LEVELS, "load (MW)", tail=20)
    axes = figure.axes[0]
    assert np.array_equal(_lines(axes, "observed")[0], one.history[-20:])
    assert np.array_equal(_lines(axes, "forecast")[0], one.point)
    assert axes.get_ylabel() == "load (MW)"
    assert _legend(figure) == ["observed", "forecast", "95 % interval", "80 % interval"]
    wide, narrow = (fan.get_paths()[0].get_extents() for fan in axes.collections)
    assert (wide.y0, wide.y1, narrow.y0, narrow.y1) == (-1.0, 4.0, 0.0, 3.0)


def test_at_most_six_series_get_a_panel() -> None:
    names = [f"series {i}" for i in range(9)]
    assert [axes.get_title("left") for axes in forecast_figure([_forecast(n) for n in names], LEVELS).axes] == names[:6]
    assert len(forecast_figure([_forecast(n) for n in names[:5]], LEVELS).axes) == 5
    with pytest.raises(InputError, match="no series"):
        forecast_figure([], LEVELS)


@pytest.mark.parametrize("times", [DAYS, DAYS.astype("datetime64[ns]"), np.arange(200), DAYS.astype("datetime64[M]")])
@pytest.mark.parametrize("horizon", [1, 2, 40])
def test_any_clock_and_horizon_can_be_drawn(times: np.ndarray, horizon: int) -> None:
    assert embed(forecast_figure([_forecast("价格_$x$", horizon, times)], ()), "svg")


def test_overlapping_origins_are_thinned_from_the_last() -> None:
    axes = backtest_figure([_backtest([100, 105, 110, 115, 120])], LEVELS).axes[0]
    assert [line[0] for line in _lines(axes, "forecast")] == [100.0, 110.0, 120.0]
    assert [line[0] for line in _lines(axes, "seasonal naive")] == [95.0, 105.0, 115.0]
    observed = _lines(axes, "observed")[0]
    assert (observed[0], observed[-1]) == (95.0, 129.0)


def test_no_more_origins_than_asked() -> None:
    axes = backtest_figure([_backtest(list(range(50, 150, 10)))], LEVELS, most_origins=3).axes[0]
    assert [line[0] for line in _lines(axes, "forecast")] == [120.0, 130.0, 140.0]


def test_errors_by_horizon_start_at_zero_and_step_one() -> None:
    figure = horizon_figure({"LSTM": [0.5, 0.6, np.nan], "seasonal naive": [1.0, 1.0, 1.0]}, "MASE")
    axes = figure.axes[0]
    assert axes.get_ylim()[0] == 0
    assert list(axes.lines[0].get_xdata()) == [1, 2, 3]
    assert axes.get_ylabel() == "MASE (lower is better)"
    assert _legend(figure) == ["LSTM", "seasonal naive"]


def test_calibration_shows_promise_and_measure() -> None:
    by_step = np.array([[0.7, 0.9], [0.9, 0.94]])
    figure = calibration_figure(LEVELS, [0.78, 0.93], by_step, rows=100)
    left, right = figure.axes
    assert [(float(p.get_xdata()[0]), float(p.get_ydata()[0])) for p in left.lines[1:]] == [(0.8, 0.78), (0.95, 0.93)]
    assert np.array_equal(_lines(right, "95 % intervals")[0], [0.9, 0.94])
    band = right.patches[0].get_extents().transformed(right.transData.inverted())
    assert band.y0 == pytest.approx(0.8 - 1.96 * 0.04)
