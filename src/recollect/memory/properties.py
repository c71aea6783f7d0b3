"""Properties of a text that a unit may follow, each a number for every token, as it is once the token has been read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from recollect.memory.reading import Floats

__all__ = ["brackets", "line_length", "line_position", "quotes"]

# ASCII, curly, angled and those of Chinese and Japanese; an apostrophe is no quote.
QUOTES = {'"': '"', "\u201c": "\u201d", "\u00ab": "\u00bb", "\u300c": "\u300d", "\u300e": "\u300f"}
BRACKETS = {"(": ")", "[": "]", "{": "}", "\uff08": "\uff09", "\u3010": "\u3011", "\u300a": "\u300b"}


def quotes(tokens: Sequence[str]) -> Floats:
    """1 inside quotes, the opening one with them, and 0 outside, [T]; a string is its characters.

    A quote that nobody closes ends with its paragraph, at an empty line.
    """

    def inside() -> Iterator[float]:
        closing, last = "", ""
        for token in tokens:
            for letter in token:
                if letter == closing or (letter == last == "\n"):
                    closing = ""
                elif not closing:
                    closing = QUOTES.get(letter, "")
                last = letter
            yield float(bool(closing))

    return np.array(list(inside()))


def brackets(tokens: Sequence[str]) -> Floats:
    """How many brackets are open, [T]; one that closes nothing is passed over, whatever its kind."""

    def depth() -> Iterator[float]:
        open_ = 0
        for token in tokens:
            for letter in token:
                open_ = max(0, open_ + (letter in BRACKETS) - (letter in BRACKETS.values()))
            yield float(open_)

    return np.array(list(depth()))


def line_position(tokens: Sequence[str]) -> Floats:
    """Characters since the line began, [T]: 1 after its first, 0 after the newline."""

    def position() -> Iterator[float]:
        since = 0
        for token in tokens:
            _, newline, rest = token.rpartition("\n")
            since = len(rest) if newline else since + len(rest)
            yield float(since)

    return np.array(list(position()))


def line_length(tokens: Sequence[str]) -> Floats:
    """Characters of the whole line that a token ends in, [T]: also of those to come, which a unit can only guess.

    A newline belongs to the line that it ends.
    """
    text = "".join(tokens)
    lengths = np.repeat([len(line) for line in text.split("\n")], [len(line) + 1 for line in text.split("\n")])
    ends = np.cumsum([len(token) for token in tokens], dtype=np.int64) - 1
    return lengths[np.maximum(ends, 0)].astype(np.float64)
