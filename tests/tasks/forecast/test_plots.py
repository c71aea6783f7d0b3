"""What the forecaster's pictures show: the right values at the right times, gaps as gaps, and which series."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recollect.data.clock import Clock
from recollect.data.panel import Panel
from recollect.data.schema import Schema
from recollect.tasks.forecast import plots
from recollect.tasks.forecast.backtest import backtest_panel
from recollect.tasks.forecast.results import Backtest, Intervals
from recollect.tasks.forecast.settings import Settings
from recollect.train.record import Record

HOURS = Clock(unit="hour", kind="datetime")
QUICK = Settings(horizon=4, season=6, hidden_size=8, max_epochs=1)


def panel_of(count: int, clock: Clock = HOURS) -> Panel:
    """Series of 60 steps, the n-th noisier than the one before, with a gap at step 50."""
    random = np.random.default_rng(1)
    rows = [10 + np.sin(np.arange(60) * np.pi / 3) + 0.2 * (n + 1) * random.normal(size=60) for n in range(count)]
    target = np.concatenate(rows)
    target[50::60] = np.nan
    empty = np.empty((len(target), 0))
    one = np.ones(count, np.int64)
    return Panel(
        Schema("y", clock, time="t", series="id"), clock, tuple(f"s{n}" for n in range(count)), 100 * one,
        np.arange(count + 1) * 60, 60 * one, target, empty, empty, np.empty((count, 0)), np.empty((count, 0), np.int64),
    )  # fmt: skip


def ahead(panel: Panel) -> Intervals:
    point = np.arange(4.0) + np.arange(len(panel))[:, None]
    wide = np.array([1.0, 2.0])
    return Intervals(point, point[..., None] - wide, point[..., None] + wide)


@pytest.fixture(scope="module")
def many() -> Backtest:
    return backtest_panel(panel_of(20), QUICK, 6, folds=3)


def test_a_forecast_stands_right_after_its_history() -> None:
    panel = panel_of(1)
    (figure,) = plots.forecast_pictures(panel, ahead(panel), (80, 95), [plots.Pick(0)])
    lines = {str(line.get_label()): line for line in figure.axes[0].lines}
    times, values = lines["forecast"].get_data()
    assert list(times) == list(np.datetime64("1970-01-01T00", "us") + np.arange(160, 164) * np.timedelta64(1, "h"))
    assert list(values) == [0.0, 1.0, 2.0, 3.0]
    past, seen = lines["observed"].get_data()
    assert past[-1] == np.datetime64("1970-01-07T15", "us")
    assert np.flatnonzero(np.isnan(seen)).tolist() == [len(seen) - 10]
    assert figure.axes[0].get_title(loc="left") == "s0"


def test_zoned_times_are_shown_as_local_ones() -> None:
    panel = panel_of(1, replace(HOURS, zone="Asia/Shanghai"))
    (figure,) = plots.forecast_pictures(panel, ahead(panel), (80, 95), [plots.Pick(0)])
    lines = {str(line.get_label()): line for line in figure.axes[0].lines}
    assert np.asarray(lines["forecast"].get_xdata())[0] == np.datetime64("1970-01-08T00", "us")


def test_few_series_are_all_drawn_six_to_a_picture() -> None:
    panel = panel_of(8)
    picks = plots.pick_series(panel, None)
    assert [pick.place for pick in picks] == list(range(8))
    figures = plots.forecast_pictures(panel, ahead(panel), (80, 95), picks)
    assert [len(figure.axes) for figure in figures] == [6, 2]


def test_of_many_the_best_typical_and_worst_are_drawn(many: Backtest) -> None:
    picks = plots.pick_series(many.panel, many)
    assert [pick.why for pick in picks[:6]] == ["best", "best", "typical", "typical", "worst", "worst"]
    assert len({pick.place for pick in picks}) == 12
    mase = many.scores["recollect"].by_series(many.series)["mase"]
    order = np.argsort(mase)
    assert [pick.place for pick in picks[:2]] == order[:2].tolist()
    assert [pick.place for pick in picks[4:6]] == order[:-3:-1].tolist()
    assert picks[4].title(many.panel) == f"s{order[-1]}  (worst)"


def test_of_many_without_scores_the_first_are_drawn(many: Backtest) -> None:
    assert [pick.place for pick in plots.pick_series(many.panel, None)] == list(range(12))


def test_a_backtest_shows_each_forecast_at_its_own_time(many: Backtest) -> None:
    (figure,) = plots.backtest_pictures(many, [plots.Pick(3)])
    drawn = [line for line in figure.axes[0].lines if line.get_label() == "forecast"]
    rows = np.flatnonzero(many.series == 3)
    assert len(drawn) == len(rows) == 3
    for line, row in zip(drawn, sorted(rows, key=lambda row: int(many.origins[row])), strict=True):
        times, values = line.get_data()
        assert np.asarray(times)[0] == np.datetime64("1970-01-05T04", "us") + many.origins[row] * np.timedelta64(1, "h")
        assert np.array_equal(values, many.ours.point[row])


def test_series_without_a_past_forecast_are_left_out(many: Backtest) -> None:
    kept = many.series != 3
    part = replace(many, series=many.series[kept], origins=many.origins[kept], actual=many.actual[kept])
    assert plots.backtest_pictures(part, [plots.Pick(3)]) == []


def test_errors_and_coverage_by_steps_are_those_of_the_scores(many: Backtest) -> None:
    lines = plots.horizons(many).axes[0].lines
    assert [line.get_label() for line in lines] == ["recollect", "seasonal naive"]
    assert np.array_equal(lines[0].get_ydata(), many.scores["recollect"].by_horizon["mase"])
    right = plots.calibration(many).axes[1]
    shown = {line.get_label(): line.get_ydata() for line in right.lines}
    assert np.array_equal(shown["80 % intervals"], many.scores["recollect"].by_horizon["coverage_80"])


def test_learning_shows_every_network_and_what_was_kept() -> None:
    record = Record(epochs=2, losses=[2.0, 1.0], validations=[(0, 3.0), (1, 1.5), (2, 1.8)], best_epoch=1)
    lines = plots.learning([record, record]).axes[0].lines
    assert len(lines) == 6
    assert [list(np.asarray(line.get_ydata())) for line in lines[:3]] == [[2.0, 1.0], [3.0, 1.5, 1.8], [1.5]]
