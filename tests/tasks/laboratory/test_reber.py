"""The embedded Reber grammar: strings that an automaton written by hand accepts, as long as asked."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recollect.tasks.laboratory.data import NOTHING
from recollect.tasks.laboratory.reber import SYMBOLS, embedded_reber, legal


def accepts_inner(word: str) -> bool:
    """Walk the diagram, state by state."""
    ways = {
        "start": {"B": "0"}, "0": {"T": "1", "P": "2"}, "1": {"S": "1", "X": "3"}, "2": {"T": "2", "V": "4"},
        "3": {"X": "2", "S": "5"}, "4": {"P": "3", "V": "5"}, "5": {"E": "end"}, "end": {},
    }  # fmt: skip
    state = "start"
    for symbol in word:
        if symbol not in ways[state]:
            return False
        state = ways[state][symbol]
    return state == "end"


def accepts(word: str) -> bool:
    return (
        len(word) > 4
        and word[0] == "B"
        and word[1] in "TP"
        and word[-2:] == word[1] + "E"
        and accepts_inner(word[2:-2])
    )


def strings(seed: int, lag: int, rows: int = 6) -> list[str]:
    """Each row's string, the last symbol from the targets, which are the same string one step on."""
    x, y, lengths = embedded_reber(np.random.default_rng(seed), rows, lag)
    found = []
    for b, length in enumerate(lengths):
        read = "".join(SYMBOLS[k] for k in x[:length, b].argmax(-1))
        asked = "".join(SYMBOLS[k] for k in y[:length, b])
        assert read[1:] == asked[:-1] and (y[length:, b] == NOTHING).all() and not x[length:, b].any()
        found.append(read + asked[-1])
    return found


def test_the_automaton_of_these_tests_knows_the_published_examples():
    assert all(map(accepts_inner, ("BTXSE", "BPVVE", "BTSSXXTVVE", "BPVPXVPXVPXVVE", "BTSXXVPSE")))
    assert not any(map(accepts_inner, ("BTVSE", "BPVV", "BTXXE", "BTSE", "BXSE", "BTXSEE", "")))


@given(st.integers(0, 2**32), st.integers(5, 60))
def test_strings_are_of_the_grammar_and_as_long_as_asked(seed, lag):
    for word in strings(seed, lag):
        assert accepts(word), word
        assert lag <= len(word) - 4 <= lag + lag // 10


def test_very_long_strings_are_of_the_grammar_too():
    assert all(map(accepts, strings(0, 2000, 2)))


def test_strings_of_a_length_come_as_often_as_even_odds_at_each_turn_make_them():
    lag, rows = 7, 5000
    inner = ["".join(word) for word in product(SYMBOLS, repeat=lag - 2)]
    every = [word for word in (f"B{middle}E" for middle in inner) if accepts_inner(word)]
    counted = Counter(word[2:-2] for word in strings(1, lag, rows))
    assert set(counted) == set(every)
    # A walk that ends after a given number of turns took as many turns as any other of its length: all are as likely.
    assert max(abs(counted[word] / rows - 1 / len(every)) for word in every) < 0.03


@settings(max_examples=20)
@given(st.integers(0, 2**32), st.integers(5, 30))
def test_what_may_follow_is_what_the_automaton_does_not_refuse(seed, lag):
    (word,) = strings(seed, lag, 1)
    allowed = legal(np.array([[SYMBOLS.index(symbol)] for symbol in word]))
    for t in range(len(word)):
        begun = word[: t + 1]
        expected = {symbol for symbol in SYMBOLS if could_begin(begun + symbol)}
        assert {symbol for symbol in SYMBOLS if allowed[t, 0, SYMBOLS.index(symbol)]} == expected, begun


ENDINGS = ["", "E", "SE", "XSE", "TXSE", "VE", "VVE", "BTXSE"]  # from every state of the inner grammar to its end


def could_begin(word: str) -> bool:
    """Whether some ending makes an embedded string of ``word``."""
    outer = ["", *(f"{t}E" for t in "TP"), "E"]
    return any(accepts(word + inner + end) for inner in [*ENDINGS, "TBTXSE", "PBTXSE"] for end in outer)


def test_nothing_may_follow_what_breaks_the_grammar():
    broken = np.array([[SYMBOLS.index(symbol)] for symbol in "BTBVX"])
    assert legal(broken).any(-1)[:, 0].tolist() == [True, True, True, False, False]


@pytest.mark.parametrize("said", "TP")
def test_behind_the_inner_string_only_its_own_letter_may_come(said):
    word = np.array([[SYMBOLS.index(symbol)] for symbol in f"B{said}BTXSE"])
    assert [SYMBOLS[k] for k in np.flatnonzero(legal(word)[-1, 0])] == [said]
