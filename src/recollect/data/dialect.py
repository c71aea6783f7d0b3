"""How a delimited text file is written: encoding, delimiter, header, and lines that do not fit."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from recollect.core.errors import DataError, InputError
from recollect.data.numbers import MISSING

__all__ = ["DELIMITERS", "check_fields", "fields_add_up", "find_delimiter", "has_header", "load_text", "records"]

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_HEAD = 65_536
_CHUNK = 1 << 24
_NUMBER_OR_TIME = re.compile(r"^[+-]?[\d.,:/ T+Z-]*\d[\d.,:/ T+Z-]*([eE][+-]?\d+)?$")
_SHOWN = 10


def load_text(path: Path) -> tuple[bytes, str]:
    """The content of the file in UTF-8, unpacked if gzipped, and the name of the encoding it was in.

    Raises DataError for damaged gzip and for content that is no text, InputError if it cannot be opened.
    """
    try:
        raw = path.read_bytes()
        if raw[:2] == b"\x1f\x8b":
            raw = gzip.decompress(raw)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path.name} cannot be unpacked ({error}): is the download whole?") from error
    except OSError as error:
        raise InputError(f"{path} cannot be opened: {error.strerror}") from error
    utf16 = raw[:2] in (b"\xff\xfe", b"\xfe\xff")
    if not utf16 and b"\x00" in raw[:_HEAD]:
        raise DataError(f"{path.name} is not a text file (it holds zero bytes): give .csv, .parquet or .arrow")
    if not utf16 and b"\n" in raw and _is_utf8(raw):
        return raw.removeprefix(b"\xef\xbb\xbf"), "utf-8"
    for encoding in ("utf-16",) if utf16 else ("utf-8-sig", *_legacy(raw), "cp1252", "latin-1"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\n" not in text and "\r" in text:
            text, encoding = text.replace("\r", "\n"), f"{encoding} with old Macintosh line ends"
        return text.encode(), "utf-8" if encoding == "utf-8-sig" else encoding
    raise DataError(f"{path.name} begins as utf-16 text but cannot be read as such: is the download whole?")


def find_delimiter(content: bytes) -> str:
    """The delimiter that cuts every line of the file's head into the same number of fields; a comma if none does."""
    best, fields = ",", 1
    for delimiter in DELIMITERS:
        widths = [len(row) for _, row in islice(records(content[:_HEAD], delimiter), 100)]
        widths = widths[:-1] if len(content) > _HEAD and len(widths) < 100 else widths
        typical = max(set(widths), key=widths.count) if widths else 1
        # the header must fit too, or the decimal commas of a file with semicolons would pass for delimiters
        if typical > fields and widths[0] == typical and widths.count(typical) * 2 > len(widths):
            best, fields = delimiter, typical
    return best


def has_header(content: bytes, delimiter: str) -> bool:
    """Whether the first line names the columns: it has a field that is neither a number nor a time."""
    _, first = next(records(content[:_HEAD], delimiter), (0, [""]))
    if len(first) > 1 and all(_NUMBER_OR_TIME.match(field.strip()) for field in first[1:]):
        # a wide table may name its columns by numbers: then nothing but its corner is text
        return not _NUMBER_OR_TIME.match(first[0].strip()) and not _second_is_text(content, delimiter)
    return not all(_NUMBER_OR_TIME.match(field.strip()) or field.strip() in MISSING for field in first)


def records(content: bytes, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The line number (from 1) and fields of each record that is not blank or a leading comment."""
    text = io.TextIOWrapper(io.BytesIO(content), "utf-8", errors="replace", newline="")
    reader = csv.reader(text, delimiter=delimiter)
    line, begun = 1, False
    for row in reader:
        blank = not any(field.strip() for field in row) and len(row) <= 1
        comment = not begun and bool(row) and row[0].startswith("#")
        if not blank and not comment:
            begun = True
            yield line, row
        line = reader.line_num + 1


def check_fields(path: Path, content: bytes, delimiter: str, width: int) -> None:
    """Raise DataError, listing the lines, unless every line of the file has ``width`` fields."""
    wrong = [(line, len(row)) for line, row in records(content, delimiter) if len(row) != width]
    if wrong:
        problems = [
            f"{path.name} line {line} has {fields} fields, and the first line has {width}"
            for line, fields in wrong[:_SHOWN]
        ]
        more = [f"and {len(wrong) - _SHOWN:,} more"] if len(wrong) > _SHOWN else []
        raise DataError([*problems, *more])


def fields_add_up(content: bytes, delimiter: str, width: int) -> bool:
    """Whether there are as many delimiters as ``width`` fields in every line need.

    Quick, but a line with a field too many makes up for a line with one too few.
    """
    bare = re.sub(rb'"[^"]*"', b"", content) if b'"' in content else content
    lines = bare.count(b"\n") + (not bare.endswith(b"\n"))
    return bare.count(delimiter.encode()) == lines * (width - 1)


def _is_utf8(raw: bytes) -> bool:
    # piece by piece, as the whole text beside its bytes would double the memory
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(raw), _CHUNK):
            decoder.decode(raw[start : start + _CHUNK], final=start + _CHUNK >= len(raw))
    except UnicodeDecodeError:
        return False
    return True


def _legacy(raw: bytes) -> tuple[str, ...]:
    # Chinese text in GBK has its high bytes in pairs, most of which begin with B0 to D7 (the usual characters);
    # Western letters outside ASCII stand alone, and the small ones lie above D7
    runs = re.findall(rb"[\x80-\xff]+", raw[:_HEAD])
    leads = [lead for run in runs for lead in run[::2]]
    usual = sum(0xB0 <= lead <= 0xD7 for lead in leads)
    return ("gb18030",) if leads and all(len(run) % 2 == 0 for run in runs) and 2 * usual > len(leads) else ()


def _second_is_text(content: bytes, delimiter: str) -> bool:
    second = next(islice(records(content[:_HEAD], delimiter), 1, None), (0, [""]))[1]
    return not any(_NUMBER_OR_TIME.match(field.strip()) for field in second[:1])
