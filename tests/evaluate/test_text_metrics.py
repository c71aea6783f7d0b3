"""Scores of text by hand: what a model is told in bits does not depend on the tokens it reads."""

from __future__ import annotations

import math

import numpy as np
import pytest

from recollect.core.errors import InputError
from recollect.evaluate.text_metrics import text_scores


def test_a_case_worked_by_hand() -> None:
    # two tokens of probability 1/2 and 1/8 write one character of 2 bytes: 4 bits
    scores = text_scores(-np.log([[0.5], [0.125]]), characters=1, octets=2)
    assert scores.nats == pytest.approx(4 * math.log(2))
    assert scores.nats_per_token == pytest.approx(2 * math.log(2))
    assert scores.nats_per_character == pytest.approx(4 * math.log(2))
    assert (scores.bits_per_character, scores.bits_per_byte) == (pytest.approx(4), pytest.approx(2))
    assert scores.perplexity == pytest.approx(4)
    assert (scores.tokens, scores.characters, scores.bytes, scores.unknown) == (2, 1, 2, 0)


def test_a_text_in_pieces_costs_what_it_costs_whole() -> None:
    nats = np.random.default_rng(0).exponential(size=50)
    whole, parts = text_scores(nats, 60, 70, 3), text_scores(iter(np.split(nats, [7, 7, 30])), 60, 70, 3)
    assert vars(parts) == pytest.approx(vars(whole))
    with pytest.raises(InputError, match=r"not -1\.0"):
        text_scores(iter([nats, np.array([-1.0])]), 60, 70)


def test_guessing_costs_the_same_in_characters_and_in_bytes() -> None:
    by_character = text_scores(np.full(10, 16 * math.log(2)), 10, 20)
    by_byte = text_scores(np.full(20, 8 * math.log(2)), 10, 20)
    assert by_character.bits_per_character == pytest.approx(by_byte.bits_per_character)
    assert by_character.bits_per_byte == pytest.approx(8)


def test_leaving_characters_out_gains_nothing() -> None:
    # a vocabulary of <unk> alone predicts every token for certain, and says nothing of the text
    scores = text_scores(np.zeros(5), 5, 15, unknown=5)
    assert scores.bits_per_character == pytest.approx(math.log2(0x110000 - 0x800))


@pytest.mark.parametrize(
    ("nats", "characters", "octets", "unknown"),
    [([], 1, 1, 0), ([1.0], 0, 0, 0), ([1.0], 2, 1, 0), ([1.0], 1, 1, 2), ([math.nan], 1, 1, 0), ([-0.1], 1, 1, 0)],
)
def test_what_is_no_score_is_refused(nats: list[float], characters: int, octets: int, unknown: int) -> None:
    with pytest.raises(InputError):
        text_scores(nats, characters, octets, unknown)
