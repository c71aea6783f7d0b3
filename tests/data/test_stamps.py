from __future__ import annotations

from datetime import datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recollect.data.stamps import guess_formats, parse_stamps, write_stamps

STYLES = [
    (["2024-03-31", "2024-04-01"], "%Y-%m-%d", datetime(2024, 3, 31)),
    (["31.03.2024", "01.04.2024"], "%d.%m.%Y", datetime(2024, 3, 31)),
    (["31-03-2024 01:00", "01-04-2024 02:00"], "%d-%m-%Y %H:%M", datetime(2024, 3, 31, 1)),
    (["3/31/2024", "4/1/2024"], "%-m/%-d/%Y", datetime(2024, 3, 31)),
    (["03/31/2024", "04/01/2024"], "%m/%d/%Y", datetime(2024, 3, 31)),
    (["31.03.2024 5:00", "01.04.2024 15:00"], "%d.%m.%Y %-H:%M", datetime(2024, 3, 31, 5)),
    (["2024-03-31T05:00:00", "2024-03-31T06:00:00"], "%Y-%m-%dT%H:%M:%S", datetime(2024, 3, 31, 5)),
    (["2024-03-31T05:00:00Z", "2024-03-31T06:00:00Z"], "%Y-%m-%dT%H:%M:%SZ", datetime(2024, 3, 31, 5)),
    (["2024-03-31 05:00:00+02:00"] * 2, "%Y-%m-%d %H:%M:%S+02:00", datetime(2024, 3, 31, 5)),
    (["2024-03-31 05:00:00.250"] * 2, "%Y-%m-%d %H:%M:%S%.f", datetime(2024, 3, 31, 5, 0, 0, 250_000)),
    (["2024-03-31 05", "2024-03-31 06"], "%Y-%m-%d %H", datetime(2024, 3, 31, 5)),
    (["2024-03-31 05:00 PM", "2024-03-31 06:00 PM"], "%Y-%m-%d %I:%M %p", datetime(2024, 3, 31, 17)),
    (["1960-01", "1960-02"], "%Y-%m", datetime(1960, 1, 1)),
    (["Jan 1960", "Feb 1960"], "%b %Y", datetime(1960, 1, 1)),
    (["2019Q1", "2019Q4"], "%YQ%q", datetime(2019, 1, 1)),
    (["Q3 2019", "Q4 2019"], "Q%q %Y", datetime(2019, 7, 1)),
    (["2019-W05", "2019-W06"], "%Y-W%W", datetime(2019, 1, 28)),
    (["31-Mar-24", "01-Apr-24"], "%d-%b-%y", datetime(2024, 3, 31)),
    (["March 31, 2024", "April 1, 2024"], "%B %-d, %Y", datetime(2024, 3, 31)),
    (["2024年3月31日", "2024年4月1日"], "%Y年%-m月%-d日", datetime(2024, 3, 31)),
    (["1711846800", "1711850400"], "epoch s", datetime(2024, 3, 31, 1)),
    (["1711846800000", "1711850400000"], "epoch ms", datetime(2024, 3, 31, 1)),
    (["202403310500", "202403310600"], "%Y%m%d%H%M", datetime(2024, 3, 31, 5)),
    (["20240331", "20240401"], "%Y%m%d", datetime(2024, 3, 31)),
]


@pytest.mark.parametrize(("text", "form", "first"), STYLES, ids=[form for _, form, _ in STYLES])
def test_a_style_is_recognised_read_and_written_back(text: list[str], form: str, first: datetime) -> None:
    column = pl.Series("time", text)
    assert guess_formats(column)[0] == form
    moments = parse_stamps(column, form)
    assert moments[0] == first
    assert write_stamps(moments, form).to_list() == text


@settings(deadline=None, max_examples=10)
@given(st.lists(st.datetimes(datetime(1000, 1, 1), datetime(2900, 1, 1)), min_size=1, max_size=20))
def test_any_times_come_back_from_their_text(times: list[datetime]) -> None:
    moments = pl.Series("time", [time.replace(microsecond=0) for time in times])
    text = write_stamps(moments, "%d/%m/%Y %H:%M:%S")
    assert moments.equals(parse_stamps(text, "%d/%m/%Y %H:%M:%S"))
    assert "%d/%m/%Y %H:%M:%S" in guess_formats(text)


def test_what_the_values_do_not_decide_is_left_open() -> None:
    assert set(guess_formats(pl.Series(["01/02/2020", "03/04/2020"]))) == {"%d/%m/%Y", "%m/%d/%Y"}
    assert guess_formats(pl.Series(["01/02/2020", "13/04/2020"])) == ["%d/%m/%Y"]


def test_one_late_value_decides_between_day_and_month_first() -> None:
    days = pl.datetime_range(datetime(2000, 1, 1), datetime(2000, 1, 12), eager=True).append(
        pl.datetime_range(datetime(2001, 1, 1), datetime(2001, 1, 13), eager=True)
    )
    assert guess_formats(days.dt.strftime("%d-%m-%Y")) == ["%d-%m-%Y"]


def test_mixed_offsets_are_read_in_utc() -> None:
    text = pl.Series(["2024-03-31T01:00:00+01:00", "2024-03-31T03:00:00+02:00"])
    (form,) = guess_formats(text)
    moments = parse_stamps(text, form)
    assert moments.dt.hour().to_list() == [0, 1]
    assert write_stamps(moments, form)[0] == "2024-03-31T00:00:00+00:00"


@pytest.mark.parametrize("text", [["hello"], ["12.5", "13.5"], ["2019-01", "2019-13"], ["0019-01-01"], [None]])
def test_what_is_no_time_has_no_format(text: list[str | None]) -> None:
    assert guess_formats(pl.Series(text, dtype=pl.String)) == []
