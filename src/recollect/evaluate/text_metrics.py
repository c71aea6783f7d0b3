"""Scores of a model of text, in units that do not depend on its tokens: bits per character and per byte."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recollect.core.errors import InputError

__all__ = ["TextScores", "text_scores"]

_CODE_POINTS = 0x110000 - 2048  # Unicode without surrogates


@dataclass(frozen=True)
class TextScores:
    """How well a text of so many tokens, characters and bytes of UTF-8 was predicted: all lower is better.

    ``nats`` is the whole of -log P(text); ``perplexity`` is exp of nats per token, so it compares equal tokens only.
    """

    nats: float
    nats_per_token: float
    nats_per_character: float
    bits_per_character: float
    bits_per_byte: float
    perplexity: float
    tokens: int
    characters: int
    bytes: int
    unknown: int


def text_scores(
    nats: npt.ArrayLike | Iterator[npt.NDArray[np.floating]], characters: int, octets: int, unknown: int = 0
) -> TextScores:
    """The scores of a text from -log p of each of its tokens, in nats: an array of any shape, or several, one by one.

    ``characters`` and ``octets`` (bytes of UTF-8) are the lengths of the text that the tokens write. Each of the
    ``unknown`` tokens, which say that a character is none of the vocabulary but not which, costs log 1,112,064 nats
    more, for all of Unicode: a vocabulary gains nothing by leaving much out, and the bits would restore the text.

    Raises InputError for no tokens, lengths below 1, NaN, or a probability above 1.
    """
    tokens, total = 0, unknown * math.log(_CODE_POINTS)
    for piece in nats if isinstance(nats, Iterator) else [nats]:
        cost = np.asarray(piece, np.float64)
        if cost.size and not cost.min() >= -1e-3:
            raise InputError(f"a token's cost must be -log of a probability, in nats, not {cost.min()}")
        tokens, total = tokens + cost.size, total + float(cost.sum())
    if not tokens or characters < 1 or octets < characters or not 0 <= unknown <= tokens:
        raise InputError(
            f"{tokens} tokens, {unknown} of them unknown, of {characters} characters and {octets} bytes are no text"
        )
    return TextScores(
        nats=total,
        nats_per_token=total / tokens,
        nats_per_character=total / characters,
        bits_per_character=total / characters / math.log(2),
        bits_per_byte=total / octets / math.log(2),
        perplexity=float(np.exp(total / tokens)),
        tokens=tokens,
        characters=characters,
        bytes=octets,
        unknown=unknown,
    )
