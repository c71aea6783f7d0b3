"""Clocks against pandas' own calendars, and round trips over every unit."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recollect.core.errors import ArtifactError, DataError
from recollect.data.clock import DAY, MICROS, MONTHS, Clock
from recollect.data.rhythm import find_clock

UNITS = [*MICROS, *MONTHS, "business day"]


@st.composite
def clocks(draw: st.DrawFn) -> Clock:
    unit = draw(st.sampled_from(UNITS))
    multiple = 1 if unit == "business day" else draw(st.integers(1, 6))
    zone = draw(st.sampled_from([None, "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]))
    offset = draw(st.sampled_from([0, DAY // 2, DAY * 3 // 4]))
    if unit in MICROS:
        fine = MICROS[unit] * multiple < DAY
        anchor = draw(st.integers(0, MICROS[unit] * multiple - 1)) // 1000 * 1000 if fine else offset
        return Clock(unit, multiple, anchor, kind="datetime", zone=zone)
    day = draw(st.sampled_from([1, 15, 28, 30, 31])) if unit in MONTHS else 1
    anchor = draw(st.integers(0, MONTHS[unit] * multiple - 1)) if unit in MONTHS else 0
    return Clock(unit, multiple, anchor, day, offset, kind="datetime", zone=zone)


@settings(deadline=None)
@given(clocks(), st.integers(-400, 3000), st.integers(1, 50))
def test_times_of_steps_are_those_steps(clock: Clock, first: int, count: int) -> None:
    times = clock.times(first, count)
    assert times.dtype == pl.Datetime("us", clock.zone)
    np.testing.assert_array_equal(clock.index(times), np.arange(first, first + count))
    assert times.is_sorted() and times.n_unique() == count


@settings(deadline=None)
@given(clocks())
def test_a_clock_survives_json(clock: Clock) -> None:
    assert Clock.from_json(json.loads(json.dumps(clock.to_json()))) == clock


@pytest.mark.parametrize(
    ("freq", "clock"),
    [
        ("15min", Clock("minute", 15)),
        ("h", Clock("hour")),
        ("D", Clock("day")),
        ("B", Clock("business day")),
        ("W-WED", Clock("week", anchor=6 * DAY)),
        ("MS", Clock("month")),
        ("ME", Clock("month", day=31)),
        ("QS", Clock("quarter")),
        ("QE-NOV", Clock("quarter", anchor=1, day=31)),
        ("YS", Clock("year")),
        ("YE-JUN", Clock("year", anchor=5, day=31)),
    ],
)
def test_times_equal_those_of_pandas(freq: str, clock: Clock) -> None:
    clock = Clock(clock.unit, clock.multiple, clock.anchor, clock.day, kind="datetime")
    expected = pd.date_range("1999-02-27", periods=60, freq=freq)
    first = int(clock.index(pl.Series([expected[0].to_pydatetime()]))[0])
    np.testing.assert_array_equal(clock.times(first, 60).to_numpy(), expected.to_numpy().astype("datetime64[us]"))


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "America/Sao_Paulo"])
@pytest.mark.parametrize("unit", ["hour", "day"])
def test_a_zone_changes_its_clock_and_no_step_is_lost(zone: str, unit: str) -> None:
    local = pd.date_range("2017-10-01", periods=400, freq="D")
    # in Brazil the clock sprang at midnight: 2017-10-15 began at 01:00
    days = local.tz_localize(zone, nonexistent="shift_forward")
    expected = days if unit == "day" else pd.date_range("2017-10-01", periods=9000, freq="h", tz=zone)
    utc = pl.Series("time", expected.tz_convert("UTC").tz_localize(None).to_numpy())
    times = utc.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    clock = find_clock(times, np.zeros(len(times), np.int64), Clock(kind="datetime", zone=zone))
    assert clock.label == unit
    steps, _ = clock.nearest(times)
    np.testing.assert_array_equal(np.diff(steps), 1)
    np.testing.assert_array_equal(clock.at(steps).dt.timestamp("us"), times.dt.timestamp("us"))


def test_text_is_written_back_in_the_style_of_the_file() -> None:
    clock = Clock("hour", kind="datetime", stored="text", form="%d.%m.%Y %H:%M")
    times = pl.Series(["31.12.2002 23:00", "01.01.2003 00:00"])
    assert clock.at(clock.index(times)).to_list() == times.to_list()
    assert clock.moments(clock.index(times)).dtype == pl.Datetime("us")
    whole = Clock("day", kind="date", stored="integer", form="%Y%m%d")
    assert whole.times(int(whole.index(pl.Series([20240228]))[0]), 3).to_list() == [20240228, 20240229, 20240301]


def test_numbers_are_steps_too() -> None:
    clock = Clock("step", 10, anchor=3, kind="integer")
    assert clock.index(pl.Series([23, 33])).tolist() == [2, 3]
    assert clock.times(2, 2).to_list() == [23, 33]
    with pytest.raises(DataError, match=r"times must be integers as in the training data, got Float64, first 2\.5"):
        clock.index(pl.Series([2.5]))
    assert Clock().times(5, 2).to_list() == [5, 6]


def test_a_time_between_two_steps_is_refused_or_moved() -> None:
    clock = Clock("hour", kind="datetime")
    times = pl.Series(["2024-01-01 00:10", "2024-01-01 00:50", "2024-01-01 02:00"]).str.to_datetime()
    steps, shift = clock.nearest(times)
    assert (steps - steps[0]).tolist() == [0, 1, 2]
    assert (shift // MICROS["minute"]).tolist() == [10, -10, 0]
    with pytest.raises(
        DataError, match=r"times that lie between two steps of one hour: 2, first 2024-01-01 00:10:00 \(row 1\)"
    ):
        clock.index(times)


@pytest.mark.parametrize(
    ("clock", "label", "seasons"),
    [
        (Clock("hour"), "hour", (24, 168)),
        (Clock("minute", 15), "15 minutes", (4, 96, 672)),
        (Clock("hour", 6), "6 hours", (4, 28)),
        (Clock("day"), "day", (7, 365)),
        (Clock("business day"), "business day", (5, 261)),
        (Clock("week"), "week", (52,)),
        (Clock("month"), "month", (12,)),
        (Clock("month", 2), "2 months", (6,)),
        (Clock("quarter"), "quarter", (4,)),
        (Clock("year"), "year", ()),
        (Clock("second", 10), "10 seconds", (6, 360, 8640, 60480)),
    ],
)
def test_label_and_seasons(clock: Clock, label: str, seasons: tuple[int, ...]) -> None:
    assert (clock.label, clock.seasons()) == (label, seasons)


def test_a_saved_clock_that_is_none_is_refused() -> None:
    with pytest.raises(ArtifactError, match="must hold exactly"):
        Clock.from_json({"unit": "hour"})
