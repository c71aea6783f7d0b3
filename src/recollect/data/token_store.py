"""A text of any size as one file of tokens, read through memory maps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from recollect.core.errors import ArtifactError
from recollect.core.files import staged_file
from recollect.data.tokens import Integers, Tokenizer

__all__ = ["Stored", "encoded", "open_tokens", "write_tokens"]

_MOST_HELD = 1 << 20  # characters without a place to cut


@dataclass(frozen=True)
class Stored:
    """What was written: how many tokens, of how many characters and bytes of UTF-8, and how many of them unknown."""

    tokens: int
    characters: int
    bytes: int
    unknown: int


def encoded(pieces: Iterable[str], tokenizer: Tokenizer) -> Iterator[tuple[str, Integers]]:
    """Each stretch of the text with its tokens, cut where that changes none: all tokens joined are those of the whole.

    A million characters without a place to cut are cut at their end.
    """
    held = ""
    for piece in pieces:
        held += piece
        cut = tokenizer.border(held)
        if not cut and len(held) >= _MOST_HELD:
            cut = len(held)
        if cut:
            yield held[:cut], tokenizer.encode(held[:cut])
            held = held[cut:]
    if held:
        yield held, tokenizer.encode(held)


def write_tokens(pieces: Iterable[str], tokenizer: Tokenizer, path: Path) -> Stored:
    """Write the tokens of the text to ``path``, whole or not at all, a few million at a time in memory.

    The file is a one-dimensional .npy of the smallest unsigned type that holds every token. Raises OutputError if it
    cannot be written, and whatever ``pieces`` and the tokenizer raise.
    """
    kind = np.min_scalar_type(tokenizer.size - 1)
    tokens = characters = octets = unknown = 0
    with staged_file(path) as file:
        _write_header(file, kind, 0)
        begin = file.tell()
        for text, ids in encoded(pieces, tokenizer):
            file.write(ids.astype(kind).tobytes())
            tokens, characters = tokens + len(ids), characters + len(text)
            octets += len(text.encode("utf-8", "surrogatepass"))
            if tokenizer.unknown_id is not None:
                unknown += int((ids == tokenizer.unknown_id).sum())
        file.seek(0)
        _write_header(file, kind, tokens)
        assert file.tell() == begin  # numpy leaves room in the header for any length
    return Stored(tokens, characters, octets, unknown)


def _write_header(file: BinaryIO, kind: np.dtype[np.generic], length: int) -> None:
    description = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": (length,)}
    np.lib.format.write_array_header_1_0(file, description)


def open_tokens(path: Path, size: int) -> npt.NDArray[np.unsignedinteger]:
    """The tokens in ``path`` [T], read-only, of a vocabulary of ``size``; only what is looked at comes into memory.

    Raises ArtifactError for a file that is not there, not whole, or not of such tokens. The values are not looked at.
    """
    try:
        array: npt.NDArray[np.unsignedinteger] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ArtifactError(f"cannot read the tokens in {path}: {error}; write them again") from error
    if array.ndim != 1 or array.dtype != np.min_scalar_type(size - 1):
        raise ArtifactError(f"{path} holds {array.dtype} {array.shape}, not tokens of a vocabulary of {size}")
    return array
