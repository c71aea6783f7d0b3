"""Beam search against all sequences there are, with states that must follow their beams."""

from __future__ import annotations

import math
from itertools import product
from typing import NamedTuple

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from recollect.core.errors import InputError, ShapeError
from recollect.core.state import LSTMState
from recollect.nn.beam import beam, reorder
from recollect.nn.lstm import LSTM

V = 3


class _Model(torch.nn.Module):
    def __init__(self, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.embedding, self.lstm = torch.nn.Embedding(V, 4), LSTM(4, 6)
        self.head = torch.nn.Linear(6, V)
        with torch.no_grad():
            self.head.weight.mul_(5)

    @torch.no_grad()
    def step(self, tokens: Tensor, state: tuple[LSTMState, Tensor] | None) -> tuple[Tensor, tuple[LSTMState, Tensor]]:
        y, lstm = self.lstm.step(self.embedding(tokens), None if state is None else state[0])
        steps = torch.zeros(len(tokens)) if state is None else state[1]
        return self.head(y), (lstm, steps + 1)

    def log_probability(self, prompt: int, tokens: tuple[int, ...]) -> float:
        logits, state = self.step(torch.tensor([prompt]), None)
        total = 0.0
        for token in tokens:
            total += float(logits.double().log_softmax(-1)[0, token])
            logits, state = self.step(torch.tensor([token]), state)
        return total


def _everything(
    model: _Model, prompt: int, length: int, end: int | None, alpha: float
) -> list[tuple[float, tuple[int, ...]]]:
    """Every sequence that is ``length`` long or ends earlier, with its score, the best first."""
    whole = [tokens for n in range(1, length + 1) for tokens in product(range(V), repeat=n)]
    whole = [tokens for tokens in whole if end not in tokens[:-1] and (len(tokens) == length or tokens[-1] == end)]
    return sorted(((model.log_probability(prompt, t) / len(t) ** alpha, t) for t in whole), reverse=True)


@pytest.mark.parametrize("end", [None, 2])
@pytest.mark.parametrize("alpha", [0.0, 0.7, 1.0])
def test_a_wide_beam_finds_the_best_there_is(end: int | None, alpha: float) -> None:
    model = _Model(4)
    logits, state = model.step(torch.arange(2), None)
    found = beam(model.step, logits, state, 4, width=81, end=end, alpha=alpha)
    for prompt, continuations in enumerate(found):
        expected = _everything(model, prompt, 4, end, alpha)[:81]
        assert [one.tokens for one in continuations] == [tokens for _, tokens in expected]
        assert [one.score for one in continuations] == pytest.approx([score for score, _ in expected])


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 3), st.sampled_from([None, 0]))
def test_every_continuation_has_the_probability_that_it_claims(seed: int, width: int, end: int | None) -> None:
    """The state must have followed its beam, or the numbers are of other texts."""
    model = _Model(seed)
    logits, state = model.step(torch.arange(3), None)
    for prompt, continuations in enumerate(beam(model.step, logits, state, 5, width, end=end)):
        assert 1 <= len(continuations) <= width
        assert len({one.tokens for one in continuations}) == len(continuations)
        for one in continuations:
            assert one.log_probability == pytest.approx(model.log_probability(prompt, one.tokens), abs=1e-5)
            assert one.score == one.log_probability / len(one.tokens)
            assert len(one.tokens) == 5 or one.tokens[-1] == end


def test_a_beam_of_1_is_greedy_and_one_of_2_can_be_better() -> None:
    # after 0 (p .6) come .4 .3 .3; after 1 (p .4) come .1 .9 0: greedy takes 0 0 (.24), the best is 1 1 (.36)
    table = torch.tensor([[0.6, 0.4, 0.0], [0.4, 0.3, 0.3], [0.1, 0.9, 0.0]]).log()

    def step(tokens: Tensor, state: None) -> tuple[Tensor, None]:
        return table[tokens + 1], state

    [[greedy]] = beam(step, table[:1], None, 2, width=1)
    assert (greedy.tokens, greedy.log_probability) == ((0, 0), pytest.approx(math.log(0.24)))
    best, second = beam(step, table[:1], None, 2, width=2)[0]
    assert (best.tokens, best.log_probability) == ((1, 1), pytest.approx(math.log(0.36)))
    assert second.tokens == (0, 0)
    [[banned]] = beam(step, table[:1], None, 2, width=1, banned=(0,))
    assert banned.tokens == (1, 1)


def test_the_search_ends_when_nothing_can_change() -> None:
    calls = []

    def step(tokens: Tensor, state: None) -> tuple[Tensor, None]:
        calls.append(len(tokens))
        return torch.tensor([[0.01, 0.99]]).log().expand(len(tokens), -1), state

    [[found]] = beam(step, torch.tensor([[0.5, 0.5]]).log(), None, 1000, width=1, end=1, alpha=0.0)
    assert found.tokens == (1,)
    assert not calls


class _Pair(NamedTuple):
    memory: Tensor
    rest: tuple[Tensor, None]


def test_states_of_any_shape_follow_their_rows() -> None:
    state = _Pair(torch.arange(12).view(2, 3, 2), (torch.arange(3), None))
    made = reorder(state, torch.tensor([2, 0, 0, 1]))
    assert isinstance(made, _Pair)
    assert made.memory.shape == (2, 4, 2)
    assert made.memory[:, 0].equal(state.memory[:, 2])
    assert made.rest[0].tolist() == [2, 0, 0, 1]
    assert made.rest[1] is None
    with pytest.raises(ShapeError, match="tensors with a batch, tuples and None; it holds"):
        reorder([torch.zeros(3)], torch.tensor([0]))


def test_sizes_out_of_range_are_refused() -> None:
    def step(tokens: Tensor, state: None) -> tuple[Tensor, None]:
        return torch.zeros(len(tokens), V), state

    for options in ({"width": 0}, {"length": 0}, {"alpha": -1.0}):
        with pytest.raises(InputError, match="must be at least 1"):
            beam(step, torch.zeros(1, V), None, **{"length": 2, **options})  # type: ignore[arg-type]
    with pytest.raises(ShapeError, match=r"must be \[B, V\]"):
        beam(step, torch.zeros(V), None, 2)
