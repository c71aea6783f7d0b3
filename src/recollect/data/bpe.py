"""Byte pair encoding: 256 bytes, and pairs of tokens that stand together often, so that nothing is unknown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from recollect.core.errors import ArtifactError, DataError, InputError, MissingExtraError
from recollect.data.tokens import Decoder, Integers, Utf8Decoder, checked_ids, utf8

if TYPE_CHECKING:
    from tokenizers import Tokenizer as Engine

__all__ = ["BPE"]

Pairs = tuple[tuple[int, int], ...]
_MOST = 1 << 16
_RARE = 2  # a pair seen once tells nothing
_PART = 1 << 16


class BPE:
    """Tokens 0 to 255 are the bytes of UTF-8; token 256 + i joins the i-th pair of earlier tokens, ``merges[i]``.

    Sennrich, Haddow & Birch 2016, arXiv:1508.07909, section 3.2, on bytes as in Radford et al. 2019, "Language models
    are unsupervised multitask learners", section 2.2. Pairs never cross from one word, number, run of signs or of
    blanks into the next. The package tokenizers learns and applies the pairs; decoding needs nothing.

    Raises InputError for pairs that name a token not made yet or make one twice.
    """

    name = "bpe"
    unknown_id = None

    def __init__(self, merges: Iterable[tuple[int, int]]) -> None:
        self.merges: Pairs = tuple(merges)
        self._table = [bytes([value]) for value in range(256)]
        for left, right in self.merges:
            if not (0 <= left < len(self._table) and 0 <= right < len(self._table)):
                raise InputError(f"the pair {left}, {right} joins a token not made yet: {len(self._table)} were")
            self._table.append(self._table[left] + self._table[right])
        if len(set(self._table)) != len(self._table):
            raise InputError("two pairs make the same token")

    @classmethod
    def learn(cls, pieces: Iterable[str], size: int = 4096) -> BPE:
        """Up to ``size`` tokens (from 257) from the training text, in pieces; rare pairs are never joined.

        Its words are held in memory, each once: give a sample of a text of many gigabytes. Raises InputError for a size
        out of range, DataError where no pair is seen twice, MissingExtraError without the package tokenizers.
        """
        if not 257 <= size <= _MOST:
            raise InputError(f"a BPE vocabulary holds 257 to {_MOST} tokens, not {size}")
        engine = _engine({}, [])
        from tokenizers import trainers

        trainer = trainers.BpeTrainer(
            vocab_size=size, min_frequency=_RARE, initial_alphabet=sorted(_letters()), show_progress=False
        )
        engine.train_from_iterator(_checked(pieces), trainer)
        made = json.loads(engine.to_str())["model"]["merges"]
        if not made:
            raise DataError("no two characters stand together twice in the training text: give more text")
        ids = {letter: value for value, letter in enumerate(_letters())}
        merges = []
        for left, right in made:
            if left + right not in ids:
                merges.append((ids[left], ids[right]))
                ids[left + right] = len(ids)
        return cls(merges)

    @property
    def size(self) -> int:
        """V: the bytes and the pairs."""
        return len(self._table)

    def encode(self, text: str) -> Integers:
        """The tokens of the text, [T]. Raises InputError for half a surrogate pair, MissingExtraError (see above)."""
        utf8(text)
        parts = self._engine.encode_batch_fast(list(self._parts(text)))  # on all cores
        return np.array([token for part in parts for token in part.ids], np.int64)

    def decode(self, ids: npt.ArrayLike) -> str:
        """The text of the tokens [T]; bytes that are no UTF-8 give "\\ufffd". Raises InputError for others."""
        return b"".join(self._table[token] for token in checked_ids(ids, self.size)).decode("utf-8", "replace")

    def decoder(self) -> Decoder:
        """A decoder for one stream that never shows half a character."""
        return Utf8Decoder(self._table)

    def unknown(self, text: str) -> tuple[str, ...]:
        """Nothing is."""
        return ()

    def border(self, text: str) -> int:
        """The end of the last word with a blank or the end of a line after it; 0 if there is none.

        No token crosses from a word to a blank behind it, and no word is cut differently for what follows the blank.
        """
        end = max(text.rfind(" "), text.rfind("\n"))
        while end > 0 and text[end - 1].isspace():
            end = max(text.rfind(" ", 0, end), text.rfind("\n", 0, end))
        return max(end, 0)

    def to_json(self) -> dict[str, object]:
        """A plain document for JSON."""
        return {"kind": self.name, "merges": [list(pair) for pair in self.merges]}

    @classmethod
    def from_json(cls, data: object) -> BPE:
        """What ``to_json`` gave; raises ArtifactError for anything else."""
        if not isinstance(data, dict) or set(data) != {"kind", "merges"} or data["kind"] != cls.name:
            raise ArtifactError(f"saved pairs must hold kind and merges, got {data!r:.200}")
        merges = data["merges"]
        if not isinstance(merges, list) or len(merges) > _MOST - 256 or not all(map(_is_pair, merges)):
            raise ArtifactError(f"saved merges must be pairs of whole numbers, got {merges!r:.200}")
        try:
            return cls((left, right) for left, right in merges)
        except InputError as error:
            raise ArtifactError(f"the saved pairs cannot be used: {error}") from error

    def _parts(self, text: str) -> Iterator[str]:
        start = 0
        while len(text) - start > _PART and (size := self.border(text[start : start + _PART])):
            yield text[start : start + size]
            start += size
        yield text[start:]

    @cached_property
    def _engine(self) -> Engine:
        letters = _letters()
        words = ["".join(letters[value] for value in token) for token in self._table]
        pairs = [(words[left], words[right]) for left, right in self.merges]
        return _engine({word: token for token, word in enumerate(words)}, pairs)


def _engine(vocabulary: dict[str, int], merges: list[tuple[str, str]]) -> Engine:
    try:
        from tokenizers import Tokenizer, models, pre_tokenizers
    except ImportError as error:
        raise MissingExtraError("byte pair encoding", "tokenizers", "text") from error
    engine = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    engine.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    return engine


def _letters() -> list[str]:
    """The printable letter by which tokenizers writes each byte: itself if it is one, else the next from U+0100 on."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    spare = iter(range(0x100, 0x200))
    return [chr(value if value in printable else next(spare)) for value in range(256)]


def _checked(pieces: Iterable[str]) -> Iterator[str]:
    for piece in pieces:
        utf8(piece)
        yield piece


def _is_pair(pair: object) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and all(type(token) is int for token in pair)
