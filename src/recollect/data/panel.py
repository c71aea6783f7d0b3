"""Many series on one clock, in flat arrays: what every forecasting model here reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recollect.core.errors import DataError, InputError
from recollect.core.notes import Note
from recollect.data.calendar import calendar_features
from recollect.data.clock import Clock
from recollect.data.encode import encode_columns, encode_static, number_problems
from recollect.data.rows import Rows, long_table, merge_rows, read_steps, series_codes
from recollect.data.schema import Schema

__all__ = ["Panel", "build_panel"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_BLOCK = 100_000  # rows that are placed at once: few enough that the work costs no memory beside the rows themselves


@dataclass(frozen=True)
class Panel:
    """N series of any lengths, laid end to end; series ``n`` is the slice ``offsets[n]:offsets[n + 1]``.

    Every series stands on one regular clock: a time without a row is a step with NaN, never an invented value.
    A series' history begins and ends with an observed target. Rows after it (given for their known covariates,
    or made for the calendar) belong to the series but not to its history: ``ends[n]`` counts the steps of history.

    Attributes:
        schema: the columns and their roles, so that other rows can be read the same way.
        clock: turns a step number into a time and back.
        names: [N] the series' own names as text; one empty name where the table holds a single series.
        starts: [N] step number on the clock of each series' first row.
        offsets: [N + 1] where each series begins in the flat arrays.
        ends: [N] steps of history; ``ends[n] <= offsets[n + 1] - offsets[n]``.
        target: [total] in the user's unit; NaN where not observed.
        known: [total, C] covariates known ahead; NaN where missing.
        past: [total, C] covariates known only up to now; NaN where missing.
        static: [N, C] numbers that describe a series; NaN where missing.
        groups: [N, C] category codes that describe a series; 0 is 'not seen in training'.
    """

    schema: Schema
    clock: Clock
    names: tuple[str, ...]
    starts: Ints
    offsets: Ints
    ends: Ints
    target: Floats
    known: Floats
    past: Floats
    static: Floats
    groups: Ints

    def __len__(self) -> int:
        """N, the number of series."""
        return len(self.names)

    def history(self, n: int) -> Floats:
        """The target of series ``n`` up to its end, [ends[n]], NaN where not observed."""
        first = int(self.offsets[n])
        return self.target[first : first + int(self.ends[n])]

    def keys(self, first: Ints, count: int, series: Ints | None = None) -> pl.DataFrame:
        """The series and time columns, under their own names and in their own form, of ``count`` steps a row.

        ``first`` [M] is the step on the clock from which to count: ``starts + ends`` for what follows the history.
        ``series`` [M] is the row's series; each in turn by default. A table of a single series has no series column.
        """
        rows = np.arange(len(self)) if series is None else series
        steps = (np.asarray(first, dtype=np.int64)[:, None] + np.arange(count)).ravel()
        time = self.clock.at(steps).alias(self.schema.time_name)
        if self.schema.series is None:
            return time.to_frame()
        names = pl.Series(self.schema.series, self.names).gather(np.repeat(rows, count))
        return pl.DataFrame([names.cast(pl.Int64) if self.schema.integer_names else names, time])


@dataclass(frozen=True)
class _Layout:
    """Where each series lies: [N] first step, history length and length with future rows."""

    starts: Ints
    ends: Ints
    lengths: Ints
    offsets: Ints

    def scatter(self, rows: Rows, columns: Sequence[slice]) -> tuple[list[Floats], NDArray[np.bool_]]:
        """The rows' chosen columns at their steps, [total, C] each, NaN where there is no row; and where one is."""
        total = int(self.offsets[-1])
        flat = [np.full((total, rows.values[:, part].shape[1]), np.nan) for part in columns]
        given = np.zeros(total, np.bool_)
        for first in range(0, len(rows.codes), _BLOCK):
            block = slice(first, first + _BLOCK)
            codes, values = rows.codes[block], rows.values[block]
            after = rows.steps[block] - self.starts[codes]
            inside = (after >= 0) & (after < self.lengths[codes])
            place = (self.offsets[codes] + after)[inside]
            given[place] = True
            for kept, part in zip(flat, columns, strict=True):
                kept[place] = values[inside, part]
        return flat, given

    def steps(self) -> Ints:
        """The step on the clock of every place, [total]."""
        first = np.repeat(self.starts - self.offsets[:-1], self.lengths)
        return first + np.arange(self.offsets[-1])


def build_panel(
    frame: pl.DataFrame, schema: Schema, *, horizon: int | None = None, source: Path | None = None, least: int = 2
) -> tuple[Panel, list[Note]]:
    """The rows of ``frame`` as a Panel, read by ``schema``, with a note for every repair.

    Rows are sorted and put on the clock; steps without a row are NaN. With ``horizon`` the known covariates must
    cover that many steps after each series' end, and calendar columns are made for them. ``source`` is the file
    that the frame was read from, for messages, and ``least`` the rows it must have. Where one row will do, newer rows
    continue older ones: a series without a value in them is then left out, else refused. Raises DataError if a column
    is missing or its content cannot be used, with all problems found; InputError for a horizon below 1.
    """
    if horizon is not None and horizon < 1:
        raise InputError(f"horizon must be at least 1 step, got {horizon}")
    _check_columns(frame, schema)
    if len(frame) < least:
        raise DataError(f"the table has {len(frame)} row{'s' * (len(frame) != 1)}: a series needs at least {least}")
    # in a wide table a line holds many series, and is named before it is taken apart
    if problems := number_problems(frame, schema.wide, source):
        raise DataError(problems)
    frame = long_table(frame, schema)
    codes, names = series_codes(frame, schema.series, source)
    steps, moved = read_steps(frame, codes, schema, source)
    values, notes = encode_columns(frame, [schema.target, *schema.known, *schema.past], schema, source)
    static, groups, more = encode_static(frame, codes, names, schema, source)
    rows, repairs = merge_rows(Rows(codes, steps, values), schema.clock, names, bool(moved))
    rows, kept, absent = _observed(rows, names, schema, least)
    layout = _lay_out(rows, schema, [names[n] for n in kept], horizon)
    width = 1 + len(schema.given_names)
    (target, known, past), given = layout.scatter(rows, [slice(0, 1), slice(1, width), slice(width, None)])
    if schema.calendar or schema.holidays:
        features = calendar_features(schema.clock, layout.steps(), schema.calendar, schema.holidays)
        known = np.column_stack([known, features.to_numpy()])
    panel = Panel(
        schema, schema.clock, tuple(names[n] for n in kept), layout.starts, layout.offsets, layout.ends,
        target[:, 0], known, past, static[kept], groups[kept],
    )  # fmt: skip
    return panel, [*notes, *more, *moved, *repairs, *absent, *_describe(panel, given, len(rows.codes))]


def _check_columns(frame: pl.DataFrame, schema: Schema) -> None:
    given = set(frame.columns)
    keys = [schema.time, schema.series] if not schema.wide else [schema.time]
    values = schema.wide or (schema.target,)
    needed = [name for name in (*keys, *values, *schema.known, *schema.past, *schema.static) if name]
    needed = [name for name in needed if not (schema.parts and name == schema.time)] + list(schema.parts)
    missing = [name for name in needed if name not in given]
    if missing:
        listed = ", ".join(f'"{name}"' for name in missing)
        raise DataError(f"the table lacks the column {listed} of the training data; it has {', '.join(frame.columns)}")


def _observed(rows: Rows, names: Sequence[str], schema: Schema, least: int) -> tuple[Rows, Ints, list[Note]]:
    """The rows of the series that have a value, renumbered, and which these are; DataError where all must have one."""
    first = rows.first(len(names))
    has_value = np.logical_or.reduceat(~np.isnan(rows.values[:, 0]), first)
    kept, empty = np.flatnonzero(has_value), [names[int(n)] for n in np.flatnonzero(~has_value)]
    if not empty:
        return rows, kept, []
    listed = f"{', '.join(map(repr, empty[:5]))}{', ...' * (len(empty) > 5)}"
    if least > 1 or not kept.size:
        which = f"series {listed}: " if schema.series else ""
        raise DataError(f'{which}column "{schema.target}" has no value at all; leave out what was never observed')
    inside = has_value[rows.codes]
    number = (np.cumsum(has_value) - 1).astype(rows.codes.dtype)
    rows = Rows(number[rows.codes[inside]], rows.steps[inside], rows.values[inside])
    text = f"series without a value in these rows, left as they are: {len(empty):,}, {listed}"
    return rows, kept, [Note("repaired", len(empty), text)]


def _lay_out(rows: Rows, schema: Schema, names: Sequence[str], horizon: int | None) -> _Layout:
    """From the first observed target to the last, and on to the last row known ahead."""
    hidden = np.isnan(rows.values[:, 0])
    first = rows.first(len(names))
    limits = np.iinfo(np.int64)
    starts = np.minimum.reduceat(np.where(hidden, limits.max, rows.steps), first)
    stops = np.maximum.reduceat(np.where(hidden, limits.min, rows.steps), first) + 1
    last = stops
    if schema.known:
        last = np.maximum(stops, np.maximum.reduceat(rows.steps, first) + 1)
        if horizon is not None:
            _check_cover(rows, schema, names, stops, horizon)
    if horizon is not None and (schema.known or schema.calendar or schema.holidays):
        last = np.maximum(last, stops + horizon)
    lengths = last - starts
    total = int(lengths.sum())
    if total > 50 * len(rows.codes) + 1_000_000:
        raise DataError(
            f"{len(rows.codes):,} rows would be spread over {total:,} steps of {schema.clock.span}: the times are"
            " too irregular for a forecast; average them over longer steps first"
        )
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return _Layout(starts, stops - starts, lengths, offsets)


def _check_cover(rows: Rows, schema: Schema, names: Sequence[str], stops: Ints, horizon: int) -> None:
    """Raise DataError unless each of the ``horizon`` steps after every series' end has its known covariates."""
    known = rows.values[:, 1 : 1 + len(schema.given_names)]
    after = rows.steps - stops[rows.codes]
    ahead = (after >= 0) & (after < horizon) & ~np.isnan(known).any(axis=1)
    covered = np.bincount(rows.codes[ahead], minlength=len(names))
    short = np.flatnonzero(covered < horizon)
    if short.size:
        n = int(short[0])
        steps = rows.steps[ahead & (rows.codes == n)]
        until = schema.clock.at(np.array([steps.max() if steps.size else stops[n] - 1]))[0]
        which = f" of series {names[n]!r} (and {short.size - 1:,} more)" if schema.series else ""
        raise DataError(
            f"the known covariates {', '.join(schema.known)}{which} end at {until}: {covered[n]} of {horizon} steps."
            " Add rows for the coming times with these columns filled and the target empty, or shorten the horizon"
        )


def _describe(panel: Panel, given: NDArray[np.bool_], rows: int) -> list[Note]:
    """Notes on gaps, missing values and constant series; ``given`` [total] tells where one of the ``rows`` lies."""
    notes = list[Note]()
    outside = rows - int(given.sum())
    if outside:
        text = f'rows left out before the first or after the last value of "{panel.schema.target}": {outside:,}'
        notes.append(Note("repaired", outside, text))
    edge = np.zeros(len(given) + 1, np.int8)  # 1 where a history begins, -1 after its end
    edge[panel.offsets[:-1]] += 1
    edge[panel.offsets[:-1] + panel.ends] -= 1
    hole = np.isnan(panel.target) & (np.cumsum(edge[:-1], dtype=np.int8) > 0)
    if hole.any():
        edges = np.flatnonzero(np.diff(np.concatenate([[0], hole.astype(np.int8), [0]])))
        longest = int((edges[1::2] - edges[::2]).max())
        absent = int((hole & ~given).sum())
        text = (
            f"steps without a value: {int(hole.sum()):,} ({absent:,} without a row, {int(hole.sum()) - absent:,} with"
            f" an empty one), longest run {longest:,}; left out of training, never filled"
        )
        notes.append(Note("warning", int(hole.sum()), text))
    low = np.fmin.reduceat(panel.target, panel.offsets[:-1])
    high = np.fmax.reduceat(panel.target, panel.offsets[:-1])
    flat = np.flatnonzero(low == high)
    if flat.size:
        which = f"series that never change: {flat.size:,}, such as {panel.names[flat[0]]!r}" if len(panel) > 1 else ""
        notes.append(Note("warning", flat.size, which or f'column "{panel.schema.target}" never changes'))
    return notes
