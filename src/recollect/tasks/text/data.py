"""What of a text is learned from and what is held out; its stretches, read side by side; windows to judge by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recollect.core.seeds import derive_seed
from recollect.data.corpus import Corpus, passages, stretch

__all__ = ["Streams", "Stretch", "held_cuts", "held_out", "learned", "windows"]

Tokens = NDArray[np.unsignedinteger]

HELD, MOST_HELD, PASSAGE = 0.03, 200_000, 2_000  # share, and characters


def held_cuts(length: int) -> tuple[int, ...]:
    """Where each passage held out of ``length`` characters begins and ends: 3 per cent, at most 200,000, in all.

    Passages of some 2,000 characters are spread evenly, none at the end: what comes after a text is most like its end,
    and who does not learn that knows the least of what matters most.
    """
    held = max(1, int(min(HELD * length, MOST_HELD)))
    count = max(1, held // PASSAGE)
    sizes = [held * (n + 1) // count - held * n // count for n in range(count)]
    firsts = [(2 * n + 1) * length // (2 * count) - size // 2 for n, size in enumerate(sizes)]
    return tuple(cut for first, size in zip(firsts, sizes, strict=True) for cut in (first, first + size))


def learned(corpus: Corpus, length: int, cuts: Sequence[int]) -> Iterator[str]:
    """Of the first ``length`` characters those that are learned from: outside of the passages held out."""
    return passages(stretch(corpus.pieces(), 0, length), cuts, inside=False)


def held_out(corpus: Corpus, length: int, cuts: Sequence[int]) -> Iterator[str]:
    """The others."""
    return passages(stretch(corpus.pieces(), 0, length), cuts, inside=True)


class Stretch(NamedTuple):
    """What B streams read at once: ``tokens`` [T + 1, B], and ``keep`` [B], 0 where a stream begins anew, else 1."""

    tokens: Tensor
    keep: Tensor


@dataclass(frozen=True)
class Streams:
    """A text of N tokens as B streams that run through it side by side, round and round.

    Stream b begins at token b N / B; step s of the training reads the T tokens from there + s T on, so that each
    stretch begins where the one before ended, and a token lies at another place of a stretch in each round. What is
    read at a step depends on its number alone. ``forgetful`` is the share of stretches before which a stream is made
    to forget, as if a text began there, so that the network also learns to begin.
    """

    text: Tokens
    rows: int
    length: int
    forgetful: float
    seed: int

    @property
    def steps(self) -> int:
        """Steps in which every token is read about once."""
        return max(1, len(self.text) // (self.rows * self.length))

    def stretches(self, first: int, count: int) -> Iterator[Stretch]:
        """Those of ``count`` steps from ``first`` on."""
        N = len(self.text)
        starts = np.arange(self.rows, dtype=np.int64) * N // self.rows
        ahead = np.arange(self.length + 1, dtype=np.int64)[:, None]
        random = np.random.default_rng(derive_seed(self.seed, "forget", first))
        for step in range(first, first + count):
            at = (starts + step * self.length + ahead) % N
            keep = random.random(self.rows) >= self.forgetful
            yield Stretch(torch.from_numpy(self.text[at].astype(np.int64)), torch.from_numpy(keep.astype(np.float32)))


def windows(text: Tokens, length: int, most: int) -> Tensor:
    """At most ``most`` windows [T + 1, M] of ``length`` T predictions each, spread evenly over ``text``."""
    whole = np.arange(0, len(text) - length, length)
    chosen = whole[np.linspace(0, len(whole) - 1, min(most, len(whole))).astype(np.int64)]
    return torch.from_numpy(text[chosen + np.arange(length + 1)[:, None]].astype(np.int64))
