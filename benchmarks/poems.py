"""Poems of the Tang: which are of regular form, which lines end in one rhyme, and two ways to tell what rhymes."""

from __future__ import annotations

import gzip
import importlib.util
import itertools
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np

HAN = "[\u3400-\u9fff\U00020000-\U0003134f]"
MARKS = "，。？！"
REGULAR = re.compile("|".join(f"(?:{HAN}{{{size}}}[{MARKS}]){{{count}}}" for count in (4, 8) for size in (5, 7)))
MEDIAL = re.compile("^[iuv](?=.)")
Oracle = Callable[[str, str], bool]


def read(path: Path) -> list[str]:
    """The poems of a file of JSON lines, each with its punctuation and on one line."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return ["".join(json.loads(line)["lines"]) for line in file]


def lines(poem: str) -> list[str]:
    """What stands between its marks."""
    return [line for line in re.split(f"[{MARKS}]", poem) if line]


def form(poem: str) -> tuple[int, int] | None:
    """Lines, and characters of each, of a poem of 4 or 8 lines of all five or all seven; None for any other."""
    return (len(lines(poem)), len(lines(poem)[0])) if REGULAR.fullmatch(poem) else None


def distinct(poems: Iterable[str]) -> list[str]:
    """Those that share at most one line with all before them: the others are the same poem, handed down twice."""
    seen: set[str] = set()
    kept = []
    for poem in poems:
        if len(seen.intersection(lines(poem))) < 2:
            kept.append(poem)
        seen.update(lines(poem))
    return kept


def ends(poem: str) -> str:
    """The last characters of its even lines, which are to rhyme."""
    return "".join(line[-1] for line in lines(poem)[1::2])


def shortened(poem: str, size: int) -> str:
    """Each line cut to its last ``size`` characters, its mark after it: what rhymes draws near."""
    return re.sub(f"{HAN}+", lambda line: line[0][-size:], poem)


def pairs(poem_ends: str) -> Iterator[tuple[str, str]]:
    """All pairs of even lines of one poem."""
    return itertools.combinations(poem_ends, 2)


class Learned:
    """Rhymes as poems tell them: characters rhyme that end even lines together with the same others.

        v(a)[b] = sqrt(poems in which a and b both end even lines / those of b)    cos(v(a), v(b)) > threshold

    A poem gives its pairs once; v(a)[a] counts as the greatest of its others. The threshold is the one that tells best,
    in poems that were not counted, pairs of one poem from pairs of two. A character that ends fewer than 3 poems rhymes
    with none, and none with itself: a poet does not repeat a rhyme.
    """

    FEWEST = 3

    def __init__(self, poems: Sequence[str], aside: Sequence[str], seed: int) -> None:
        together: Counter[tuple[str, str]] = Counter()
        alone: Counter[str] = Counter()
        for poem in poems:
            found = sorted(set(ends(poem)))
            alone.update(found)
            together.update(pairs("".join(found)))
        self.place = {end: n for n, end in enumerate(end for end, count in alone.items() if count >= self.FEWEST)}
        table = np.zeros((len(self.place),) * 2)
        for (a, b), count in together.items():
            if a in self.place and b in self.place:
                table[self.place[a], self.place[b]] = table[self.place[b], self.place[a]] = count
        np.fill_diagonal(table, table.max(1))
        vectors = np.sqrt(table / np.array([alone[end] for end in self.place]))
        self.close = vectors @ vectors.T / np.maximum(np.outer(*[np.linalg.norm(vectors, axis=1)] * 2), 1e-12)
        real, other = ([self.closeness(*pair) for pair in found] for found in told_apart(aside, seed))
        tried = np.linspace(0, 1, 101)
        right = [np.mean(np.array(real) > at) - np.mean(np.array(other) > at) for at in tried]
        self.threshold = float(tried[int(np.argmax(right))])

    def closeness(self, a: str, b: str) -> float:
        """The cosine; -1 where one is too rare to say, or both are the same."""
        if a == b or a not in self.place or b not in self.place:
            return -1.0
        return float(self.close[self.place[a], self.place[b]])

    def __call__(self, a: str, b: str) -> bool:
        return self.closeness(a, b) > self.threshold


def spoken() -> Oracle | None:
    """Rhymes as Mandarin says them today, a thousand years later, tones aside; None without the package pypinyin.

    The vowel before the main one is left out (-iang rhymes with -ang, -ing with -eng), and of a character with several
    readings any will do.
    """
    if not importlib.util.find_spec("pypinyin"):
        return None
    from pypinyin import Style, pinyin

    same = {"in": "en", "vn": "en", "ing": "eng", "ong": "eng", "iong": "eng", "uo": "e", "o": "e", "ve": "ie"}

    @cache
    def rhymes(end: str) -> frozenset[str]:
        (finals,) = pinyin(end, style=Style.FINALS, heteronym=True)
        return frozenset(final if final == "ie" else same.get(final) or MEDIAL.sub("", final) for final in finals)

    return lambda a, b: a != b and bool(rhymes(a) & rhymes(b))


def told_apart(poems: Sequence[str], seed: int) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Pairs of ends of one poem, and as many of ends drawn from all of them."""
    real = [pair for poem in poems for pair in pairs(ends(poem))]
    every = [end for poem in poems for end in ends(poem)]
    drawn = np.random.default_rng(seed).integers(len(every), size=(len(real), 2))
    return real, [(every[a], every[b]) for a, b in drawn.tolist()]
