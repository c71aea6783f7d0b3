"""Kneser-Ney n-grams against a plain recursion over dictionaries, a case worked by hand, and sums that must be 1."""

from __future__ import annotations

import math
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recollect.core.errors import InputError, ShapeError
from recollect.evaluate.ngrams import NGrams, choose_order, discounts

TEXTS = st.lists(st.integers(0, 3), min_size=1, max_size=40)


class _Plain:
    """The definition, gram by gram (Chen & Goodman 1998, section 3)."""

    def __init__(self, text: list[int], vocabulary: int, order: int) -> None:
        padded = [vocabulary] * order + text
        ends = range(order, len(padded))
        self.vocabulary, self.counts = vocabulary, {}
        for k in range(1, order + 1):
            if k == order:
                grams = Counter(tuple(padded[end - k + 1 : end + 1]) for end in ends)
            else:
                grams = Counter(longer[1:] for longer in {tuple(padded[end - k : end + 1]) for end in ends})
            self.counts[k] = grams

    def probability(self, history: tuple[int, ...], token: int, k: int) -> float:
        if k == 0:
            return 1 / self.vocabulary
        context = history[len(history) - k + 1 :] if k > 1 else ()
        after = {gram: count for gram, count in self.counts[k].items() if gram[:-1] == context}
        shorter = self.probability(history, token, k - 1)
        if not after:
            return shorter
        discount, total = self.discount(k), sum(after.values())
        back = sum(discount[min(count, 3)] for count in after.values()) / total
        count = after.get((*context, token), 0)
        return max(count - discount[min(count, 3)], 0) / total + back * shorter

    @cache  # noqa: B019 (as long as the test)
    def discount(self, k: int) -> tuple[float, ...]:
        n1, n2, n3, n4 = (sum(count == n for count in self.counts[k].values()) for n in (1, 2, 3, 4))
        if n1 and n2 and n3 and n4:
            y = n1 / (n1 + 2 * n2)
            found = (1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3)
            if all(0 < value < n for n, value in enumerate(found, start=1)):
                return 0.0, *found
        return 0.0, 0.5, 1.0, 1.5


@settings(max_examples=60, deadline=None)
@given(TEXTS, TEXTS, st.integers(1, 4), st.integers(0, 5))
def test_probabilities_are_those_of_the_definition(text: list[int], other: list[int], order: int, known: int) -> None:
    model, plain = NGrams(text, 5, order), _Plain(text, 5, order)
    before = text[-known:] if known else []
    history = [5] * order + before
    expected = [plain.probability(tuple(history + other[:place]), token, order) for place, token in enumerate(other)]
    assert np.exp(model.log_probabilities(other, before)) == pytest.approx(expected)


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_long_texts_take_their_discounts_from_counts_of_counts(order: int) -> None:
    random = np.random.default_rng(5)
    steps = random.choice([1, 2, 3, 7], 600, p=[0.6, 0.2, 0.15, 0.05])
    text = (np.cumsum(steps) % 30).tolist()
    model, plain = NGrams(text, 31, order), _Plain(text, 31, order)
    if order in (2, 3):
        assert plain.discount(order) != (0.0, 0.5, 1.0, 1.5)
    assert model.probabilities(text[:7]) == pytest.approx(
        [plain.probability(tuple(text[:7]), token, order) for token in range(31)]
    )


def test_two_letters_by_hand() -> None:
    # a b a, pairs: ^a ab ba, once each; before a stand ^ and b, before b stands a. Too little for counts of counts:
    # .5, 1, 1.5. Of one letter: p(a) = (2 - 1) / 3 + (1 + .5) / 3 / 2 = 7 / 12, p(b) = (1 - .5) / 3 + 1 / 4 = 5 / 12.
    # After a: p(b) = (1 - .5) / 1 + .5 * 5 / 12 = 17 / 24, p(a) = .5 * 7 / 12 = 7 / 24.
    model = NGrams([0, 1, 0], 2, order=2)
    assert model.probabilities([0]) == pytest.approx([7 / 24, 17 / 24])
    assert model.probabilities([1, 0]) == pytest.approx([7 / 24, 17 / 24])
    first = math.log(0.5 + 0.5 * 7 / 12)
    assert model.log_probabilities([0, 1]) == pytest.approx([first, math.log(17 / 24)])


@settings(deadline=None)
@given(TEXTS, TEXTS, st.integers(1, 5))
def test_probabilities_sum_to_1_and_none_is_0(text: list[int], before: list[int], order: int) -> None:
    chances = NGrams(text, 6, order).probabilities(before)
    assert chances.shape == (6,)
    assert chances.sum() == pytest.approx(1)
    assert chances.min() > 0


def test_discounts_by_hand() -> None:
    # n1 4, n2 2, n3 2, n4 1: Y = 4 / 8, D1 = 1 - 2 / 4, D2 = 2 - 3 / 2, D3 = 3 - 4 / 4
    assert discounts([1, 1, 1, 1, 2, 2, 3, 3, 4, 9, 0]).tolist() == [0, 0.5, 0.5, 2]
    assert discounts([1, 1, 2, 3]).tolist() == [0, 0.5, 1, 1.5], "no count of 4"
    assert discounts([1, 1, 1, 1, 2, 3, 3, 4]).tolist() == [0, 0.5, 1, 1.5], "D2 would be 2 - 2 * 2 / 1"


def test_the_order_is_chosen_by_what_the_text_can_teach() -> None:
    random = np.random.default_rng(1)
    assert choose_order(random.integers(0, 8, 3000), 8) == 2, "nothing to learn from a context"
    words = np.array([[0, 1, 2], [3, 1, 4]])[random.integers(0, 2, 1500)].ravel()
    assert choose_order(words, 5) >= 3, "what follows 1 depends on what stands before it"
    plain = {k: _Plain(words[:405].tolist(), 5, k) for k in (2, 3, 4)}
    costs = {k: 0.0 for k in plain}
    for place in range(405, 450):
        for k in plain:
            costs[k] -= math.log(plain[k].probability(tuple(words[:place].tolist()), int(words[place]), k))
    assert choose_order(words[:450], 5, (2, 3, 4)) == min(costs, key=lambda k: costs[k])
    with pytest.raises(InputError, match="1 tokens leave none to choose an order by"):
        choose_order([0], 5)


def test_longer_contexts_pay_on_a_real_text(real_data: Path) -> None:
    text = (real_data / "tinyshakespeare" / "input.txt").read_bytes()[:220_000]
    tokens = np.frombuffer(text, np.uint8)
    nats = [-NGrams(tokens[:200_000], 128, k).log_probabilities(tokens[200_000:], tokens[:200_000]) for k in (1, 3, 5)]
    unigram, trigram, fifth = (part.mean() / math.log(2) for part in nats)
    assert fifth < 2.7 < 2.9 < trigram < 3.3 < 4.5 < unigram < 5


def test_tokens_that_are_none_are_refused() -> None:
    for tokens, words in (([], "no token to count"), ([5], "between 0 and 4"), ([-1], "between 0 and 4, not -1")):
        with pytest.raises(InputError, match=words):
            NGrams(tokens, 5)
    for tokens in ([0.5], [[1]]):
        with pytest.raises(ShapeError, match=r"integers \[T\]"):
            NGrams(tokens, 5)
    with pytest.raises(InputError, match="order must be at least 1, not 0"):
        NGrams([1], 5, order=0)
    assert NGrams([1], 5).log_probabilities([]).shape == (0,)
