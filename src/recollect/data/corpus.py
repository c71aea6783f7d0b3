"""Text that people have: files, folders, gzip and standard input, read in pieces that never split a character."""

from __future__ import annotations

import codecs
import gzip
import io
import os
import shutil
import sys
import tempfile
import weakref
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, cast

from recollect.core.errors import DataError, InputError

__all__ = ["KINDS", "Corpus", "passages", "stretch"]

KINDS = (".txt", ".text", ".md", ".rst", ".tex")
_PIECE = 1 << 20  # bytes
_SPOOLED = 1 << 24
_HEAD = 1 << 16
_MARK = "\ufeff"
_WIDE = ("utf-16", "utf-32")  # where zero bytes are part of letters


class Corpus:
    """One text out of files, folders and standard input, in the order given; it can be read as often as one likes.

    A place is a file, a folder (its files of ``KINDS``, also with .gz, at any depth, sorted by path; hidden ones are
    left alone), or "-" for standard input, which is copied to the disk to be read again. Gzip is known by its content.
    A byte order mark is dropped, every end of a line becomes "\\n", and where a file does not end in one, the next
    begins on a new line all the same.

    Attributes:
        files: what is read, in order; "-" stands for standard input.
        passed_over: how many files in the folders are of another kind.
        encoding: the encoding of all of them.

    Raises InputError for a place that is not there, is given twice or is a folder without text, and for an encoding
    that Python does not know.
    """

    def __init__(self, places: Sequence[str | Path] | str | Path, encoding: str = "utf-8") -> None:
        self.encoding = _known_encoding(encoding)
        self.files: list[Path] = []
        self.passed_over = 0
        self._spool: BinaryIO | None = None
        for place in [places] if isinstance(places, (str, Path)) else places:
            self._add(Path(place))
        if not self.files:
            raise InputError("no text is given: name a file, a folder, or - for standard input")
        names = [path.resolve() for path in self.files]
        if twice := [str(path) for path, name in zip(self.files, names, strict=True) if names.count(name) > 1]:
            raise InputError(f"{twice[0]} is given twice: text to test on must not stand in the text to learn from")

    def pieces(self) -> Iterator[str]:
        """The text from its beginning, in pieces of about a million characters, none empty.

        Raises DataError for text in another encoding, with the place and an encoding that would work, for zero bytes,
        for damaged gzip, and at the end if there was no character at all; InputError for a file that cannot be opened.
        """
        last = ""
        for path in self.files:
            for number, text in enumerate(self._texts(path)):
                if not number and last not in ("", "\n"):
                    yield "\n"
                last = text[-1]
                yield text
        if not last:
            raise DataError(f"there is no text in {', '.join(map(_called, self.files[:3]))}")

    def _add(self, place: Path) -> None:
        if str(place) == "-":
            self._spool = self._spool or _copied(sys.stdin.buffer, self)
            self.files.append(place)
        elif place.is_dir():
            found = sorted(_visible_files(place), key=lambda path: path.relative_to(place).parts)
            texts = [path for path in found if _is_text(path)]
            if not texts:
                raise InputError(f"there is no text in the folder {place}: its files must end in {', '.join(KINDS)}")
            self.passed_over += len(found) - len(texts)
            self.files += texts
        elif place.exists():
            self.files.append(place)
        else:
            raise InputError(f"there is no file or folder {place}")

    def _texts(self, path: Path) -> Iterator[str]:
        name = _called(path)
        try:
            file = cast(BinaryIO, self._spool) if str(path) == "-" else path.open("rb")
        except OSError as error:
            raise InputError(f"{path} cannot be opened: {error.strerror}") from error
        try:
            file.seek(0)
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            yield from _decoded(
                cast(BinaryIO, gzip.GzipFile(fileobj=file, mode="rb")) if packed else file, name, self.encoding
            )
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DataError(f"{name} cannot be unpacked ({error}): is the download whole?") from error
        except OSError as error:
            raise InputError(f"{name} cannot be read: {error.strerror or error}") from error
        finally:
            if file is not self._spool:
                file.close()


def stretch(pieces: Iterable[str], start: int, stop: int) -> Iterator[str]:
    """Characters ``start`` to ``stop`` (from 0, not including ``stop``) of a text in pieces; none empty."""
    at = 0
    for piece in pieces:
        if at >= stop:
            return
        if part := piece[max(start - at, 0) : stop - at]:
            yield part
        at += len(piece)


def passages(pieces: Iterable[str], cuts: Sequence[int], inside: bool) -> Iterator[str]:
    """What lies between the first of ``cuts`` (characters, ascending) and the second, the third and the fourth, ...

    With ``inside`` False what lies outside of all that. None is empty.
    """
    ends = [0, *cuts, sys.maxsize]
    wanted = list(pairwise(ends))[int(inside) :: 2]
    at = 0
    for piece in pieces:
        for start, stop in wanted:
            if part := piece[max(start - at, 0) : max(stop - at, 0)]:
                yield part
        at += len(piece)


def _decoded(file: BinaryIO, name: str, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)()
    ends = io.IncrementalNewlineDecoder(None, translate=True)
    offset, line, begun, raw = 0, 1, False, b"."
    while raw:
        raw = file.read(_PIECE)
        pending = decoder.getstate()[0]
        try:
            text = ends.decode(decoder.decode(raw, final=not raw), final=not raw)
        except UnicodeDecodeError as error:
            raise _wrong_encoding(name, encoding, error, offset - len(pending), line) from error
        except UnicodeError as error:
            raise DataError(f"{name} is not {encoding} text: {error}; perhaps --encoding {encoding}-le") from error
        if "\0" in text:
            line += text[: text.index("\0")].count("\n")
            where = "" if encoding.startswith(_WIDE) else f" at byte {offset + raw.index(0)}"
            raise DataError(f"{name} line {line} is not text: it holds a zero byte{where}{_utf16_hint(raw, offset)}")
        offset += len(raw)
        line += text.count("\n")
        text = text if begun else text.removeprefix(_MARK)
        begun = begun or bool(text)
        if text:
            yield text


def _wrong_encoding(name: str, encoding: str, error: UnicodeDecodeError, base: int, line: int) -> DataError:
    raw, start = error.object, error.start
    line += raw[:start].decode(encoding, "ignore").count("\n")
    likely = "gb18030" if _is_chinese(raw[start : start + _HEAD]) else "cp1252"
    if encoding != "utf-8" and _decodes(raw, "utf-8"):
        likely = "utf-8"
    elif not base and raw[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        likely = "utf-16"
    elif 0 in raw and not encoding.startswith(_WIDE):
        return DataError(
            f"{name} is not text: it holds a zero byte at byte {base + raw.index(0)}{_utf16_hint(raw, base)}"
        )
    return DataError(
        f"{name} line {line} is not {encoding} text: byte {base + start} is 0x{raw[start]:02x} ({error.reason}); "
        f"tell its encoding, perhaps --encoding {likely}"
    )


def _decodes(raw: bytes, encoding: str) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)().decode(raw)
    except UnicodeDecodeError:
        return False
    return True


def _is_chinese(raw: bytes) -> bool:
    # Western letters outside ASCII stand alone, Chinese ones in rows
    return 4 * sum(byte >= 0x80 for byte in raw) >= len(raw) and _decodes(raw, "gb18030")


def _utf16_hint(raw: bytes, offset: int) -> str:
    evens, odds = raw[0:2000:2].count(0), raw[1:2000:2].count(0)
    if offset or len(raw) < 4 or 4 * max(evens, odds) < min(len(raw) // 2, 1000) or min(evens, odds):
        return ""
    return f"; perhaps --encoding {'utf-16-le' if odds else 'utf-16-be'}"


def _known_encoding(encoding: str) -> str:
    try:
        b"a".decode(encoding, "ignore")
        codecs.getincrementaldecoder(encoding)
    except (LookupError, UnicodeError) as error:
        raise InputError(
            f"{encoding!r} is no encoding of text known here; utf-8, utf-16, gb18030, cp1252 are"
        ) from error
    return codecs.lookup(encoding).name.removesuffix("-sig")


def _visible_files(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(place, name) for name in names if not name.startswith("."))


def _is_text(path: Path) -> bool:
    return Path(path.name.lower().removesuffix(".gz")).suffix in KINDS


def _called(path: Path) -> str:
    return "standard input" if str(path) == "-" else str(path)


def _copied(source: BinaryIO, owner: object) -> BinaryIO:
    spool = cast(BinaryIO, tempfile.SpooledTemporaryFile(max_size=_SPOOLED))  # noqa: SIM115 (closed with its owner)
    weakref.finalize(owner, spool.close)
    shutil.copyfileobj(source, spool)
    return spool
