"""Stops: the text up to the first one, whatever pieces it comes in, and nothing that could be one shown too early."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recollect.core.errors import InputError
from recollect.data.stops import StopMatcher

LETTERS = st.text("ab", max_size=12)
STOPS = st.lists(st.text("ab", min_size=1, max_size=4), max_size=3)


def _expected(text: str, stops: list[str]) -> tuple[str, str | None]:
    """By definition: read character by character, and stop as soon as the text ends in a stop."""
    for end in range(len(text) + 1):
        endings = [stop for stop in stops if text[:end].endswith(stop)]
        if endings:
            longest = max(endings, key=len)
            return text[: end - len(longest)], longest
    return text, None


@settings(deadline=None)
@given(LETTERS, STOPS, st.lists(st.integers(0, 12), max_size=4))
def test_text_stops_at_the_first_stop_whatever_the_pieces(text: str, stops: list[str], cuts: list[int]) -> None:
    matcher = StopMatcher(stops)
    shown = "".join(matcher.feed(text[a:b]) for a, b in pairwise([0, *sorted(cuts), len(text)])) + matcher.finish()
    assert (shown, matcher.stopped) == _expected(text, stops)


def test_only_what_may_begin_a_stop_is_held_back() -> None:
    matcher = StopMatcher(["\n\n", "END"])
    assert [matcher.feed(letter) for letter in "a\nbEN"] == ["a", "", "\nb", "", ""]
    assert matcher.feed("E") == "EN"
    assert matcher.feed("ND more") == ""
    assert matcher.stopped == "END"
    assert matcher.feed("more") + matcher.finish() == ""


def test_an_empty_stop_is_refused() -> None:
    with pytest.raises(InputError, match="must not be empty"):
        StopMatcher(["a", ""])
