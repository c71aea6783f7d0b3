"""A table of things that go wrong: each gives exactly one error, in words that say where and what would work."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from recollect.core.errors import DataError, InputError
from recollect.data.inference import infer_schema
from recollect.data.panel import build_panel
from recollect.data.tables import read_table

HOURS = [f"2024-01-{day:02d} {hour:02d}:00" for day in (1, 2) for hour in range(24)]


def table(header: str, *rows: str) -> bytes:
    return "\n".join([header, *rows, ""]).encode()


def hourly(values: list[str], name: str = "load") -> bytes:
    return table(f"time,{name}", *(f"{time},{value}" for time, value in zip(HOURS, values, strict=False)))


GOOD = [str(n) for n in range(1, 49)]
KNOWN = [f"{time},{n if n < 36 else ''},{n % 7}" for n, time in enumerate(HOURS)]

# name: (file name, content, options of infer_schema, words of the message)
CASES: dict[str, tuple[str, bytes, Mapping[str, Any], str]] = {
    "empty file": ("a.csv", b"", {}, "a.csv is empty"),
    "blank lines only": ("a.csv", b"\n\n \n", {}, "a.csv is empty"),
    "header only": ("a.csv", b"time,load\n", {}, "has a header but no rows"),
    "one row": ("a.csv", table("time,load", "2024-01-01,1"), {}, "no series has two different times"),
    "one row without times": ("a.csv", table("load", "1"), {}, "the table has 1 row: a series needs at least 2"),
    "one row of a wide table": ("a.csv", table("a,b,c", "1,2,3"), {"wide": True}, "the table has 1 row"),
    "all missing": ("a.csv", hourly(["NA"] * 48), {"target": "load"}, 'column "load" has no value at all'),
    "a whole series missing": (
        "a.csv",
        table("id,time,load", "a,2024-01-01,1", "a,2024-01-02,2", "b,2024-01-01,", "b,2024-01-02,"),
        {"series": "id"},
        "series 'b': column \"load\" has no value at all",
    ),
    "text in a number": (
        "load.csv",
        hourly([*GOOD[:20], "12,3x", *GOOD[21:]]).replace(b"12,3x", b'"12,3x"'),
        {},
        'load.csv line 22, column "load": "12,3x" is not a number',
    ),
    "several bad numbers": ("a.csv", hourly([*GOOD[:9], "x", "y", *GOOD[11:]]), {}, "2 problems in the data"),
    "many bad numbers": ("a.csv", hourly([*GOOD[:30], *["oops"] * 14]), {}, "and 4 more"),
    "infinite target": ("a.csv", hourly([*GOOD[:4], "inf", *GOOD[5:]]), {}, "line 6, column \"load\": inf is not"),
    "text as target": ("a.csv", hourly(["up", "down"] * 24), {"target": "load"}, '"up" is not a number'),
    "a time twice": (
        "a.csv",
        table("time,load", "2024-01-01,1", "2024-01-02,2", "2024-01-02,3", "2024-01-03,4"),
        {},
        "rows repeat a time with other values (1 in all), at 2024-01-02: keep one row for each time, or average them",
    ),
    "a time missing": (
        "a.csv",
        table("time,load", "2024-01-01,1", ",2", "2024-01-03,4"),
        {},
        'a.csv line 3, column "time": the time is missing',
    ),
    "a day that does not exist": (
        "a.csv",
        table("time,load", "2024-01-30,1", "2024-01-31,2", "2024-01-32,3", "2024-02-02,4"),
        {},
        'line 4, column "time": "2024-01-32" is not a time of the form %Y-%m-%d',
    ),
    "times in two forms": (
        "a.csv",
        table("time,load", "2024-01-30,1", "2024-01-31,2", "01.02.2024,3", "2024-02-02,4"),
        {},
        '"01.02.2024" is not a time',
    ),
    "a time column that is none": (
        "a.csv",
        table("time,load,size", "2024-01-01,1,1.5", "2024-01-02,2,2.5"),
        {"time": "size", "target": "load"},
        'column "size" holds Float64, which is no time',
    ),
    "text as the time": (
        "a.csv",
        table("when,load", "early,1", "late,2"),
        {"time": "when"},
        "'early' is not a time in a form known here; 2024-03-31",
    ),
    "all times equal": ("a.csv", table("time,load", "2024-01-01,1", "2024-01-01,1"), {}, "two different times"),
    "events, not steps": (
        "a.csv",
        table("time,load", *(f"2024-0{m}-{m * 7 % 25 + 1:02d} 0{m}:{m * m}:{m * 11 % 60:02d},1" for m in range(1, 8))),
        {},
        "the times follow no regular clock",
    ),
    "unknown target": ("a.csv", hourly(GOOD), {"target": "Laod"}, 'there is no column "Laod"; did you mean "load"?'),
    "unknown covariate": ("a.csv", hourly(GOOD), {"known": ["price"]}, 'known: there is no column "price"; the'),
    "target that is also a covariate": (
        "a.csv",
        hourly(GOOD),
        {"target": "load", "known": ["load"]},
        "given as target and as known: a column has one role; what is to be forecast is not known ahead",
    ),
    "covariate in two roles": (
        "a.csv",
        table("time,load,x", "2024-01-01,1,2", "2024-01-02,1,2"),
        {"known": ["x"], "past": ["x"]},
        'column "x" is given as known and as past',
    ),
    "several targets possible": (
        "a.csv",
        table("time,a,b", "2024-01-01,1,2", "2024-01-02,1,2"),
        {},
        "2 columns could be the target: a, b; name it with target=",
    ),
    "no numbers": ("a.csv", table("time,a", "2024-01-01,x", "2024-01-02,y"), {}, "no column of numbers is left"),
    "a delimiter of its own": (
        "a.csv",
        table("time:load", "2024-01-01:1", "2024-01-02:2"),
        {},
        "are the columns separated by a comma, semicolon, tab or bar?",
    ),
    "a zone by its letters": (
        "a.csv",
        table("time,load", "2024-01-01 00:00 CEST,1", "2024-01-01 01:00 CEST,2"),
        {"target": "load"},
        "'2024-01-01 00:00 CEST' is not a time in a form known here",
    ),
    "no numbers in a wide table": ("a.csv", table("time,a", "2024-01-01,x"), {"wide": True}, "left to be a series"),
    "series and wide": ("a.csv", hourly(GOOD), {"wide": True, "series": "load"}, "a series in each column"),
    "a row without a series": (
        "a.csv",
        table("id,time,load", "a,2024-01-01,1", "a,2024-01-02,2", ",2024-01-01,3"),
        {"series": "id"},
        'line 4, column "id": rows that do not name their series: 1',
    ),
    "static that changes": (
        "a.csv",
        table("id,time,load,area", "a,2024-01-01,1,5", "a,2024-01-02,2,6"),
        {"series": "id", "static": ["area"], "target": "load"},
        "changes within series 'a' (2 values): give it as known or past",
    ),
    "known covariates too short": (
        "a.csv",
        table("time,load,price", *KNOWN),
        {"target": "load", "known": ["price"], "horizon": 24},
        "the known covariates price end at 2024-01-02 23:00: 12 of 24 steps",
    ),
    "horizon of zero": ("a.csv", hourly(GOOD), {"horizon": 0}, "horizon must be at least 1 step, got 0"),
    "calendar without dates": ("a.csv", table("load", *GOOD), {"calendar": True}, "calendar and holidays need dates"),
    "an unknown country": ("a.csv", hourly(GOOD), {"holidays": "XX"}, "no public holidays for 'XX'"),
    "holidays by the month": (
        "a.csv",
        table("time,load", "2024-01,1", "2024-02,2", "2024-03,3"),
        {"holidays": "DE"},
        "holidays need steps of a day or less, and a step here is one month",
    ),
    "too many categories": (
        "a.csv",
        table("time,load,note", *(f"2024-{m:02d}-{d:02d},1,text{m}x{d}" for m in range(1, 6) for d in range(1, 29))),
        {"target": "load", "past": ["note"]},
        'column "note" has 140 different texts',
    ),
    "lines of unequal length": (
        "a.csv",
        table("time,load", "2024-01-01,1", "2024-01-02,2,3", "2024-01-03", "2024-01-04,4"),
        {},
        "a.csv line 3 has 3 fields, and the first line has 2",
    ),
    "a column name twice": ("a.csv", table("time,load,load", "2024-01-01,1,2"), {}, '"load" appears more than once'),
    "not text": ("a.csv", b"PK\x03\x04\x00\x00\x00", {}, "is not a text file"),
    "half a gzip": ("a.csv.gz", gzip.compress(hourly(GOOD))[:-20], {}, "cannot be unpacked"),
    "no Parquet": ("a.parquet", b"PAR0 nothing", {}, "a.parquet cannot be read"),
    "no Arrow": ("a.arrow", b"ARROW nothing", {}, "a.arrow cannot be read"),
    "a spreadsheet": ("a.xlsx", b"PK", {}, "files of kind .xlsx cannot be read; save it as .csv"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_bad_input_gives_one_error_that_says_where(case: str, tmp_path: Path) -> None:
    name, content, options, words = CASES[case]
    path = tmp_path / name
    path.write_bytes(content)
    chosen = dict(options)
    horizon = chosen.pop("horizon", None)
    with pytest.raises(InputError) as caught:
        frame, _ = read_table(path)
        schema, _ = infer_schema(frame, source=path, **chosen)
        build_panel(frame, schema, horizon=horizon, source=path)
    assert words in str(caught.value)


def test_there_is_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no file .*gone\.csv"):
        read_table(tmp_path / "gone.csv")
    with pytest.raises(InputError, match="is a folder"):
        read_table(tmp_path)


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(hourly([*GOOD[:9], "x", "y", *GOOD[11:]]))
    frame, _ = read_table(path)
    schema, _ = infer_schema(frame, source=path)
    with pytest.raises(DataError) as caught:
        build_panel(frame, schema, source=path)
    assert caught.value.problems == (
        'a.csv line 11, column "load": "x" is not a number',
        'a.csv line 12, column "load": "y" is not a number',
    )


def test_newer_rows_must_have_the_columns_and_the_zone_of_the_training_data() -> None:
    rows = pl.DataFrame({"time": HOURS, "load": [float(n) for n in range(48)]})
    schema, _ = infer_schema(rows)
    with pytest.raises(DataError, match='lacks the column "load" of the training data'):
        build_panel(rows.rename({"load": "power"}), schema)
    zoned = rows.with_columns(pl.col("time").str.to_datetime("%Y-%m-%d %H:%M", time_zone="UTC"))
    with pytest.raises(DataError, match="in zone UTC and the clock in zone none"):
        build_panel(zoned, schema)
    with pytest.raises(DataError, match='"0" is not a time of the form %Y-%m-%d %H:%M'):
        build_panel(rows.with_columns(time=pl.Series(range(48))), schema)
