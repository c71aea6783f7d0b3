"""Rows of any order, with repeats, gaps and a future, laid out on one clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recollect.core.errors import DataError
from recollect.core.notes import Note
from recollect.data.inference import infer_schema
from recollect.data.panel import Panel, build_panel
from recollect.data.rows import series_codes

START = date(2024, 1, 1)


def panel_of(frame: pl.DataFrame, horizon: int | None = None, **options: Any) -> tuple[Panel, list[Note]]:
    schema, _ = infer_schema(frame, **options)
    return build_panel(frame, schema, horizon=horizon)


def daily(values: Sequence[float | None], first: int = 0) -> pl.DataFrame:
    days = [START + timedelta(first + n) for n in range(len(values))]
    return pl.DataFrame({"day": days, "y": values}, schema_overrides={"y": pl.Float64})


def test_a_plain_table() -> None:
    panel, notes = panel_of(daily([1.0, 2.0, 4.0]))
    assert panel.names == ("",) and len(panel) == 1 and notes == []
    np.testing.assert_array_equal(panel.target, [1, 2, 4])
    np.testing.assert_array_equal(panel.offsets, [0, 3])
    assert panel.keys(panel.starts + panel.ends, 2).to_dict(as_series=False) == {
        "day": [date(2024, 1, 4), date(2024, 1, 5)]
    }


def test_gaps_are_steps_without_a_value_and_are_counted() -> None:
    frame = pl.concat([daily([1.0, None]), daily([3.0, 4.0], first=5), daily([5.0], first=8)])
    panel, notes = panel_of(frame)
    np.testing.assert_array_equal(panel.history(0), [1, np.nan, np.nan, np.nan, np.nan, 3, 4, np.nan, 5])
    assert [(note.kind, note.count) for note in notes] == [("warning", 5)]
    assert "steps without a value: 5 (4 without a row, 1 with an empty one), longest run 4;" in notes[0].text


def test_history_begins_and_ends_with_a_value() -> None:
    panel, notes = panel_of(daily([None, 1.0, 2.0, None, None]))
    np.testing.assert_array_equal(panel.target, [1, 2])
    assert panel.keys(panel.starts, 1)["day"][0] == date(2024, 1, 2)
    assert notes[0].text == 'rows left out before the first or after the last value of "y": 3'


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_the_order_of_rows_does_not_matter(data: st.DataObject) -> None:
    lengths = data.draw(st.lists(st.integers(2, 6), min_size=1, max_size=4))
    frame = pl.concat(
        [
            daily([float(10 * n + step) for step in range(length)], first=n).with_columns(id=pl.lit(f"s{n}"))
            for n, length in enumerate(lengths)
        ]
    )
    order = data.draw(st.permutations(range(len(frame))))
    schema, _ = infer_schema(frame, series="id")
    straight, _ = build_panel(frame, schema)
    mixed, _ = build_panel(frame[list(order)], schema)
    assert sorted(mixed.names) == list(straight.names)
    for name in straight.names:
        a, b = straight.names.index(name), mixed.names.index(name)
        np.testing.assert_array_equal(straight.history(a), mixed.history(b))
        assert straight.starts[a] == mixed.starts[b]


def test_series_of_different_lengths_and_their_keys() -> None:
    frame = pl.concat([daily([1.0, 2.0, 3.0]).with_columns(id=7), daily([4.0, 5.0], first=9).with_columns(id=5)])
    panel, _ = panel_of(frame, series="id", target="y")
    assert panel.names == ("7", "5")
    np.testing.assert_array_equal(panel.offsets, [0, 3, 5])
    np.testing.assert_array_equal(panel.starts - panel.starts[0], [0, 9])
    keys = panel.keys(panel.starts + panel.ends, 1)
    assert keys.rows() == [(7, date(2024, 1, 4)), (5, date(2024, 1, 12))]


def test_wide_columns_are_series() -> None:
    frame = daily([1.0, 2.0, 3.0]).with_columns(z=pl.Series([None, 5.0, 6.0])).with_columns(price=pl.Series([1, 2, 3]))
    panel, _ = panel_of(frame, wide=True, known=["price"])
    assert panel.names == ("y", "z") and panel.schema.target == "value"
    np.testing.assert_array_equal(panel.history(1), [5, 6])
    np.testing.assert_array_equal(panel.known[:, 0], [1, 2, 3, 2, 3])
    assert panel.keys(panel.starts + panel.ends, 1).columns == ["series", "day"]


NAMES = {
    "text": pl.Series(["b", "b", "a", "b", "", "a"]),
    "categories": pl.Series(["b", "b", "a", "b", "c", "a"], dtype=pl.Categorical),
    "numbers": pl.Series([7, 7, -1, 7, 0, -1]),
    "fractions": pl.Series([7.5, 7.5, 0.1, 7.5, 1e300, 0.1]),
    "truths": pl.Series([True, True, False, True, False, False]),
    "days": pl.Series([START, START, date(1969, 1, 1), START, date(2030, 1, 1), date(1969, 1, 1)]),
}


@pytest.mark.parametrize("kind", NAMES)
def test_series_are_numbered_as_they_appear_and_named_by_their_text(kind: str) -> None:
    codes, names = series_codes(NAMES[kind].to_frame("id"), "id", None)
    told = NAMES[kind].cast(pl.String).to_list()
    assert list(names) == list(dict.fromkeys(told))
    assert [names[code] for code in codes] == told


class TestNewerRows:
    """Of newer rows a series may have none, in a wide table as in a long one."""

    WIDE = daily([1.0, 2.0, 3.0]).with_columns(z=pl.Series([4.0, 5.0, None]), w=pl.Series([6.0, 7.0, 8.0]))

    def test_a_wide_table_may_have_empty_cells(self) -> None:
        schema, _ = infer_schema(self.WIDE, wide=True)
        newer = daily([4.0, None], first=3).with_columns(
            z=pl.Series([None, None], dtype=pl.Float64), w=pl.Series([None, 9.0])
        )
        panel, notes = build_panel(newer, schema, least=1)
        assert panel.names == ("y", "w")
        np.testing.assert_array_equal(panel.target, [4, 9])
        np.testing.assert_array_equal(panel.starts - schema.clock.index(newer["day"])[0], [0, 1])
        assert "series without a value in these rows, left as they are: 1, 'z'" in [note.text for note in notes]

    def test_what_describes_a_series_stays_with_it_and_a_silent_one_needs_no_future(self) -> None:
        frame = pl.concat(
            [daily([1.0, 2.0]).with_columns(id=pl.lit(n), area=pl.lit(a), kind=pl.lit(k), price=pl.Series([1.0, 2.0]))
             for n, a, k in [("p", 5.0, "hill"), ("q", 6.0, "coast"), ("r", 7.0, "moor")]]
        )  # fmt: skip
        schema, _ = infer_schema(frame, target="y", series="id", static=["area", "kind"], known=["price"])
        silent = (pl.col("id") == "p") | (pl.col("day") > START)
        newer = frame.filter((pl.col("id") != "p") | (pl.col("day") == START)).with_columns(
            y=pl.when(silent).then(None).otherwise("y")
        )
        panel, _ = build_panel(newer, schema, horizon=1, least=1)
        assert panel.names == ("q", "r") and panel.ends.tolist() == [1, 1]
        np.testing.assert_array_equal(panel.static, [[6], [7]])
        np.testing.assert_array_equal(panel.groups, [[1], [3]])
        np.testing.assert_array_equal(panel.known[:, 0], [1, 2, 1, 2])

    def test_rows_without_any_value_are_refused_and_so_is_learning_from_a_silent_series(self) -> None:
        schema, _ = infer_schema(self.WIDE, wide=True)
        with pytest.raises(DataError, match=r"series 'y', 'z', 'w': column \"value\" has no value at all"):
            build_panel(self.WIDE.with_columns(pl.lit(None, pl.Float64).alias(n) for n in "yzw"), schema, least=1)
        with pytest.raises(DataError, match="series 'z': column"):
            build_panel(self.WIDE.with_columns(z=pl.lit(None, pl.Float64)), schema)


def test_equal_repeats_are_kept_once_and_half_filled_ones_joined() -> None:
    frame = pl.concat([daily([1.0, 2.0, None]), daily([2.0, 3.0], first=1), daily([9.0], first=3)])
    panel, notes = panel_of(frame)
    np.testing.assert_array_equal(panel.target, [1, 2, 3, 9])
    assert {note.text for note in notes} == {
        "rows out of order of time, sorted; places: 1",
        "rows that repeat a time with equal values, left out: 2",
    }


def test_the_hour_that_autumn_shows_twice_is_averaged_and_the_one_that_spring_lacks_is_a_gap() -> None:
    zone = "Europe/Berlin"
    utc = pl.datetime_range(pl.datetime(2023, 3, 25), pl.datetime(2023, 10, 30), "1h", time_zone="UTC", eager=True)
    local = utc.dt.convert_time_zone(zone).dt.strftime("%Y-%m-%d %H:%M")
    y = np.arange(len(local), dtype=float)
    panel, notes = panel_of(pl.DataFrame({"time": local, "y": y}))
    assert any("appear twice, as when clocks are set back in autumn, averaged: 1, first" in note.text for note in notes)
    hole = np.flatnonzero(np.isnan(panel.target))
    assert panel.clock.at(panel.starts + hole).to_list() == ["2023-03-26 02:00"]
    twice = int(panel.clock.index(pl.Series(["2023-10-29 02:00"]))[0] - panel.starts[0])
    first = local.to_list().index("2023-10-29 02:00")
    assert panel.target[twice] == (y[first] + y[first + 1]) / 2


def test_with_a_zone_the_same_hours_are_all_there() -> None:
    utc = pl.datetime_range(pl.datetime(2023, 3, 25), pl.datetime(2023, 10, 30), "1h", time_zone="UTC", eager=True)
    panel, notes = panel_of(pl.DataFrame({"time": utc.dt.convert_time_zone("Europe/Berlin"), "y": range(len(utc))}))
    assert notes == [] and not np.isnan(panel.target).any()


def test_stray_times_move_to_the_nearest_step() -> None:
    times = [f"2024-01-01 {hour:02d}:00" for hour in range(24)]
    times[5] = "2024-01-01 05:10"
    panel, notes = panel_of(pl.DataFrame({"time": times, "y": range(24)}))
    assert panel.clock.label in ("hour", "10 minutes")
    times = [f"2024-01-{day:02d} {hour:02d}:00" for day in range(1, 29) for hour in range(24)]
    times[5] = "2024-01-01 05:10"
    panel, notes = panel_of(pl.DataFrame({"time": times, "y": range(len(times))}))
    assert panel.clock.label == "hour" and panel.target[5] == 5
    moved = "times between two steps of one hour, moved to the nearest by at most 10 minutes: 1, first 2024-01-01 05:10"
    assert notes[0].text == moved


def test_rows_ahead_carry_known_covariates_and_are_no_history() -> None:
    frame = daily([1.0, 2.0, 3.0, None, None]).with_columns(
        price=pl.Series([1.0, 2, 3, 4, 5]), wind=pl.Series([9.0, 8, 7, None, None])
    )
    panel, _ = panel_of(frame, horizon=2, target="y", known=["price"], past=["wind"])
    assert panel.ends[0] == 3 and panel.offsets[-1] == 5
    np.testing.assert_array_equal(panel.known[:, 0], [1, 2, 3, 4, 5])
    np.testing.assert_array_equal(panel.past[:, 0], [9, 8, 7, np.nan, np.nan])
    with pytest.raises(DataError, match=r"end at 2024-01-05: 2 of 3 steps"):
        panel_of(frame, horizon=3, target="y", known=["price"], past=["wind"])


def test_text_covariates_are_columns_of_0_and_1_and_new_texts_are_0_everywhere() -> None:
    frame = daily([1.0, 2.0, 3.0]).with_columns(sky=pl.Series(["sun", "rain", None]))
    schema, _ = infer_schema(frame, target="y", past=["sky"])
    assert schema.past_names == ("sky=rain", "sky=sun")
    panel, _ = build_panel(frame, schema)
    np.testing.assert_array_equal(panel.past, [[0, 1], [1, 0], [np.nan, np.nan]])
    newer, notes = build_panel(frame.with_columns(sky=pl.Series(["snow", "rain", "snow"])), schema)
    np.testing.assert_array_equal(newer.past, [[0, 0], [1, 0], [0, 0]])
    assert notes[0].count == 2 and "not seen in training, read as unknown: 2, such as 'snow'" in notes[0].text


def test_static_numbers_and_categories() -> None:
    frame = pl.concat([daily([1.0, 2.0]).with_columns(id=pl.lit(n), area=pl.lit(a), kind=pl.lit(k, dtype=pl.String))
                       for n, a, k in [("p", 5.0, "hill"), ("q", None, "coast"), ("r", 7.0, None)]])  # fmt: skip
    schema, _ = infer_schema(frame, target="y", series="id", static=["area", "kind"])
    panel, _ = build_panel(frame, schema)
    np.testing.assert_array_equal(panel.static, [[5], [np.nan], [7]])
    np.testing.assert_array_equal(panel.groups, [[2], [1], [0]])
    assert (schema.static_names, schema.group_names, schema.group_sizes) == (("area",), ("kind",), (3,))


def test_calendar_and_holidays_reach_over_the_horizon() -> None:
    panel, _ = panel_of(daily([float(n) for n in range(120)]), horizon=3, calendar=True, holidays="DE")
    assert panel.schema.known_names == ("sin of week", "cos of week", "sin of year", "cos of year", "holiday DE")
    assert panel.known.shape == (123, 5) and not np.isnan(panel.known).any()
    holidays = panel.clock.at(panel.starts + np.flatnonzero(panel.known[:, 4])).to_list()
    assert holidays == [date(2024, 1, 1), date(2024, 3, 29), date(2024, 4, 1), date(2024, 5, 1)]


def test_a_constant_series_is_said() -> None:
    _, notes = panel_of(daily([3.0, 3.0, 3.0]))
    assert [(note.kind, note.text) for note in notes] == [("warning", 'column "y" never changes')]


def test_rows_without_times_are_steps() -> None:
    frame = pl.DataFrame({"id": ["a", "b", "a", "b"], "y": [1.0, 10.0, 2.0, 20.0]})
    panel, _ = panel_of(frame, series="id")
    np.testing.assert_array_equal(panel.target, [1, 2, 10, 20])
    assert panel.keys(panel.starts + panel.ends, 1).rows() == [("a", 2), ("b", 2)]
