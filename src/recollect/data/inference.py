"""What the columns of a table are, found from their names, types and values where the user does not say."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from recollect.core.errors import DataError, InputError
from recollect.core.notes import Note
from recollect.data.calendar import check_calendar
from recollect.data.clock import Clock
from recollect.data.numbers import to_numbers
from recollect.data.rhythm import find_clock
from recollect.data.rows import join_parts, read_times, series_codes
from recollect.data.schema import Schema
from recollect.data.timecolumn import find_time, time_clock

__all__ = ["infer_schema"]

_LEVELS = 100


def infer_schema(
    frame: pl.DataFrame,
    *,
    target: str | None = None,
    time: str | None = None,
    series: str | None = None,
    known: Sequence[str] = (),
    past: Sequence[str] = (),
    static: Sequence[str] = (),
    wide: bool = False,
    calendar: bool = False,
    holidays: str | None = None,
    source: Path | None = None,
) -> tuple[Schema, list[Note]]:
    """The schema of ``frame``, with a note for every choice that was made for the user.

    The time column is found by its type or by reading its text, the target if only one column of numbers is left.
    ``wide`` takes every column of numbers without another role as a series of its own, and ``target`` is then the
    name of their values ("value"). Raises InputError for roles that do not fit the columns or each other, DataError
    for content that does not fit its role; ``source`` is the file that the frame was read from, for messages.
    """
    roles = {
        "target": () if wide or target is None else (target,),
        "time": () if time is None else (time,),
        "series": () if series is None else (series,),
        "known": tuple(known),
        "past": tuple(past),
        "static": tuple(static),
    }
    _check_roles(frame, roles, wide)
    taken = [name for role, names in roles.items() if role != "time" for name in names]
    column, parts = (time, ()) if time else find_time(frame, taken)
    frame = join_parts(frame, parts, "time")
    schema = Schema(
        target=target or "value",
        clock=Clock(),
        time=column,
        parts=parts,
        series="series" if wide else series,
        integer_names=not wide and series is not None and frame[series].dtype.is_integer(),
        known=roles["known"],
        past=roles["past"],
        static=roles["static"],
        calendar=calendar,
        holidays=holidays,
    )
    left = [name for name in frame.columns if name not in (*taken, *parts, column)]
    schema, notes = _with_target(frame, replace(schema, levels=_levels(frame, schema)), target, left, wide)
    clock, found = _clock(frame, schema, source)
    check_calendar(clock, calendar, holidays)
    return replace(schema, clock=clock), [*found, *notes]


def _check_roles(frame: pl.DataFrame, roles: dict[str, tuple[str, ...]], wide: bool) -> None:
    """Raise InputError if a column does not exist or has two roles."""
    problems = list[str]()
    held: dict[str, str] = {}
    for role, names in roles.items():
        for name in names:
            if name not in frame.columns:
                near = difflib.get_close_matches(name.lower(), [other.lower() for other in frame.columns], n=1)
                hint = next((f'; did you mean "{other}"?' for other in frame.columns if [other.lower()] == near), "")
                problems.append(f'{role}: there is no column "{name}"{hint}; the table has {_listed(frame.columns)}')
            elif name in held:
                as_target = "; what is to be forecast is not known ahead" * (held[name] == "target" and role == "known")
                both = f"{held[name]} and as {role}: a column has one role{as_target}"
                problems.append(f'column "{name}" is given as {both}')
            held[name] = role
    if wide and (roles["series"] or roles["static"]):
        problems.append("a wide table has a series in each column: leave series and static out, or give a long table")
    if problems:
        raise InputError("\n".join(problems))


def _with_target(
    frame: pl.DataFrame, schema: Schema, target: str | None, left: list[str], wide: bool
) -> tuple[Schema, list[Note]]:
    """The schema with its target or wide columns, out of the columns ``left`` without a role."""
    numbers = [name for name in left if _is_number(frame[name])]
    notes = list[Note]()
    if wide:
        if not numbers:
            raise DataError(f"no column of numbers is left to be a series; the table has {_listed(frame.columns)}")
        schema = replace(schema, wide=tuple(numbers))
        notes.append(
            Note("inferred", len(numbers), f"columns that are a series each: {len(numbers):,}, {_listed(numbers)}")
        )
        unused = [name for name in left if name not in numbers]
    else:
        if target is None:
            numbers = [name for name in numbers if frame[name].null_count() < len(frame)]
            if len(numbers) != 1:
                raise InputError(_no_target(frame, numbers))
            notes.append(Note("inferred", 1, f'the target is "{numbers[0]}", the only column of numbers left'))
        schema = replace(schema, target=target or numbers[0])
        unused = [name for name in left if name != schema.target]
    if unused:
        text = f"not used: {_listed(unused)} (columns can be given as known, past or static)"
        notes.append(Note("inferred", len(unused), text))
    return schema, notes


def _no_target(frame: pl.DataFrame, numbers: list[str]) -> str:
    if not numbers:
        alone = "; are the columns separated by a comma, semicolon, tab or bar?" * (frame.width == 1)
        return f"no column of numbers is left to be the target; the table has {_listed(frame.columns)}{alone}"
    what = f"{len(numbers)} columns could be the target: {_listed(numbers)}"
    return f"{what}; name it with target=, or take each as a series with wide="


def _clock(frame: pl.DataFrame, schema: Schema, source: Path | None) -> tuple[Clock, list[Note]]:
    if schema.time is None:
        return Clock(), [Note("inferred", 1, "there is no time column: each row is a step")]
    like, notes = time_clock(frame[schema.time])
    times = read_times(frame[schema.time], like.form, source)
    codes, _ = series_codes(frame, None if schema.wide else schema.series, source)
    clock = find_clock(times, codes, like)
    what = f"columns {_listed(schema.parts)}" if schema.parts else f'column "{schema.time}"'
    return clock, [Note("inferred", 1, f"the times are in {what}, in steps of {clock.span}"), *notes]


def _levels(frame: pl.DataFrame, schema: Schema) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The values of each covariate that is text; DataError if a column of known or past has very many."""
    levels, problems = list[tuple[str, tuple[str, ...]]](), list[str]()
    for name in (*schema.known, *schema.past, *schema.static):
        if frame[name].dtype.is_temporal():
            problems.append(f'column "{name}" holds {frame[name].dtype}: ask for calendar= to give dates to the model')
        elif not _is_number(frame[name]):
            values = frame[name].cast(pl.String).drop_nulls().unique().sort().to_list()
            levels.append((name, tuple(values)))
            if name not in schema.static and len(values) > _LEVELS:
                problems.append(
                    f'column "{name}" has {len(values):,} different texts ("{values[0]}", ...), and at most {_LEVELS}'
                    " can be told apart: group them, or leave the column out"
                )
    if problems:
        raise DataError(problems)
    return tuple(levels)


def _is_number(column: pl.Series) -> bool:
    """Whether the column holds numbers, or would but for fewer bad values than good ones."""
    if column.dtype != pl.String:
        return column.dtype.is_numeric() or column.dtype in (pl.Boolean, pl.Null)
    values, bad = to_numbers(column)
    return int(bad.sum()) < len(values) - values.null_count() or not column.drop_nulls().len()


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8:,} more" if len(names) > 8 else "")
