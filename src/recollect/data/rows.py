"""Rows of a table put into order: one row for each series and step, with every repair counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recollect.core.errors import DataError
from recollect.core.notes import Note
from recollect.data.clock import MICROS, Clock
from recollect.data.schema import Schema
from recollect.data.stamps import parse_stamps
from recollect.data.tables import place

__all__ = ["Rows", "join_parts", "long_table", "merge_rows", "read_steps", "read_times", "series_codes"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Codes = NDArray[np.int32]
_PARTS = ("year", "month", "day", "hour", "minute", "second")
_SHOWN = 10


@dataclass(frozen=True)
class Rows:
    """Rows in order of series, then step, without repeats.

    Attributes:
        codes: [R] number of the series.
        steps: [R] step on the clock.
        values: [R, C] target and covariates; NaN where missing.
    """

    codes: Codes
    steps: Ints
    values: Floats

    def first(self, count: int) -> Ints:
        """The first row of each of ``count`` series, [N]."""
        return np.searchsorted(self.codes, np.arange(count, dtype=self.codes.dtype))


def long_table(frame: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    """The table with one row for each series and time; wide columns come below one another."""
    frame = join_parts(frame, schema.parts, schema.time_name)
    if not schema.wide:
        return frame
    shared = [name for name in (schema.time, *schema.known, *schema.past) if name]
    return frame.select(*shared, *schema.wide).unpivot(
        list(schema.wide), index=shared, variable_name=schema.series, value_name=schema.target
    )


def join_parts(frame: pl.DataFrame, parts: Sequence[str], name: str) -> pl.DataFrame:
    """The table with a column ``name`` of datetimes out of the columns of years, months, days, hours ``parts``."""
    if not parts:
        return frame
    numbers = [pl.col(part).cast(pl.Int64, strict=False) for part in parts]
    month, day = (*numbers[1:3], pl.lit(1), pl.lit(1))[:2] if len(parts) < 3 else numbers[1:3]
    # out-of-range parts (month 13, 31 June) become null here, and are reported as unreadable times
    time = pl.datetime(numbers[0], month, day, *numbers[3:], ambiguous="null")
    valid = pl.all_horizontal(number.is_not_null() for number in numbers)
    return frame.with_columns(pl.when(valid).then(time).alias(name))


def series_codes(frame: pl.DataFrame, series: str | None, source: Path | None) -> tuple[Codes, tuple[str, ...]]:
    """The number [R] of each row's series, and the series' names in order of appearance.

    Raises DataError where a row names no series.
    """
    if series is None:
        return np.zeros(len(frame), dtype=np.int32), ("",)
    column = frame[series]
    if column.null_count():
        spots = place(source, column.is_null().arg_true().head(1).to_list())
        raise DataError(f'{spots[0]}, column "{series}": rows that do not name their series: {column.null_count():,}')
    # a name is mostly that of the row above: as text only once for each run, or it would outweigh the data
    runs = column.rle().struct.unnest()
    text = runs["value"].cast(pl.String)
    names = text.unique(maintain_order=True)
    codes = text.cast(pl.Enum(names)).to_physical().cast(pl.Int32).to_numpy()
    return np.repeat(codes, runs["len"].to_numpy()), tuple(names)


def read_times(column: pl.Series, form: str | None, source: Path | None) -> pl.Series:
    """The time column [R] as dates, datetimes or whole numbers.

    Raises DataError listing every time that is missing or that cannot be read in the format ``form``.
    """
    times = parse_stamps(column, form) if form and not column.dtype.is_temporal() else column
    if times.null_count():
        rows = times.is_null().arg_true()
        shown = rows.head(_SHOWN)
        spots = place(source, shown.to_list())
        what = f"is not a time of the form {form}" if form else "is not a time"
        problems = [
            f'{spot}, column "{column.name}": ' + ("the time is missing" if given is None else f'"{given}" {what}')
            for spot, given in zip(spots, column.gather(shown), strict=True)
        ]
        more = [f"and {len(rows) - _SHOWN:,} more"] if len(rows) > _SHOWN else []
        raise DataError([*problems, *more])
    return times


def read_steps(frame: pl.DataFrame, codes: Codes, schema: Schema, source: Path | None) -> tuple[Ints, list[Note]]:
    """The step [R] of each row on the schema's clock; times between two steps go to the nearest, and are counted."""
    if schema.time is None:
        order = np.argsort(codes, kind="stable")
        first = np.searchsorted(codes[order], np.arange(codes.max(initial=0) + 1))
        steps = np.empty(len(codes), dtype=np.int64)
        steps[order] = np.arange(len(codes)) - first[codes[order]]
        return steps, []
    times = read_times(frame[schema.time], schema.clock.form, source)
    steps, shift = schema.clock.nearest(times)
    off = np.flatnonzero(shift)
    if not off.size:
        return steps, []
    far = int(np.abs(shift).max())
    unit = max((size, name) for name, size in MICROS.items() if far % size == 0 or name == "millisecond")
    length = f"{far / unit[0]:g} {unit[1]}s" if schema.clock.dated else f"{far}"
    example = frame[schema.time][int(off[0])]
    text = (
        f"times between two steps of {schema.clock.span}, moved to the nearest by at most {length}:"
        f" {off.size:,}, first {example}"
    )
    return steps, [Note("repaired", off.size, text)]


def merge_rows(rows: Rows, clock: Clock, names: Sequence[str], moved: bool) -> tuple[Rows, list[Note]]:
    """Rows sorted by series and step, with repeats of a step joined into one.

    Repeats that agree are kept once. Repeats that differ are averaged where the clock was set back in autumn
    (local times without a zone) or where times were ``moved`` to the step; anything else is a DataError.
    """
    notes = list[Note]()
    late = _after(rows.codes, rows.steps)
    if (late < 0).any():
        order = np.lexsort((rows.steps, rows.codes))
        same = rows.codes[1:] == rows.codes[:-1]
        count = int((same & (late < 0)).sum())
        rows = Rows(rows.codes[order], rows.steps[order], rows.values[order])
        late = _after(rows.codes, rows.steps)
        if count:
            notes.append(Note("repaired", count, f"rows out of order of time, sorted; places: {count:,}"))
    if not (late == 0).any():
        return rows, notes
    first = np.concatenate([[True], late != 0])
    member = ~first | np.concatenate([late == 0, [False]])
    begins = np.flatnonzero(first[member])
    values = rows.values[member]
    differs = (np.fmax.reduceat(values, begins) > np.fmin.reduceat(values, begins)).any(axis=1)
    steps, codes = rows.steps[member][begins], rows.codes[member][begins]
    count = int((~first).sum())
    agreeing = count
    if differs.any():
        sizes = np.diff(np.append(begins, len(values)))
        agreeing = int((sizes - 1)[~differs].sum())
        notes.append(_conflict(clock, steps[differs], codes[differs], names, count - agreeing, moved))
    if agreeing:
        notes.append(Note("repaired", agreeing, f"rows that repeat a time with equal values, left out: {agreeing:,}"))
    merged = rows.values.copy()
    known = ~np.isnan(values)
    total = np.add.reduceat(np.where(known, values, 0.0), begins)
    heads = np.flatnonzero(member & first)
    seen = np.add.reduceat(known.astype(np.int64), begins)
    merged[heads] = np.where(seen > 0, total / np.maximum(seen, 1), np.nan)
    return Rows(rows.codes[first], rows.steps[first], merged[first]), notes


def _after(codes: Codes, steps: Ints) -> NDArray[np.int8]:
    """The sign [R - 1] of each row's place after the row before it: 0 for a repeat."""
    series, step = ((v[1:] > v[:-1]).astype(np.int8) - (v[1:] < v[:-1]) for v in (codes, steps))
    return np.where(series == 0, step, series)


def _conflict(clock: Clock, steps: Ints, codes: Codes, names: Sequence[str], count: int, moved: bool) -> Note:
    """What is said of repeats that differ, or the DataError that refuses them."""
    if moved:
        return Note("repaired", count, f"rows that fell on the same step of {clock.span}, averaged: {count:,}")
    if _autumn(clock, steps, codes):
        when = clock.at(steps[:1])[0]
        text = f"times that appear twice, as when clocks are set back in autumn, averaged: {count:,}, first {when}"
        return Note("repaired", count, text)
    examples = [
        f"{clock.at(steps[n : n + 1])[0]}" + (f" in series {names[codes[n]]!r}" if len(names) > 1 else "")
        for n in range(min(3, len(steps)))
    ]
    raise DataError(
        f"rows repeat a time with other values ({count:,} in all), at {', '.join(examples)}"
        f"{', ...' * (len(steps) > 3)}: keep one row for each time, or average them; if the table holds several series,"
        " name the column that tells them apart with series="
    )


def _autumn(clock: Clock, steps: Ints, codes: Codes) -> bool:
    """Whether repeats look like the hour that a local clock shows twice: once a year, at night, on one day."""
    if clock.kind != "datetime" or clock.zone is not None or clock.wall:
        return False
    times = clock.moments(steps).to_frame("time").with_columns(code=pl.Series(codes))
    night = times.select(((pl.col("time").dt.hour() <= 3) & pl.col("time").dt.month().is_in([3, 4, 9, 10, 11])).all())
    days = times.group_by("code", pl.col("time").dt.year().alias("year")).agg(pl.col("time").dt.date().n_unique())
    return bool(night.item()) and bool((days["time"] <= 1).all())
