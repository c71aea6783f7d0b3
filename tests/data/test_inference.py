"""What is found out about real and made tables, and what is said about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from recollect.data.inference import infer_schema
from recollect.data.panel import build_panel
from recollect.data.tables import read_table

REAL: list[tuple[str, dict[str, Any], str, str, int]] = [
    ("series/airline_passengers.csv", {}, "month", "1961-01", 144),
    ("series/monthly_sunspots.csv", {}, "month", "1984-01", 2820),
    ("series/daily_min_temperatures_melbourne.csv", {}, "day", "1991-01-01", 3652),
    ("series/us_gasoline.csv", {}, "week", "05/07/2021", 1578),
    ("series/PJME_hourly.csv.gz", {}, "hour", "03-08-2018 01:00", 145392),
    ("series/beijing_pm25.csv.gz", {"target": "pm2.5", "past": ["cbwd", "TEMP"]}, "hour", "2015-01-01 00:00:00", 43800),
    ("series/australian_tourism.csv", {"wide": True}, "step", "36", 3456),
    ("ett/ETTm1.csv.gz", {"target": "OT"}, "15 minutes", "2018-06-26 20:00:00", 69680),
    ("nab/data/realKnownCause/nyc_taxi.csv.gz", {}, "30 minutes", "2015-02-01 00:00:00", 10320),
]


@pytest.mark.parametrize(("file", "options", "label", "following", "steps"), REAL, ids=[row[0] for row in REAL])
def test_real_tables(
    real_data: Path, file: str, options: dict[str, Any], label: str, following: str, steps: int
) -> None:
    frame, _ = read_table(real_data / file)
    schema, _ = infer_schema(frame, source=real_data / file, **options)
    panel, _ = build_panel(frame, schema)
    assert schema.clock.label == label
    assert str(panel.keys(panel.starts + panel.ends, 1)[schema.time_name][0]) == following
    assert panel.target.size == steps


def test_the_real_file_with_every_defect_is_read_to_the_last_hour(real_data: Path) -> None:
    frame, _ = read_table(real_data / "series/PJME_hourly.csv.gz")
    schema, _ = infer_schema(frame)
    panel, notes = build_panel(frame, schema)
    text = " ".join(note.text for note in notes)
    assert "as when clocks are set back in autumn, averaged: 4" in text
    assert "steps without a value: 30 (30 without a row" in text
    # an independent reading: every hour's mean by pandas
    pandas = frame.to_pandas()
    import pandas as pd

    means = pandas.groupby(pd.to_datetime(pandas["Datetime"], format="%d-%m-%Y %H:%M"))["PJME_MW"].mean()
    np.testing.assert_array_equal(panel.target, means.asfreq("h").to_numpy())


def test_the_only_numbers_left_are_the_target_and_it_is_said() -> None:
    frame = pl.DataFrame({"note": ["a", "b"], "date": ["2024-01-01", "2024-01-02"], "y": [1, 2]})
    schema, notes = infer_schema(frame)
    assert (schema.target, schema.time, schema.clock.label) == ("y", "date", "day")
    assert [note.text for note in notes] == [
        'the times are in column "date", in steps of one day',
        'the target is "y", the only column of numbers left',
        "not used: note (columns can be given as known, past or static)",
    ]


def test_the_best_named_of_two_time_columns_is_taken() -> None:
    frame = pl.DataFrame({"made": ["2020-01-01", "2020-01-05"], "date": ["2024-01-01", "2024-01-02"], "y": [1, 2]})
    assert infer_schema(frame)[0].time == "date"
    assert infer_schema(frame, time="made")[0].time == "made"


def test_parts_of_the_time_in_columns_of_their_own() -> None:
    frame = pl.DataFrame({"Year": [2024, 2024], "Month": [1, 2], "y": [1, 2]})
    schema, _ = infer_schema(frame)
    assert (schema.parts, schema.clock.label) == (("Year", "Month"), "month")


@pytest.mark.parametrize(
    ("name", "values", "label", "following"),
    [
        ("year", [1960, 1961, 1962], "year", 1963),
        ("t", [0, 5, 10], "5 steps", 15),
        ("date", [20240130, 20240131, 20240201], "day", 20240202),
        ("month", [202311, 202312, 202401], "month", 202402),
        ("timestamp", [1711846800, 1711850400, 1711854000], "hour", 1711857600),
    ],
)
def test_whole_numbers_as_times(name: str, values: list[int], label: str, following: int) -> None:
    frame = pl.DataFrame({name: values, "y": [1.0, 2.0, 3.0]})
    schema, _ = infer_schema(frame)
    panel, _ = build_panel(frame, schema)
    assert schema.clock.label == label
    assert panel.keys(panel.starts + panel.ends, 1)[name].to_list() == [following]


def test_days_or_months_first_is_decided_by_regularity_and_said() -> None:
    text = pl.Series(["01/01/2024", "02/01/2024", "03/01/2024", "04/01/2024"])
    schema, notes = infer_schema(pl.DataFrame({"date": text, "y": [1, 2, 3, 4]}))
    assert (schema.clock.form, schema.clock.label) == ("%d/%m/%Y", "day")
    assert any("nothing in the values decides" in note.text or "not %m/%d/%Y" in note.text for note in notes)


def test_days_written_with_the_offsets_of_summer_and_winter_are_days() -> None:
    text = [f"2024-03-{day} 00:00:00+0{1 if day < 32 else 2}:00" for day in (29, 30, 31)]
    text.append("2024-04-01 00:00:00+02:00")
    schema, notes = infer_schema(pl.DataFrame({"date": text, "y": [1, 2, 3, 4]}))
    panel, _ = build_panel(pl.DataFrame({"date": text, "y": [1, 2, 3, 4]}), schema)
    assert schema.clock.label == "day" and panel.target.tolist() == [1, 2, 3, 4]
    assert any("offsets are passed over" in note.text for note in notes)


def test_business_days_are_told_by_the_absence_of_weekends() -> None:
    days = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 3, 1), eager=True)
    frame = pl.DataFrame({"date": days.filter(days.dt.weekday() <= 5)}).with_row_index("y")
    schema, _ = infer_schema(frame)
    panel, notes = build_panel(frame, schema)
    assert schema.clock.label == "business day" and notes == []
    assert str(panel.keys(panel.starts + panel.ends, 1)["date"][0]) == "2024-03-04"
