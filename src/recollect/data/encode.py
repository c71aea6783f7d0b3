"""Columns of a table to numbers: text that should be numbers, categories, and where the bad ones stand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recollect.core.errors import DataError
from recollect.core.notes import Note
from recollect.data.numbers import MISSING, to_numbers
from recollect.data.schema import Schema
from recollect.data.tables import place

__all__ = ["encode_columns", "encode_static", "number_problems", "read_numbers"]

Floats = NDArray[np.float64]
_SHOWN = 10


def number_problems(frame: pl.DataFrame, columns: Sequence[str], source: Path | None) -> list[str]:
    """A sentence for every value of ``columns`` that is not a finite number; at most ten, then how many more."""
    problems, more = list[str](), 0
    for name in columns:
        values = read_numbers(frame[name])
        given = frame[name]
        missing = given.str.strip_chars().is_in(MISSING) if given.dtype == pl.String else given.is_null()
        if given.dtype.is_float():
            missing |= given.is_nan()
        bad = (values.is_null() & ~missing.fill_null(True)) | values.is_infinite().fill_null(False)
        rows = bad.arg_true()
        shown = rows.head(max(0, _SHOWN - len(problems)))
        where = place(source, shown.to_list())
        problems += [
            f'{spot}, column "{name}": {_quoted(given[row])} is not a{" finite" * (given.dtype != pl.String)} number'
            for spot, row in zip(where, shown, strict=True)
        ]
        more += len(rows) - len(shown)
    return [*problems, f"and {more:,} more"] if more else problems


def read_numbers(column: pl.Series) -> pl.Series:
    """The column [R] as Float64; null where missing or not a number."""
    if column.dtype == pl.String:
        return to_numbers(column)[0]
    numeric = column.dtype.is_numeric() or column.dtype == pl.Boolean
    values = column.cast(pl.Float64) if numeric else pl.repeat(None, len(column), dtype=pl.Float64, eager=True)
    return values.fill_nan(None) if values.is_nan().any() else values  # or they would be copied


def encode_columns(
    frame: pl.DataFrame, columns: Sequence[str], schema: Schema, source: Path | None
) -> tuple[Floats, list[Note]]:
    """The columns as numbers [R, C], a column of 0 and 1 for each level of text; NaN where missing.

    A value of text that was not seen in training is 0 in every column, and counted in a note.
    """
    levels, notes, parts = dict(schema.levels), list[Note](), list[pl.Series]()
    problems = number_problems(frame, [name for name in columns if name not in levels], source)
    if problems:
        raise DataError(problems)
    for name in columns:
        if name not in levels:
            parts.append(read_numbers(frame[name]).fill_null(np.nan).rename(name))
            continue
        text = frame[name].cast(pl.String)
        notes += _unseen_note(text, levels[name], name)
        for level in levels[name]:
            parts.append((text == level).cast(pl.Float64).fill_null(np.nan).rename(f"{name}={level}"))
    return pl.DataFrame(parts).to_numpy(), notes


def encode_static(
    frame: pl.DataFrame, codes: NDArray[np.int32], names: Sequence[str], schema: Schema, source: Path | None
) -> tuple[Floats, NDArray[np.int64], list[Note]]:
    """Static covariates of each series: numbers [N, C] and category codes [N, C], where 0 is 'not seen'.

    Raises DataError if one changes within a series.
    """
    numbers, groups, notes, problems = list[Floats](), list[NDArray[np.int64]](), list[Note](), list[str]()
    levels = dict(schema.levels)
    problems += number_problems(frame, schema.static_names, source)
    for name in schema.static:
        column = frame[name].cast(pl.String) if name in levels else read_numbers(frame[name])
        rows = pl.DataFrame({"code": codes, "value": column}).drop_nulls()
        first, kinds_of = pl.col("value").first(), pl.col("value").n_unique().alias("n")
        kinds = rows.group_by("code", maintain_order=True).agg(first, kinds_of)
        problems += [
            f'column "{name}" changes within series {names[code]!r} ({n} values): give it as known or past'
            for code, n in kinds.filter(pl.col("n") > 1).select("code", "n").head(3).iter_rows()
        ]
        every = pl.DataFrame({"code": np.arange(len(names), dtype=np.int32)})
        held = every.join(kinds, on="code", how="left", maintain_order="left")["value"]
        if name in levels:
            notes += _unseen_note(held, levels[name], name)
            code = held.replace_strict(levels[name], range(1, len(levels[name]) + 1), default=0, return_dtype=pl.Int64)
            groups.append(code.fill_null(0).to_numpy())
        else:
            numbers.append(held.fill_null(np.nan).to_numpy())
    if problems:
        raise DataError(problems)
    empty = np.empty((len(names), 0))
    return np.column_stack([empty, *numbers]), np.column_stack([empty.astype(np.int64), *groups]), notes


def _unseen_note(text: pl.Series, levels: Sequence[str], name: str) -> list[Note]:
    unseen = text.filter(~text.is_in(list(levels)).fill_null(True))
    if unseen.is_empty():
        return []
    kinds = unseen.unique(maintain_order=True)
    say = f'column "{name}": values not seen in training, read as unknown: {len(unseen):,}, such as {kinds[0]!r}'
    return [Note("warning", len(unseen), say)]


def _quoted(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)
