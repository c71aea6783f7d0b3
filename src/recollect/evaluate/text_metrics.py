"""Scores of a model of text, in units that do not depend on its tokens: bits per character and per byte."""

from __future__ import annotations

import math
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


def text_scores(nats: npt.ArrayLike, characters: int, octets: int, unknown: int = 0) -> TextScores:
    """The scores of a text from -log p of each of its tokens, in nats, of any shape.

    ``characters`` and ``octets`` (bytes of UTF-8) are the lengths of the text that the tokens write. Each of the
    ``unknown`` tokens, which say that a character is none of the vocabulary but not which, costs log 1,112,064 nats
    more, for all of Unicode: a vocabulary gains nothing by leaving much out, and the bits would restore the text.

    Raises InputError for no tokens, lengths below 1, NaN, or a probability above 1.
    """
    cost = np.asarray(nats, np.float64)
    if not cost.size or characters < 1 or octets < characters or not 0 <= unknown <= cost.size:
        raise InputError(
            f"{cost.size} tokens, {unknown} of them unknown, of {characters} characters and {octets} bytes are no text"
        )
    if np.isnan(cost).any() or cost.min() < -1e-3:
        raise InputError(f"a token's cost must be -log of a probability, in nats, not {cost.min()}")
    total = float(cost.sum()) + unknown * math.log(_CODE_POINTS)
    return TextScores(
        nats=total,
        nats_per_token=total / cost.size,
        nats_per_character=total / characters,
        bits_per_character=total / characters / math.log(2),
        bits_per_byte=total / octets / math.log(2),
        perplexity=float(np.exp(total / cost.size)),
        tokens=cost.size,
        characters=characters,
        bytes=octets,
        unknown=unknown,
    )
