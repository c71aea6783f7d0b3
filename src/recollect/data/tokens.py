"""Text to integers and back: characters and bytes. What a vocabulary knows, it knows from the training part alone."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt

from recollect.core.errors import ArtifactError, DataError, InputError

__all__ = ["REPLACEMENT", "Bytes", "Characters", "Decoder", "Tokenizer", "Utf8Decoder", "checked_ids", "utf8"]

Integers = npt.NDArray[np.int64]
REPLACEMENT = "\ufffd"


class Decoder(Protocol):
    """Turns a stream of tokens into text as it comes, so that all pieces joined are ``decode`` of all tokens."""

    def feed(self, token: int) -> str:
        """The text that is certain now; empty while a character is only half there."""

    def finish(self) -> str:
        """What is left: the replacement character for one that stays half, else nothing."""


class Tokenizer(Protocol):
    """A way to write text as integers 0 .. size - 1."""

    @property
    def name(self) -> str:
        """The word by which it is chosen: "characters", "bytes" or "bpe"."""

    @property
    def size(self) -> int:
        """V, how many tokens there are."""

    @property
    def unknown_id(self) -> int | None:
        """The token for what the vocabulary lacks, never to be generated; None where nothing is lacking."""

    def encode(self, text: str) -> Integers:
        """The tokens of the text, [T]."""

    def decode(self, ids: npt.ArrayLike) -> str:
        """The text of the tokens [T]; "\\ufffd" for what is unknown. Raises InputError for ids out of range."""

    def decoder(self) -> Decoder:
        """A decoder for one stream."""

    def unknown(self, text: str) -> tuple[str, ...]:
        """The characters of the text that the vocabulary lacks, sorted, each once."""

    def border(self, text: str) -> int:
        """The last place at which the text can be cut without changing its tokens; 0 if none is known."""

    def to_json(self) -> dict[str, object]:
        """A plain document for JSON, from which `recollect.data.vocabulary.tokenizer_from_json` makes it anew."""


@dataclass(frozen=True)
class Characters:
    """One token for each character: 0 is ``<unk>``, then ``symbols`` in the order of Unicode.

    Attributes:
        symbols: the characters known, sorted.
        counts: how often each token stood in the training text, ``<unk>`` first.
        folded: how many different characters of the training text are rare, and so fold into ``<unk>``.
    """

    symbols: str
    counts: tuple[int, ...]
    folded: int = 0
    name = "characters"
    unknown_id = 0

    @classmethod
    def learn(cls, pieces: Iterable[str], minimum: int = 2) -> Characters:
        """The vocabulary of the training text: all characters that it holds at least ``minimum`` times.

        Rarer ones are read as ``<unk>``, by which a model learns what to make of it. Raises DataError where none is
        left.
        """
        counts = np.zeros(0x110000, np.int64)
        for piece in pieces:
            seen = np.bincount(_points(piece))
            counts[: len(seen)] += seen
        known, rare = np.flatnonzero(counts >= max(minimum, 1)), (counts > 0) & (counts < minimum)
        if not len(known):
            raise DataError(f"no character stands in the training text at least {minimum} times: give more text")
        return cls(_text(known), (int(counts[rare].sum()), *counts[known].tolist()), int(rare.sum()))

    @property
    def size(self) -> int:
        """V: the characters known, and ``<unk>``."""
        return len(self.symbols) + 1

    def encode(self, text: str) -> Integers:
        """The tokens of the text [T], one for each character."""
        encoded: Integers = self._lookup[np.minimum(_points(text), len(self._lookup) - 1)]
        return encoded

    def decode(self, ids: npt.ArrayLike) -> str:
        """The text of the tokens [T]. Raises InputError for ids out of range."""
        return _text(self._alphabet[checked_ids(ids, self.size)])

    def decoder(self) -> Decoder:
        """A decoder for one stream; it never holds anything back."""
        return _CharacterDecoder(self)

    def unknown(self, text: str) -> tuple[str, ...]:
        """The characters of the text that the vocabulary lacks, sorted, each once."""
        return tuple(sorted(set(text) - set(self.symbols)))

    def border(self, text: str) -> int:
        """Text can be cut anywhere: its length."""
        return len(text)

    def to_json(self) -> dict[str, object]:
        """A plain document for JSON."""
        return {"kind": self.name, "symbols": self.symbols, "counts": list(self.counts), "folded": self.folded}

    @classmethod
    def from_json(cls, data: object) -> Characters:
        """What ``to_json`` gave; raises ArtifactError for anything else."""
        if not isinstance(data, dict) or set(data) != {"kind", "symbols", "counts", "folded"}:
            raise ArtifactError(f"saved characters must hold kind, symbols, counts and folded, got {data!r:.200}")
        symbols, counts, folded = data["symbols"], data["counts"], data["folded"]
        if data["kind"] != cls.name or not isinstance(symbols, str) or not symbols:
            raise ArtifactError(f"saved characters hold no symbols, but {symbols!r:.80} of kind {data['kind']!r:.80}")
        if list(symbols) != sorted(set(symbols)):
            raise ArtifactError("saved characters must stand in order, each once")
        numbers = [*counts, folded] if isinstance(counts, list) else [None]
        if not all(type(number) is int and number >= 0 for number in numbers) or len(counts) != len(symbols) + 1:
            raise ArtifactError(f"saved characters need {len(symbols) + 1} counts, whole numbers from 0")
        return cls(symbols, tuple(counts), folded)

    @cached_property
    def _alphabet(self) -> Integers:
        return np.concatenate([[ord(REPLACEMENT)], _points(self.symbols)])

    @cached_property
    def _lookup(self) -> Integers:
        points = _points(self.symbols)
        table = np.zeros(int(points[-1]) + 2, np.int64)
        table[points] = np.arange(1, len(points) + 1)
        return table


class Bytes:
    """One token for each byte of UTF-8: 256 of them, and nothing is unknown."""

    name = "bytes"
    size = 256
    unknown_id = None

    def encode(self, text: str) -> Integers:
        """The tokens of the text: [T], one for each byte. Raises InputError for half a surrogate pair."""
        return np.frombuffer(utf8(text), np.uint8).astype(np.int64)

    def decode(self, ids: npt.ArrayLike) -> str:
        """The text of the tokens [T]; bytes that are no UTF-8 give "\\ufffd". Raises InputError for others."""
        return checked_ids(ids, self.size).astype(np.uint8).tobytes().decode("utf-8", "replace")

    def decoder(self) -> Decoder:
        """A decoder for one stream that never shows half a character."""
        return Utf8Decoder([bytes([value]) for value in range(self.size)])

    def unknown(self, text: str) -> tuple[str, ...]:
        """Nothing is."""
        return ()

    def border(self, text: str) -> int:
        """Text can be cut anywhere: its length."""
        return len(text)

    def to_json(self) -> dict[str, object]:
        """A plain document for JSON."""
        return {"kind": self.name}

    @classmethod
    def from_json(cls, data: object) -> Bytes:
        """What ``to_json`` gave; raises ArtifactError for anything else."""
        if data != {"kind": cls.name}:
            raise ArtifactError(f"saved bytes must hold their kind and nothing else, got {data!r:.200}")
        return cls()


class Utf8Decoder:
    """A stream of tokens whose ``table`` gives bytes each; a character is shown when its last byte is there."""

    def __init__(self, table: Sequence[bytes]) -> None:
        self._table = table
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, token: int) -> str:
        """The text that is certain now."""
        return self._decoder.decode(self._table[_checked_id(token, len(self._table))])

    def finish(self) -> str:
        """The replacement character for a character that stays half, else nothing."""
        return self._decoder.decode(b"", final=True)


class _CharacterDecoder:
    def __init__(self, characters: Characters) -> None:
        self._letters = REPLACEMENT + characters.symbols

    def feed(self, token: int) -> str:
        return self._letters[_checked_id(token, len(self._letters))]

    def finish(self) -> str:
        return ""


def utf8(text: str) -> bytes:
    """The text in UTF-8. Raises InputError, with the place, for half a surrogate pair, which has no place in it."""
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"character {error.start} of the text is {text[error.start]!r}, half a surrogate pair, which is no text: "
            "was it read in another encoding than it was written in?"
        ) from error


def checked_ids(ids: npt.ArrayLike, size: int) -> Integers:
    """The ids as an array [T]. Raises InputError unless they are whole numbers from 0 to ``size`` - 1."""
    array = np.asarray(ids)
    if array.ndim != 1 or (array.size and not np.issubdtype(array.dtype, np.integer)):
        raise InputError(f"tokens must be whole numbers in one row, [T], not {array.dtype} {array.shape}")
    if array.size and (array.min() < 0 or array.max() >= size):
        raise InputError(f"tokens must lie between 0 and {size - 1}, not {array.min()} and {array.max()}")
    return array.astype(np.int64)


def _checked_id(token: int, size: int) -> int:
    """The same for one of a stream: an array of one takes 20 times as long."""
    return token if 0 <= token < size else int(checked_ids([token], size)[0])


def _points(text: str) -> npt.NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")


def _text(points: Integers) -> str:
    return points.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
