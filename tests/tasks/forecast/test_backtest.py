from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from recollect.core.errors import DataError, InputError
from recollect.evaluate.metrics import seasonal_scale
from recollect.tasks.forecast.backtest import backtest_model, backtest_panel, origins_of
from recollect.tasks.forecast.fitting import fit_model
from recollect.tasks.forecast.settings import Settings


@pytest.fixture
def quick(tiny: Settings) -> Settings:
    return replace(tiny, max_epochs=1, domain="real")


class TestOrigins:
    def test_series_with_times_share_their_origins(self, make_panel) -> None:
        panel = make_panel([np.arange(20.0), np.arange(12.0), np.arange(5.0)], starts=[0, 6, 15])
        plan = origins_of(panel, 3, 2, 4)
        assert (panel.starts + plan.origins)[:, :2].tolist() == [[13, 13], [17, 17]]
        assert plan.origins[:, 2].tolist() == [0, 2], "nothing is known before a series begins"

    def test_mere_steps_are_counted_from_each_series_own_end(self, make_panel) -> None:
        panel = make_panel([np.arange(20.0), np.arange(12.0)], timed=False)
        assert origins_of(panel, 3, 2, 4).origins.tolist() == [[13, 5], [17, 9]]

    def test_a_series_that_ended_is_not_forecast_after_its_end(self, make_panel, quick) -> None:
        panel = make_panel([np.arange(60.0) % 7, np.arange(40.0) % 5])
        assert set(origins_of(panel, 4, 3, 4).rows(panel, range(3)).series) == {0}

    @pytest.mark.parametrize(("folds", "stride"), [(0, 4), (-1, 4), (2, 0), (2, -4)])
    def test_counts_below_one_are_refused(self, make_panel, quick, folds: int, stride: int) -> None:
        panel = make_panel([np.arange(60.0)])
        with pytest.raises(InputError, match="and must be at least 1"):
            backtest_panel(panel, quick, 1, folds=folds, stride=stride)

    def test_too_many_folds_are_told_how_many_fit(self, make_panel) -> None:
        panel = make_panel([np.arange(20.0)])
        with pytest.raises(DataError, match="at most 4 folds fit"):
            origins_of(panel, 4, 5, 4)
        assert origins_of(panel, 4, 4, 4).origins[0, 0] >= 3
        with pytest.raises(DataError, match="give more data or a shorter horizon"):
            origins_of(panel, 19, 1, 1)


class TestTheResult:
    def test_every_row_stands_beside_what_happened_and_the_seasonal_naive(self, make_panel, waves, quick) -> None:
        waves[0][84] = np.nan
        panel = make_panel(waves, timed=False)
        found = backtest_panel(panel, quick, 6, folds=3, stride=2)
        assert len(found.series) == 9
        naive = found.forecasts["seasonal naive"]
        for i, (n, origin) in enumerate(zip(found.series, found.origins, strict=True)):
            y = panel.history(int(n))
            actual = y[origin : origin + 4]
            assert np.array_equal(found.actual[i], np.pad(actual, (0, 4 - len(actual)), constant_values=np.nan), True)
            if not np.isnan(y[origin - 6 : origin]).any():
                assert naive.point[i] == pytest.approx(y[origin - 6 : origin - 2])
        assert set(found.scores) == {"recollect", "seasonal naive"}
        first = [found.origins[found.series == n].min() for n in range(3)]
        scale = [seasonal_scale(panel.history(n)[: first[n]], 6) for n in range(3)]
        assert np.allclose(found.scale, np.array(scale)[found.series]), "scaled by what lies before the first origin"

    def test_refitting_is_a_model_a_fold(self, make_panel, waves, quick) -> None:
        panel = make_panel(waves, timed=False)
        found = backtest_panel(panel, quick, 6, folds=2, refit=True)
        once = backtest_panel(panel, quick, 6, folds=2)
        assert (len(found.records), len(once.records)) == (2, 1)
        assert np.array_equal(found.ours.point[:3], once.ours.point[:3]), "the first fold is the same model"
        assert not np.array_equal(found.ours.point[3:], once.ours.point[3:])
        last = np.array([found.origins[found.series == n].max() for n in range(3)])
        alone = fit_model(panel, quick, last, 6)
        expected = alone.ahead(replace(panel, ends=last))
        assert np.allclose(found.ours.point[3:], expected.point, rtol=1e-5)

    def test_a_fold_without_a_series_is_passed_over(self, make_panel, quick) -> None:
        panel = make_panel([np.arange(40.0) % 7, np.arange(13.0) % 3], starts=[0, 100])
        found = backtest_panel(panel, quick, 1, folds=3, refit=True)
        assert set(found.series) == {1} and len(found.records) == 2

    def test_no_series_at_all_is_an_error(self, make_panel, quick) -> None:
        panel = make_panel([np.arange(40.0) % 7, [1.0, 2.0, 3.0]], starts=[0, 100])
        with pytest.raises(DataError, match="no series has two steps before one of the 2 origins"):
            backtest_panel(panel, quick, 1, folds=2)

    def test_what_logarithms_cannot_read_is_told(self, make_panel, waves, tiny) -> None:
        waves[0][85] = 0.0
        panel = make_panel(waves, timed=False)
        found = backtest_panel(panel, replace(tiny, max_epochs=1), 6, folds=4, stride=2)
        assert found.notes == ("values not above 0 have no logarithm: the model took them (1) as not observed",)
        assert (found.actual == 0).any(), "it is scored all the same"
        assert np.isfinite(found.ours.point).all()

    def test_all_baselines_stand_beside_on_request(self, make_panel, waves, quick) -> None:
        panel = make_panel([waves[0]])
        found = backtest_panel(panel, quick, 6, folds=1, baselines="all")
        assert list(found.scores) == ["recollect", "seasonal naive", "ets", "theta"]
        assert all(np.isfinite(f.point).all() for f in found.forecasts.values())
        with pytest.raises(InputError, match="baselines is 'some'"):
            backtest_panel(panel, quick, 6, folds=1, baselines="some")

    def test_a_model_can_be_tested_as_it_is(self, make_panel, waves, quick) -> None:
        panel = make_panel(waves, timed=False)
        plan = origins_of(panel, 4, 2, 4)
        model = fit_model(panel, quick, plan.origins[0], 6)
        found = backtest_model(model, panel, plan)
        same = backtest_panel(panel, quick, 6, folds=2, stride=4)
        assert np.array_equal(found.ours.point, same.ours.point)
        assert found.scores["recollect"].overall == same.scores["recollect"].overall

    def test_what_it_claims_is_what_use_does(self, make_panel, waves, quick) -> None:
        """At each origin, forecast and intervals are those of the model that reads the data up to there."""
        panel = make_panel([wave[:70] for wave in waves])
        found = backtest_panel(panel, quick, 6, folds=6, stride=3)
        first = np.full(3, found.origins.min())
        model = fit_model(panel, quick, first, 6)
        widths = []
        for origin in np.unique(found.origins):
            known = make_panel([wave[:origin] for wave in waves])
            expected, rows = model.renewed(known).ahead(known), found.origins == origin
            for name in ("point", "lower", "upper"):
                assert np.allclose(getattr(found.ours, name)[rows], getattr(expected, name), rtol=1e-4), name
            widths.append(float((expected.upper - expected.lower)[0, 0, 1]))
        assert len(set(widths)) == len(widths), "each origin has its own calibration, or this proves nothing"

    def test_intervals_follow_data_that_drift(self, make_panel, quick) -> None:
        random = np.random.default_rng(0)
        noise = np.where(np.arange(600) < 300, 0.2, 0.6) * random.normal(size=600)
        panel = make_panel([10 + 5 * np.sin(np.arange(600) * np.pi / 3) + noise])
        found = backtest_panel(panel, quick, 6, folds=80)
        origins = origins_of(panel, 4, 80, 4)
        model = fit_model(panel, quick, origins.origins[0], 6)
        rows = origins.rows(panel, range(80))
        still = model.forecast(model.windows(panel, origins.origins[0]), rows)
        held = [
            float(((low[..., 1] <= found.actual) & (found.actual <= high[..., 1]))[40:].mean())
            for low, high in ((still.lower, still.upper), (found.ours.lower, found.ours.upper))
        ]
        assert np.array_equal(found.ours.point, still.point)
        assert held[0] < 0.75 < 0.9 < held[1], held

    def test_its_table_says_when_what_was_known(self, make_panel, waves, quick) -> None:
        panel = make_panel([waves[0]], starts=[48])
        found = backtest_panel(panel, quick, 6, folds=2).frame()
        assert found.columns == [
            "id", "t", "origin", "actual", "forecast", "lower_80", "upper_80", "lower_95", "upper_95",
        ]  # fmt: skip
        last = datetime(1970, 1, 1) + timedelta(hours=48 + 89)
        assert found["t"][-1] == last and found["actual"][-1] == waves[0][-1]
        assert found["origin"][-1] == last - timedelta(hours=4), "the last time that was known"
        assert found.group_by("origin").len()["len"].to_list() == [4, 4]
        assert found.select(pl.col("t") > pl.col("origin")).to_series().all()


def test_an_origin_needs_two_observed_values(make_panel) -> None:
    panel = make_panel([[1.0, np.nan, np.nan, 2.0, 3.0, 4.0, 5.0, 6.0]])
    rows = origins_of(panel, 1, 5, 1).rows(panel, range(5))
    assert rows.origins.tolist() == [4, 5, 6, 7]
