from __future__ import annotations

import sys

import numpy as np
import pytest

from recollect.core.errors import InputError, MissingExtraError
from recollect.data.calendar import calendar_features, check_calendar, feature_names, public_holidays
from recollect.data.clock import DAY, Clock

HOUR = Clock("hour", kind="datetime")


@pytest.mark.parametrize(
    ("clock", "cycles"),
    [
        (HOUR, ["day", "week", "year"]),
        (Clock("hour", 12, kind="datetime"), ["week", "year"]),
        (Clock("day", kind="date"), ["week", "year"]),
        (Clock("business day", kind="date"), ["week", "year"]),
        (Clock("week", kind="date"), ["year"]),
        (Clock("month", kind="date"), ["year"]),
    ],
)
def test_a_cycle_is_given_where_a_step_is_shorter_than_half_of_it(clock: Clock, cycles: list[str]) -> None:
    names = [f"{wave} of {cycle}" for cycle in cycles for wave in ("sin", "cos")]
    assert list(feature_names(clock, True, None)) == names
    assert calendar_features(clock, np.arange(5), True, None).columns == names


def test_the_waves_stand_where_the_clock_stands() -> None:
    # 1970-01-01 00:00 was a Thursday: three of seven days after Monday
    frame = calendar_features(HOUR, np.array([0, 6, 24 * 4]), True, None)
    np.testing.assert_allclose(frame["sin of day"], [0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(frame["cos of day"], [1, 0, 1], atol=1e-12)
    np.testing.assert_allclose(frame["sin of week"][0], np.sin(2 * np.pi * 3 / 7))
    np.testing.assert_allclose(frame["cos of week"][2], 1)
    np.testing.assert_allclose(frame["cos of year"][0], 1)


def test_hours_are_those_of_the_zone() -> None:
    berlin = Clock("hour", kind="datetime", zone="Europe/Berlin")
    np.testing.assert_allclose(calendar_features(berlin, np.array([5]), True, None)["sin of day"][0], 1)  # 06:00 there


def test_holidays_by_country_and_region() -> None:
    epiphany = int((np.datetime64("2024-01-06") - np.datetime64("1970-01-01")).astype(int))
    days = Clock("day", kind="date")
    assert calendar_features(days, np.array([epiphany]), False, "DE")["holiday DE"].to_list() == [0]
    assert calendar_features(days, np.array([epiphany]), False, "DE-BY")["holiday DE-BY"].to_list() == [1]


def test_what_has_no_place_in_a_calendar_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="need dates, and the times here are rows"):
        check_calendar(Clock(), True, None)
    with pytest.raises(InputError, match="a step of one year has no place in the day, week or year"):
        check_calendar(Clock("year", kind="date"), True, None)
    with pytest.raises(InputError, match="holidays need steps of a day or less, and a step here is one week"):
        check_calendar(Clock("week", anchor=4 * DAY, kind="date"), False, "DE")
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'recollect\[calendar\]'"):
        public_holidays("DE", 2024, 2024)
