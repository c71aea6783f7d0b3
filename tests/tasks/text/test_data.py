"""Streams: every stretch begins where the one before ended, and what is read at a step depends on its number alone."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from recollect.data.corpus import Corpus
from recollect.tasks.text.data import Streams, held_cuts, held_out, learned, windows

TEXT = np.arange(103, dtype=np.uint8)


def streams(forgetful: float = 0.0, rows: int = 3, length: int = 7) -> Streams:
    return Streams(TEXT, rows, length, forgetful, seed=5)


def test_a_stream_runs_through_the_text_and_round_again() -> None:
    read = [stretch.tokens for stretch in streams().stretches(0, 40)]
    for before, after in pairwise(read):
        assert torch.equal(before[-1], after[0]), "the last target is the next input"
    whole = torch.cat([tokens[:-1] for tokens in read])
    for row in range(3):
        at = (row * 103 // 3 + np.arange(len(whole))) % 103
        assert whole[:, row].tolist() == TEXT[at].tolist()


def test_a_token_lies_at_other_places_of_a_stretch_in_other_rounds() -> None:
    first = {int(stretch.tokens[0, 0]) for stretch in streams().stretches(0, 103)}
    assert len(first) == 103


def test_what_is_read_depends_on_the_step_alone() -> None:
    one = list(streams(0.5).stretches(8, 4))
    again = list(streams(0.5).stretches(8, 4))
    assert all(torch.equal(a.tokens, b.tokens) and torch.equal(a.keep, b.keep) for a, b in zip(one, again, strict=True))


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_a_share_of_the_streams_forgets(share: float) -> None:
    kept = torch.cat([stretch.keep for stretch in streams(share).stretches(0, 1000)])
    assert set(kept.tolist()) <= {0.0, 1.0}
    assert abs(1 - kept.mean().item() - share) < 5 * (share * (1 - share) / len(kept)) ** 0.5 + 1e-9


def test_windows_are_spread_over_the_text_and_do_not_overlap() -> None:
    found = windows(TEXT, 10, most=4)
    assert found.T.tolist() == [list(range(first, first + 11)) for first in (0, 30, 60, 90)]
    assert windows(TEXT, 10, most=99).shape == (11, 10)


@pytest.mark.parametrize(("length", "held"), [(200, 6), (70_000, 2100), (1_000_000, 30_000), (10**9, 200_000)])
def test_what_is_held_out_is_spread_and_never_the_end(length: int, held: int) -> None:
    cuts = held_cuts(length)
    sizes, between = np.diff(cuts)[::2], np.diff([0, *cuts, length])[::2]
    assert sizes.sum() == held and sizes.max() <= 4000
    assert (between > 0).all() and between[1:-1].max(initial=0) <= 1.05 * between[1:-1].min(initial=length)


def test_what_is_learned_and_what_is_held_out_are_the_text_up_to_its_length(tmp_path: Path) -> None:
    file = tmp_path / "text.txt"
    file.write_text("".join(map(chr, range(0x4E00, 0x4E00 + 1000))) + "more")
    parts = ["".join(part(Corpus(file, "utf-8"), 1000, held_cuts(1000))) for part in (learned, held_out)]
    assert len(parts[1]) == 30 and not set(parts[0]) & set(parts[1])
    assert sorted(parts[0] + parts[1]) == [chr(letter) for letter in range(0x4E00, 0x4E00 + 1000)]
