"""Files that people have, read into one frame: delimited text of any dialect, Parquet and Arrow."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from recollect.core.errors import DataError, InputError
from recollect.core.notes import Note
from recollect.data.dialect import (
    DELIMITERS,
    check_fields,
    fields_add_up,
    find_delimiter,
    has_header,
    load_text,
    records,
)
from recollect.data.numbers import to_numbers

__all__ = ["place", "read_table"]

_TEXT = (".csv", ".tsv", ".txt", ".tab", ".dat", ".data")
_ARROW = (".arrow", ".feather", ".ipc")
_PARQUET = (".parquet", ".pq")


def read_table(path: Path) -> tuple[pl.DataFrame, list[Note]]:
    """The table in ``path``, with columns of numbers as numbers and all others as the text they are.

    Text files (.csv, .tsv, .txt, also .gz): delimiter, encoding, decimal comma and a missing header are found
    out; what is unusual is said in a note. A column is numbers only if every value in it is one, so that a
    typing error shows up where the column is used, with its line. Raises DataError for content that is no
    table, InputError for a path that is no file or not of a known kind.
    """
    kind = path.suffix.lower()
    if not path.exists():
        raise InputError(f"there is no file {path}")
    if path.is_dir():
        raise InputError(f"{path} is a folder: give one file of {', '.join((*_TEXT, *_PARQUET, *_ARROW))}")
    if kind not in (*_TEXT, *_ARROW, *_PARQUET, ".gz", ""):
        raise InputError(f"{path.name}: files of kind {kind} cannot be read; save it as .csv, .parquet or .arrow")
    if kind not in (*_PARQUET, *_ARROW):
        return _read_text(path)
    try:
        frame = pl.read_parquet(path) if kind in _PARQUET else pl.read_ipc(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"{path.name} cannot be read: {str(error).splitlines()[0]}") from error
    if frame.is_empty():
        raise DataError(f"{path.name} has no rows")
    return frame, []


def place(source: Path | None, rows: Sequence[int]) -> list[str]:
    """Where each of ``rows`` (from 0) stands, for messages: "load.csv line 1042", or "row 1041" without a file.

    The file is read once more for this, so that reading without errors costs nothing for it.
    """
    if not rows:
        return []
    if source is None or source.suffix.lower() in (*_ARROW, *_PARQUET):
        return [f"{source.name} row {row + 1}" if source else f"row {row + 1}" for row in rows]
    content, _ = load_text(source)
    delimiter = find_delimiter(content)
    lines: Sequence[int] = [line for line, fields in records(content, delimiter) if any(fields)]
    if len(next(records(content, delimiter))[1]) == 1:
        lines = range(lines[0], lines[-1] + 1)
    skip = int(has_header(content, delimiter))
    return [f"{source.name} line {lines[row + skip]}" for row in rows]


def _read_text(path: Path) -> tuple[pl.DataFrame, list[Note]]:
    content, encoding = load_text(path)
    if not content.strip():
        raise DataError(f"{path.name} is empty")
    delimiter = find_delimiter(content)
    header = has_header(content, delimiter)
    _, first = next(records(content, delimiter), (0, []))
    names = [name.strip() if header and name.strip() else f"column_{i + 1}" for i, name in enumerate(first)]
    _check_names(path, names)
    if not fields_add_up(content, delimiter, len(names)):
        check_fields(path, content, delimiter, len(names))
    notes = [Note("inferred", 1, f"{path.name} is read as {encoding}")] if encoding != "utf-8" else []
    if delimiter != ",":
        notes.append(Note("inferred", 1, f"the columns are separated by a {DELIMITERS[delimiter]}"))
    if not header:
        notes.append(Note("inferred", len(names), f"there is no header line: columns are called {names[0]} and so on"))
    try:
        frame = pl.read_csv(
            io.BytesIO(content),
            separator=delimiter,
            has_header=header,
            new_columns=names,
            infer_schema=False,
            comment_prefix="#" if content.lstrip().startswith(b"#") else None,
        )
    except pl.exceptions.PolarsError as error:
        check_fields(path, content, delimiter, len(names))
        raise DataError(f"{path.name} cannot be read: {str(error).splitlines()[0]}") from error
    del content  # the largest thing here, and typing needs the room
    empty = frame.select(pl.all_horizontal(pl.all().is_null())).to_series()
    # a blank line is nothing, but in a single column it is a missing value
    frame = frame.filter(~empty) if len(names) > 1 else frame.head(len(frame) - int(empty.reverse().arg_min() or 0))
    if frame.is_empty():
        raise DataError(f"{path.name} has a header but no rows")
    return _typed(frame, delimiter, notes)


def _typed(frame: pl.DataFrame, delimiter: str, notes: list[Note]) -> tuple[pl.DataFrame, list[Note]]:
    """Each column as numbers if all its values are, else as the text it is."""
    commas, columns = list[str](), list[pl.Series]()
    for column in frame.get_columns():
        head = column.drop_nulls().head(100)
        # a leading zero marks a code (007), which as a number would lose it
        if (len(head) and to_numbers(head)[1].all()) or column.str.contains(r"^\s*0\d+\s*$").any():
            columns.append(column)
            continue
        values, bad = to_numbers(column, comma=delimiter != ",")
        if bad.any() or (column.name and values.null_count() == len(values) and column.drop_nulls().len() > 0):
            columns.append(column)
            continue
        if column.str.contains(",", literal=True).any():
            commas.append(column.name)
        whole = column.cast(pl.Int64, strict=False)
        columns.append(whole if whole.null_count() == values.null_count() else values)
    if commas:
        example = frame[commas[0]].filter(frame[commas[0]].str.contains(",", literal=True))[0]
        value = to_numbers(frame[commas[0]].filter(frame[commas[0]] == example), comma=delimiter != ",")[0][0]
        notes.append(Note("inferred", len(commas), f'column "{commas[0]}": {example} is read as {value}'))
    return pl.DataFrame(columns), notes


def _check_names(path: Path, names: list[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        listed = ", ".join(f'"{name}"' for name in repeated)
        raise DataError(f"{path.name}: column {listed} appears more than once in the header; give each its own name")
