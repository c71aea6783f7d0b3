"""The forecaster as people use it: their frames in, the same kind of frame out."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from recollect.core.errors import DataError, InputError
from recollect.tasks.forecast.estimator import Forecaster

LEVELS = ["forecast", "lower_80", "upper_80", "lower_95", "upper_95"]
START = datetime(2024, 1, 1)


def quick(horizon: int = 4, **changes: Any) -> Forecaster:
    return Forecaster(horizon, **({"season": 6, "hidden_size": 8, "max_epochs": 1} | changes))


def sold(count: int, seed: int = 0) -> np.ndarray:
    return 5 + np.sin(np.arange(count) * np.pi / 3) + 0.2 * np.random.default_rng(seed).normal(size=count)


@pytest.fixture
def hourly() -> pl.DataFrame:
    times = pl.datetime_range(START, START + timedelta(hours=79), "1h", eager=True)
    return pl.DataFrame({"when": times, "load": sold(80)})


def check(found: pl.DataFrame, keys: list[str], rows: int) -> None:
    assert found.columns == [*keys, *LEVELS] and len(found) == rows
    assert found.select(pl.col(LEVELS).is_finite().all()).row(0) == (True,) * 5


class TestFrames:
    def test_polars(self, hourly: pl.DataFrame) -> None:
        found = quick().fit(hourly).predict()
        check(found, ["when"], 4)
        assert found["when"].dtype == hourly["when"].dtype
        assert found["when"].to_list() == [START + timedelta(hours=80 + k) for k in range(4)]

    def test_pandas(self, hourly: pl.DataFrame) -> None:
        frame = pd.DataFrame({"when": hourly["when"].to_numpy(), "load": hourly["load"].to_numpy()})
        found = quick().fit(frame).predict()
        assert isinstance(found, pd.DataFrame) and list(found.columns) == ["when", *LEVELS]
        assert found["when"].dtype == frame["when"].dtype and found["when"].iloc[0] == pd.Timestamp("2024-01-04 08:00")

    def test_pandas_with_the_times_in_its_index(self, hourly: pl.DataFrame) -> None:
        series = pd.Series(hourly["load"].to_numpy(), index=pd.DatetimeIndex(hourly["when"].to_numpy()), name="load")
        found = quick().fit(series).predict()
        assert isinstance(found, pd.DataFrame) and list(found.columns) == ["time", *LEVELS]

    def test_arrow(self, hourly: pl.DataFrame) -> None:
        table = hourly.to_arrow()
        found = quick().fit(table).predict()
        assert isinstance(found, pa.Table) and found.column_names == ["when", *LEVELS]
        assert found.schema.field("when").type == table.schema.field("when").type

    def test_a_mapping_of_columns(self, hourly: pl.DataFrame) -> None:
        check(quick().fit({"when": hourly["when"].to_list(), "load": hourly["load"].to_list()}).predict(), ["when"], 4)

    def test_an_array_counts_its_own_steps(self) -> None:
        found = quick().fit(sold(80)).predict()
        check(found, ["step"], 4)
        assert found["step"].to_list() == [80, 81, 82, 83]

    def test_an_array_can_be_continued(self) -> None:
        made = quick().fit(sold(80)[:78])
        found = made.update(sold(80)[78:]).predict()
        assert found["step"].to_list() == [80, 81, 82, 83]
        assert np.allclose(found["forecast"], made.predict(sold(80))["forecast"], rtol=0.05)

    def test_all_kinds_give_the_same_numbers(self, hourly: pl.DataFrame) -> None:
        frames = [hourly, hourly.to_pandas(), hourly.to_arrow(), hourly.to_dict()]
        found = [np.asarray(quick().fit(frame).predict()["forecast"]) for frame in frames]
        assert all(np.array_equal(values, found[0]) for values in found)

    def test_predicting_gives_the_kind_that_was_asked_with(self, hourly: pl.DataFrame) -> None:
        made = quick().fit(hourly)
        assert isinstance(made.predict(hourly.to_pandas()), pd.DataFrame)
        assert isinstance(made.predict(hourly.to_arrow()), pa.Table)
        assert isinstance(made.predict(hourly), pl.DataFrame)

    @pytest.mark.parametrize("kind", ["polars", "pandas"])
    def test_zoned_times_keep_their_zone_over_a_clock_change(self, kind: str) -> None:
        start = datetime(2024, 3, 28, tzinfo=timezone.utc)
        times = pl.datetime_range(start, start + timedelta(hours=71), "1h", eager=True, time_zone="UTC")
        frame = pl.DataFrame({"when": times.dt.convert_time_zone("Europe/Berlin"), "load": sold(72)})
        found = quick().fit(frame if kind == "polars" else frame.to_pandas()).predict()
        found = found if isinstance(found, pl.DataFrame) else pl.from_pandas(found)
        assert found["when"].dtype.time_zone == "Europe/Berlin"  # type: ignore[attr-defined]
        assert [t.hour for t in found["when"]] == [1, 3, 4, 5], "no half past two that night"
        if kind == "polars":
            assert found["when"].dtype == frame["when"].dtype

    def test_dates_and_text_times_stay_what_they_are(self) -> None:
        days = pl.date_range(START.date(), START.date() + timedelta(days=69), eager=True)
        found = quick().fit(pl.DataFrame({"day": days, "n": sold(70)})).predict()
        assert found["day"].dtype == pl.Date and str(found["day"][0]) == "2024-03-11"
        text = quick().fit(pl.DataFrame({"day": days.dt.strftime("%d.%m.%Y"), "n": sold(70)})).predict()
        assert text["day"].to_list() == ["11.03.2024", "12.03.2024", "13.03.2024", "14.03.2024"]

    def test_integer_targets_and_missing_values_are_read(self) -> None:
        counts = (
            pl.Series("n", np.round(10 * sold(70)).astype(int))
            .to_frame()
            .with_columns(n=pl.when(pl.int_range(70).is_in([20, 21, 50])).then(None).otherwise(pl.col("n")))
        )
        found = quick(domain="count").fit(counts).predict()
        check(found, ["step"], 4)
        assert (found["forecast"] % 1 == 0).all()


class TestManySeries:
    def test_integer_names_stay_integers(self, hourly: pl.DataFrame) -> None:
        frame = pl.concat([hourly.with_columns(shop=pl.lit(n)) for n in (7, 3)])
        found = quick().fit(frame, target="load", series="shop").predict()
        check(found, ["shop", "when"], 8)
        assert found["shop"].dtype.is_integer() and found["shop"].to_list() == [7] * 4 + [3] * 4

    def test_series_of_different_ends_are_forecast_from_their_own(self, hourly: pl.DataFrame) -> None:
        frame = pl.concat([hourly.with_columns(shop=pl.lit("a")), hourly[:60].with_columns(shop=pl.lit("b"))])
        found = quick().fit(frame, target="load", series="shop").predict()
        first = found.group_by("shop", maintain_order=True).first()
        assert first["when"].to_list() == [START + timedelta(hours=80), START + timedelta(hours=60)]

    def test_a_wide_table_is_a_series_a_column(self, hourly: pl.DataFrame) -> None:
        wide = hourly.with_columns(b=pl.col("load") * 100)
        found = quick().fit(wide, wide=True).predict()
        check(found, ["series", "when"], 8)
        assert found["series"].unique(maintain_order=True).to_list() == ["load", "b"]
        assert quick().fit(np.column_stack([sold(60), sold(60, 1)]), wide=True).predict()["series"][4] == "s1"

    def test_a_new_series_can_be_forecast_and_an_old_one_left_out(self, hourly: pl.DataFrame) -> None:
        frame = pl.concat([hourly.with_columns(shop=pl.lit(n)) for n in "ab"])
        made = quick().fit(frame, target="load", series="shop")
        newer = pl.concat([hourly.with_columns(shop=pl.lit("new")), hourly.with_columns(shop=pl.lit("b"))])
        found = made.predict(newer)
        assert found["shop"].unique(maintain_order=True).to_list() == ["new", "b"]
        assert np.allclose(found["forecast"][:4], found["forecast"][4:], rtol=0.05)

    def test_no_order_of_rows_matters(self, hourly: pl.DataFrame) -> None:
        made = quick().fit(hourly)
        assert made.predict(hourly.sample(fraction=1.0, shuffle=True, seed=1)).equals(made.predict(hourly))


class TestTheTrade:
    """What must not happen between the verbs."""

    def test_nothing_works_before_fit(self, hourly: pl.DataFrame, tmp_path) -> None:
        made = quick()
        for use in (made.predict, made.backtest, lambda: made.update(hourly), lambda: made.save(tmp_path / "m")):
            with pytest.raises(InputError, match="has learnt nothing yet: call fit first"):
                use()

    def test_fit_says_what_it_found_and_repaired(self, hourly: pl.DataFrame) -> None:
        twice = pl.concat([hourly, hourly[3:5]]).filter(pl.int_range(pl.len()) != 20)
        notes = quick().fit(twice).notes
        assert any(note.kind == "inferred" and '"when"' in note.text for note in notes)
        assert ("repaired", 2) in {(note.kind, note.count) for note in notes}, "two rows came twice"
        assert ("warning", 1) in {(note.kind, note.count) for note in notes}, "one is left out"

    def test_predict_and_update_do_not_change_what_was_learnt(self, hourly: pl.DataFrame) -> None:
        made = quick().fit(hourly[:60])
        weights = [value.clone() for value in made.model.networks[0].state_dict().values()]
        made.predict(hourly[:70])
        made.update(hourly[70:])
        assert all((a == b).all() for a, b in zip(weights, made.model.networks[0].state_dict().values(), strict=True))

    def test_newer_rows_calibrate_the_intervals_and_older_ones_do_not(self, hourly: pl.DataFrame) -> None:
        wild = hourly.with_columns(load=pl.when(pl.int_range(80) < 60).then("load").otherwise(5 * pl.col("load")))
        made = quick().fit(hourly[:60])
        before = made.predict()
        later = made.predict(wild)
        assert made.predict(hourly[:60]).equals(before), "what was read since has no say"
        still = made.model.ahead(made.read(wild))
        width = (later["upper_95"] - later["lower_95"]).to_numpy()
        assert (width > 1.5 * (still.upper - still.lower)[0, :, 1]).all()
        assert np.allclose(later["forecast"], still.point[0])
        # A stream goes on from there.
        at_once = made.predict(wild[:79])
        made.update(wild[79:])
        assert not np.allclose(made.predict()["upper_95"], at_once["upper_95"])
        assert np.array_equal(
            made._stream.model.calibration.correction, made.model.renewed(made.read(wild[:79])).calibration.correction
        )

    def test_updating_row_by_row_is_updating_at_once(self, hourly: pl.DataFrame) -> None:
        slow, fast = quick().fit(hourly[:60]), quick().fit(hourly[:60])
        for n in range(60, 80):
            slow.update(hourly[n : n + 1])
        a, b = slow.predict(), fast.update(hourly[60:]).predict()
        assert a["when"].equals(b["when"])
        assert np.allclose(a.select(LEVELS).to_numpy(), b.select(LEVELS).to_numpy(), rtol=1e-5)
        with pytest.raises(DataError, match="is not after the last one, at 2024-01-04 07:00"):
            slow.update(hourly[79:])

    def test_a_backtest_trains_anew_and_leaves_the_model(self, hourly: pl.DataFrame) -> None:
        made = quick().fit(hourly)
        before = made.predict()
        test = made.backtest(folds=2)
        assert test.frame().height == 8 and {"recollect", "seasonal naive"} == set(test.scores)
        assert made.predict().equals(before)

    def test_a_backtest_finds_its_season_before_its_first_origin(self, hourly: pl.DataFrame) -> None:
        other = hourly.with_columns(
            pl.when(pl.int_range(80) < 60).then("load").otherwise(10.0 * (pl.int_range(80) % 2))
        )
        tests = [quick(season=None).fit(frame).backtest(folds=5) for frame in (hourly, other)]
        assert np.array_equal(tests[0].ours.point[0], tests[1].ours.point[0])
