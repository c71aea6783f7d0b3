"""How well a model foretells a text, beside n-grams of what it has learnt from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recollect.core.errors import DataError
from recollect.data.token_store import Stored
from recollect.data.tokens import Tokenizer
from recollect.evaluate.ngrams import NGrams, choose_order
from recollect.evaluate.text_metrics import TextScores, text_scores
from recollect.tasks.text.data import Tokens
from recollect.tasks.text.dynamic import dynamic
from recollect.tasks.text.model import Model
from recollect.tasks.text.scoring import carried, windowed

__all__ = ["WINDOWS", "Evaluation", "Read", "evaluate_model", "ngram_scores"]

WINDOWS = (64, 256)
MOST_COUNTED, MOST_TRIED = 2_000_000, 500_000  # newest tokens that n-grams are counted in, and their order chosen by
AT_ONCE = 1 << 18


@dataclass(frozen=True)
class Read:
    """A text in the tokens of a model, and how long it is behind its first token, which nobody foretells."""

    tokens: Tokens
    characters: int
    bytes: int
    unknown: int

    @classmethod
    def of(cls, tokens: Tokens, stored: Stored, tokenizer: Tokenizer) -> Read:
        """What ``write_tokens`` wrote and ``open_tokens`` opened; raises DataError for fewer than two tokens."""
        if len(tokens) < 2:
            raise DataError(f"the text has {len(tokens)} token: at least 2 are needed to foretell one by another")
        first = tokenizer.decode(tokens[:1])
        characters = stored.characters - len(first)
        # An unknown first token is written in three bytes, whatever it stood for.
        octets = max(stored.bytes - len(first.encode()), characters, 1)
        return cls(tokens, characters, octets, stored.unknown - (int(tokens[0]) == tokenizer.unknown_id))

    def scores(self, nats: Iterable[NDArray[np.floating]]) -> TextScores:
        """The scores of -log p of all tokens but the first, given in pieces."""
        return text_scores(iter(nats), self.characters, self.bytes, self.unknown)


@dataclass(frozen=True)
class Evaluation:
    """Scores by protocol: the network with its state carried, in windows from nothing, and n-grams if they were asked.

    ``order`` is that of the n-grams.
    """

    scores: dict[str, TextScores]
    order: int | None


def evaluate_model(model: Model, read: Read, learned: Tokens | None, *, dynamically: bool = False) -> Evaluation:
    """Score under each protocol; the n-grams are counted in ``learned``, the tokens that the model was trained on."""
    scores = {"state carried": read.scores(nats for nats, _ in carried(model.network, read.tokens))}
    for length in WINDOWS:
        scores[f"windows of {length}"] = read.scores(windowed(model.network, read.tokens, length))
    if dynamically:
        scores["learning on (dynamic)"] = read.scores(dynamic(model.network, read.tokens))
    if learned is None:
        return Evaluation(scores, None)
    beside, order = ngram_scores(read, learned, model.tokenizer.size)
    return Evaluation({**scores, f"{order}-grams": beside}, order)


def ngram_scores(read: Read, learned: Tokens, vocabulary: int) -> tuple[TextScores, int]:
    """The scores of n-grams counted in the newest of ``learned``, and their order, chosen by the end of it alone."""
    order = choose_order(learned[-MOST_TRIED:], vocabulary)
    counted = NGrams(learned[-MOST_COUNTED:], vocabulary, order)
    nats = (
        -counted.log_probabilities(read.tokens[first : first + AT_ONCE], read.tokens[max(first - order, 0) : first])
        for first in range(1, len(read.tokens), AT_ONCE)
    )
    return read.scores(nats), order
