"""Which column of a table holds the times, and how they are written."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import polars as pl

from recollect.core.errors import DataError
from recollect.core.notes import Note
from recollect.data.clock import Clock
from recollect.data.stamps import ANY_OFFSET, guess_formats, parse_stamps

__all__ = ["find_time", "time_clock"]

_NAMES = ("time", "date", "datetime", "timestamp", "ds", "day", "week", "month", "quarter", "year", "period", "hour")
_STEPS = ("time", "t", "step", "timestep", "time_idx", "index", "ds", "period", "date", "datetime", "timestamp")
_PARTS = ("year", "month", "day", "hour", "minute", "second")


def find_time(frame: pl.DataFrame, taken: Collection[str]) -> tuple[str | None, tuple[str, ...]]:
    """The time column, or None; and the columns that make up the time together, or none.

    Columns of dates come first, then text that reads as times, then year, month, day, ... in columns of their own,
    then whole numbers under a name such as t, step or year. Of several the best-named, then the first.
    """
    free = [column for column in frame.get_columns() if column.name not in taken]
    typed = [column.name for column in free if column.dtype in (pl.Date, pl.Datetime)]
    text = [column.name for column in free if column.dtype == pl.String and _reads(column)]
    for names in (typed, text):
        if names:
            return min(names, key=lambda name: (name.lower() not in _NAMES, names.index(name))), ()
    whole = {column.name.lower().strip(): column.name for column in free if column.dtype.is_integer()}
    parts = tuple(whole[part] for part in _PARTS if part in whole)
    if len(parts) > 1 and tuple(name.lower().strip() for name in parts) == _PARTS[: len(parts)]:
        return "time", parts
    for name in (*_NAMES, *_STEPS):
        if name in whole and (name in _STEPS or guess_formats(frame[whole[name]].cast(pl.String))):
            return whole[name], ()
    named = [column.name for column in free if column.name.lower().strip() in _STEPS and column.dtype == pl.String]
    return (named[0] if named else None), ()  # what cannot be read is said, not passed over


def time_clock(column: pl.Series) -> tuple[Clock, list[Note]]:
    """How the times of ``column`` [R] are stored and written, as a clock without unit or step yet.

    Raises DataError if it holds no times.
    """
    dtype = column.dtype
    if isinstance(dtype, pl.Datetime):
        return Clock(kind="datetime", zone=dtype.time_zone, resolution=dtype.time_unit), []
    if dtype == pl.Date:
        return Clock(kind="date"), []
    if dtype.is_integer():
        return _whole_clock(column)
    if dtype != pl.String:
        raise DataError(f'column "{column.name}" holds {dtype}, which is no time; dates, text and whole numbers are')
    form, notes = _choose(column)
    return _written(form, "text"), notes


def _whole_clock(column: pl.Series) -> tuple[Clock, list[Note]]:
    forms = [form for form in guess_formats(column.cast(pl.String)) if form != "%Y"]
    years = column.drop_nulls().is_between(1500, 2200).all()
    if forms and (column.name.lower().strip() in _NAMES or forms[0] == "%Y%m%d"):
        text = f'column "{column.name}": numbers such as {column[0]} are read as times ({forms[0]})'
        return _written(forms[0], "integer"), [Note("inferred", 1, text)]
    return Clock(unit="year" if years and "year" in column.name.lower() else "step", kind="integer"), []


def _written(form: str, stored: Literal["text", "integer"]) -> Clock:
    timed = any(mark in form for mark in ("%H", "%-H", "%I", "%-I", "epoch"))
    zone = "UTC" if "%#z" in form else None
    return Clock(kind="datetime" if timed else "date", zone=zone, stored=stored, form=form)


def _reads(column: pl.Series) -> bool:
    """Whether a text column holds times, or would but for some bad values."""
    sample = column.drop_nulls().gather_every(max(1, len(column) // 1000))
    return bool(guess_formats(sample)) or _mostly(column) is not None


def _mostly(column: pl.Series) -> str | None:
    """A format that reads more than half of the values, where none reads all."""
    sample = column.drop_nulls().gather_every(max(1, len(column) // 1000))
    for value in sample.head(20):
        for form in guess_formats(pl.Series([value])):
            if parse_stamps(sample, form).is_not_null().mean() > 0.5:  # type: ignore[operator]
                return form
    return None


def _choose(column: pl.Series) -> tuple[str, list[Note]]:
    """The format of a text column; of several that fit the one in which the times are most regular."""
    forms = guess_formats(column)
    if not forms:
        form = _mostly(column)
        if form is None:
            value = column.drop_nulls().head(1).to_list()
            raise DataError(
                f'column "{column.name}": {value[0] if value else "empty text"!r} is not a time in a form known here;'
                " 2024-03-31, 2024-03-31 14:00, 31.03.2024, 3/31/2024, 2024-03 and 2024Q1 are"
            )
        return form, []
    notes = list[Note]()
    local = forms[0].replace("%#z", ANY_OFFSET)
    if local != forms[0] and parse_stamps(column, local).dt.time().n_unique() == 1:
        text = f'column "{column.name}": offsets from UTC differ, but not the time of day: the offsets are passed over'
        return local, [Note("inferred", len(column), text)]
    if "%#z" in forms[0]:
        notes.append(Note("inferred", 1, f'column "{column.name}": offsets from UTC differ: read and written as UTC'))
    if len(forms) == 1:
        return forms[0], notes
    kinds = {form: parse_stamps(column, form).unique().sort() for form in forms}
    regular = {form: times.diff().n_unique() for form, times in kinds.items()}
    best = min(forms, key=lambda form: regular[form])
    rivals = [form for form in forms if form != best and not kinds[form].equals(kinds[best])]
    if rivals:
        told = regular[rivals[0]] > regular[best]
        sure = "it makes the times regular" if told else "nothing in the values decides"
        text = f'column "{column.name}": dates such as {column[0]} are read as {best}, not {rivals[0]} ({sure})'
        notes.append(Note("inferred" if told else "warning", len(column), text))
    return best, notes
