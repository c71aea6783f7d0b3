"""Filters of logits: each against its definition over all sets or all tokens."""

from __future__ import annotations

import math
from itertools import combinations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from recollect.core.errors import InputError
from recollect.nn.filters import ban, min_p, repetition_penalty, temperature, top_k, top_p

# few distinct values, so that ties are common
ROWS = st.lists(st.sampled_from([-2.0, -1.0, 0.0, 0.5, 3.0]), min_size=1, max_size=6)
LOGITS = ROWS.map(lambda row: torch.tensor([row]))


def _kept(logits: Tensor) -> set[int]:
    return set(torch.isfinite(logits[0]).nonzero()[:, 0].tolist())


def _ranked(logits: Tensor) -> list[int]:
    return sorted(range(logits.shape[1]), key=lambda token: (-float(logits[0, token]), token))


@settings(deadline=None)
@given(LOGITS, st.floats(0.01, 1.0))
def test_top_p_keeps_the_smallest_set_that_reaches_p(logits: Tensor, p: float) -> None:
    chance = logits.double().softmax(-1)[0].tolist()
    kept = _kept(top_p(logits, p))
    sizes = [n for n in range(1, len(chance) + 1) for s in combinations(chance, n) if math.fsum(s) >= p + 1e-12]
    at_most = min(sizes, default=len(chance))
    strict = [n for n in range(1, len(chance) + 1) for s in combinations(chance, n) if math.fsum(s) >= p - 1e-12]
    assert min(strict, default=len(chance)) <= len(kept) <= at_most
    assert kept == set(_ranked(logits)[: len(kept)]), "the likeliest, of equal ones the lower ids"


def test_top_p_by_hand() -> None:
    logits = torch.tensor([[0.5, 0.2, 0.2, 0.1]]).log()
    assert _kept(top_p(logits, 0.4)) == {0}
    assert _kept(top_p(logits, 0.6)) == {0, 1}
    assert _kept(top_p(logits, 0.8)) == {0, 1, 2}
    assert _kept(top_p(logits, 1.0)) == {0, 1, 2, 3}


@settings(deadline=None)
@given(LOGITS, st.integers(1, 8))
def test_top_k_keeps_the_k_largest(logits: Tensor, k: int) -> None:
    assert _kept(top_k(logits, k)) == set(_ranked(logits)[:k])


@settings(deadline=None)
@given(LOGITS, st.floats(0.0, 1.0))
def test_min_p_keeps_what_is_probable_enough_beside_the_likeliest(logits: Tensor, p: float) -> None:
    chance = logits.double().softmax(-1)[0].tolist()
    kept = _kept(min_p(logits, p))
    assert {token for token, value in enumerate(chance) if value > p * max(chance) * (1 + 1e-5)} <= kept
    assert kept <= {token for token, value in enumerate(chance) if value >= p * max(chance) * (1 - 1e-5)}


@settings(deadline=None)
@given(LOGITS, st.floats(0.1, 10.0))
def test_temperature_divides_and_at_0_leaves_the_likeliest(logits: Tensor, value: float) -> None:
    assert torch.equal(temperature(logits, value), logits / value)
    assert _kept(temperature(logits, 0)) == {_ranked(logits)[0]}


def test_the_penalty_makes_what_was_said_less_likely_on_either_side_of_zero() -> None:
    logits = torch.tensor([[2.0, -2.0, 1.0, 0.0], [2.0, -2.0, 1.0, 0.0]])
    recent = torch.tensor([[0, 1, 1], [-1, -1, 2]])
    expected = torch.tensor([[1.0, -4.0, 1.0, 0.0], [2.0, -2.0, 0.5, 0.0]])
    assert torch.equal(repetition_penalty(logits, recent, 2.0), expected)
    assert torch.equal(repetition_penalty(logits, recent, 1.0), logits)


def test_filters_work_on_what_others_left() -> None:
    logits = torch.tensor([[1.0, 2.0, 3.0, 0.0]])
    assert _kept(ban(logits, (2,))) == {0, 1, 3}
    assert _kept(top_k(ban(logits, (2,)), 1)) == {1}
    assert _kept(top_k(ban(logits, (0, 2)), 4)) == {1, 3}
    assert _kept(top_p(top_k(logits, 2), 0.99)) == {1, 2}
    assert _kept(repetition_penalty(top_k(logits, 2), torch.tensor([[0]]), 2.0)) == {1, 2}


@pytest.mark.parametrize(
    ("words", "call"),
    [
        ("temperature must be 0 or above, not -1", lambda x: temperature(x, -1)),
        ("temperature must be 0 or above, not nan", lambda x: temperature(x, math.nan)),
        ("top-k must keep at least 1", lambda x: top_k(x, 0)),
        ("top-p must lie above 0", lambda x: top_p(x, 0)),
        ("top-p must lie above 0 and at most at 1, not 1.5", lambda x: top_p(x, 1.5)),
        ("min-p must lie between 0 and 1", lambda x: min_p(x, -0.1)),
        ("penalty must be at least 1, not 0.5", lambda x: repetition_penalty(x, torch.zeros(1, 1, dtype=int), 0.5)),
    ],
)
def test_values_out_of_range_are_refused(words: str, call: object) -> None:
    with pytest.raises(InputError) as caught:
        call(torch.zeros(1, 3))  # type: ignore[operator]
    assert words in str(caught.value)
