"""Generating tokens: repeats with the seed, argmax at temperature 0, frequencies as promised, nothing done early."""

from __future__ import annotations

import math
from itertools import islice

import pytest
import torch
from torch import Tensor

from recollect.core.errors import InputError, ShapeError
from recollect.core.state import LSTMState
from recollect.nn.decode import Sampling, generate, sample
from recollect.nn.lstm import LSTM

V, B = 7, 3


class _Model(torch.nn.Module):
    """A small language model with random weights."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embedding, self.lstm, self.head = torch.nn.Embedding(V, 5), LSTM(5, 8), torch.nn.Linear(8, V)
        with torch.no_grad():
            self.head.weight.mul_(6)
        self.calls = 0

    def step(self, tokens: Tensor, state: LSTMState | None) -> tuple[Tensor, LSTMState]:
        self.calls += 1
        y, state = self.lstm.step(self.embedding(tokens), state)
        return self.head(y), state


def _tokens(sampling: Sampling, seed: int = 1, count: int = 30, recent: Tensor | None = None) -> Tensor:
    model, generator = _Model(), torch.Generator().manual_seed(seed)
    logits, state = model.step(torch.arange(B), None)
    return torch.stack(list(islice(generate(model.step, logits.detach(), state, sampling, generator, recent), count)))


def test_the_same_seed_gives_the_same_tokens_and_another_gives_others() -> None:
    sampling = Sampling(0.8, top_k=5, top_p=0.95, min_p=0.01, repetition_penalty=1.1)
    assert torch.equal(_tokens(sampling), _tokens(sampling))
    assert not torch.equal(_tokens(sampling), _tokens(sampling, seed=2))


def test_temperature_0_is_argmax_step_by_step_and_needs_no_generator() -> None:
    model = _Model()
    logits, state = model.step(torch.arange(B), None)
    expected = []
    for _ in range(30):
        expected.append(logits.argmax(dim=-1))
        logits, state = model.step(expected[-1], state)
    made = _tokens(Sampling(temperature=0))
    assert torch.equal(made, torch.stack(expected))
    assert made.shape == (30, B)


def test_a_stream_does_not_depend_on_its_neighbours() -> None:
    model = _Model()
    alone = []
    for row in range(B):
        logits, state = model.step(torch.tensor([row]), None)
        steps = islice(generate(model.step, logits, state, Sampling(0, repetition_penalty=1.5, window=3)), 20)
        alone.append(torch.cat(list(steps)))
    together = _tokens(Sampling(0, repetition_penalty=1.5, window=3), count=20)
    assert torch.equal(together, torch.stack(alone, dim=1))


def test_the_penalty_looks_back_over_its_window_and_no_further() -> None:
    def step(tokens: Tensor, state: None) -> tuple[Tensor, None]:
        return torch.tensor([[3.0, 2.0, 1.9]]), state

    logits, recent = step(torch.zeros(1), None)[0], torch.tensor([[2, 2, 0]])
    strict = Sampling(0, repetition_penalty=2.0, window=1)
    assert torch.cat(list(islice(generate(step, logits, None, strict, recent=recent), 5))).tolist() == [1, 0, 1, 0, 1]
    longer = Sampling(0, repetition_penalty=2.0, window=2)
    assert torch.cat(list(islice(generate(step, logits, None, longer, recent=recent), 3))).tolist() == [1, 2, 0]


def test_nothing_is_computed_before_it_is_asked_for() -> None:
    model = _Model()
    logits, state = model.step(torch.arange(B), None)
    stream = generate(model.step, logits, state, Sampling())
    next(stream)
    assert model.calls == 1
    next(stream)
    assert model.calls == 2
    assert torch.is_grad_enabled()


def test_draws_come_as_often_as_their_probability_and_banned_ones_never() -> None:
    chance = torch.tensor([0.5, 0.3, 0.15, 0.05])
    rows = chance.log().expand(20_000, -1)
    generator = torch.Generator().manual_seed(3)
    share = torch.bincount(sample(rows, generator), minlength=4) / 20_000
    assert torch.allclose(share, chance, atol=4 * (0.25 / 20_000) ** 0.5)
    kept = Sampling(banned=(0, 3)).filtered(rows, torch.zeros(20_000, 0, dtype=torch.int64))
    share = torch.bincount(sample(kept, generator), minlength=4) / 20_000
    assert torch.allclose(share, torch.tensor([0, 2 / 3, 1 / 3, 0]), atol=4 * (0.25 / 20_000) ** 0.5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_draws_fit_the_exact_probabilities_of_the_filtered_logits(dtype: torch.dtype) -> None:
    rows, size = 40_000, 40
    logits = (2 * torch.randn(2, size, generator=torch.Generator().manual_seed(5))).to(dtype)
    sampling = Sampling(0.8, top_k=25, top_p=0.97, min_p=0.002, banned=(0, 7, size - 1))
    tokens = sampling.choose(
        logits.repeat_interleave(rows, 0), torch.zeros(2 * rows, 0, dtype=torch.int64), torch.Generator().manual_seed(6)
    )
    for row, drawn in zip(logits.double().tolist(), tokens.view(2, rows), strict=True):
        chance = _kept_by_hand(row, sampling)
        counts = torch.bincount(drawn, minlength=size).tolist()
        assert not any(count for count, share in zip(counts, chance, strict=True) if not share), "ruled out, yet drawn"
        parts = [(count, rows * share) for count, share in zip(counts, chance, strict=True) if share]
        chi_square = sum((count - expected) ** 2 / expected for count, expected in parts)
        freedom = len(parts) - 1
        assert freedom > 5
        assert abs(chi_square - freedom) < 4 * (2 * freedom) ** 0.5, "mean and spread of a chi-square"


def _kept_by_hand(row: list[float], sampling: Sampling) -> list[float]:
    """The probabilities after the filters, token by token."""
    weights = [0.0 if k in sampling.banned else math.exp(value) for k, value in enumerate(row)]
    ranked = sorted(range(len(row)), key=lambda k: (-weights[k], k))[: sampling.top_k]
    shares = {k: weights[k] ** (1 / sampling.temperature) for k in ranked if weights[k]}
    total, reached, kept = sum(shares.values()), 0.0, {}
    for k, share in shares.items():
        if reached < sampling.top_p * total and share >= sampling.min_p * shares[ranked[0]]:
            kept[k] = share
        reached += share
    return [kept.get(k, 0.0) / sum(kept.values()) for k in range(len(row))]


def test_what_has_no_probability_is_never_drawn_at_either_end() -> None:
    only = torch.tensor([[-torch.inf, -torch.inf, 0.0, -torch.inf]]).expand(10_000, -1)
    assert sample(only, torch.Generator().manual_seed(0)).unique().tolist() == [2]


def test_what_cannot_be_drawn_from_is_refused() -> None:
    for logits in (torch.tensor([[0.0, torch.nan]]), torch.full((1, 2), -torch.inf)):
        with pytest.raises(InputError, match="NaN or infinity, or all tokens are ruled out"):
            sample(logits, None)
        with pytest.raises(InputError, match="NaN or infinity"):
            next(generate(lambda tokens, state: (tokens, state), logits, None, Sampling(0)))
    with pytest.raises(ShapeError, match=r"logits must be \[B, V\], not \(7,\)"):
        next(generate(lambda tokens, state: (tokens, state), torch.zeros(7), None, Sampling()))
    for options in ({"temperature": -1}, {"top_k": -1}, {"top_p": 0}, {"min_p": 2}, {"repetition_penalty": 0.9}):
        with pytest.raises(InputError, match="must"):
            Sampling(**options)  # type: ignore[arg-type]
