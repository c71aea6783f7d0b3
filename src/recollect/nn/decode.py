"""Tokens out of a model that reads one at a time: sampling as an endless stream, for a batch of streams at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

from recollect.core.errors import InputError, ShapeError
from recollect.nn.filters import ban, min_p, repetition_penalty, temperature, top_k, top_p

__all__ = ["Sampling", "Step", "generate", "sample"]

S = TypeVar("S")
Step = Callable[[Tensor, S], tuple[Tensor, S]]  # tokens [B], state -> logits [B, V] of the next tokens, state


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen: filters in the order below, then a draw from what is left.

    Attributes:
        temperature: 0 takes the likeliest, 1 draws as the model says.
        top_k: draw from the k likeliest only; 0 for all.
        top_p: draw from the smallest set of this probability only; 1 for all.
        min_p: draw only from tokens this many times as probable as the likeliest; 0 for all.
        repetition_penalty: 1 for none; above, tokens among the last ``window`` are made less likely.
        window: how many tokens of each stream are remembered for that.
        banned: tokens that are never drawn.

    Raises InputError for values out of range.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    window: int = 64
    banned: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.top_k < 0 or self.window < 0:
            raise InputError(f"top_k and window must be 0 or above, not {self.top_k} and {self.window}")
        self.filtered(torch.zeros(1, max(self.banned, default=0) + 2), torch.zeros(1, 1, dtype=torch.int64))

    def filtered(self, logits: Tensor, recent: Tensor) -> Tensor:
        """Logits [B, V] with -inf where nothing may be drawn, for streams whose last tokens were ``recent`` [B, R]."""
        logits = self._penalised(logits, recent)
        if self.top_k:
            logits = top_k(logits, self.top_k)
        # Temperature after the penalty and before the shares: they are shares of what is drawn from.
        return min_p(top_p(temperature(logits, self.temperature), self.top_p), self.min_p)

    def choose(self, logits: Tensor, recent: Tensor, generator: torch.Generator | None) -> Tensor:
        """The next token of each stream, [B]; see `sample`. At temperature 0 no generator is needed."""
        if self.temperature == 0:  # every filter keeps the likeliest
            largest, tokens = self._penalised(logits, recent).max(dim=-1)
            _check_drawable(largest)
            return tokens
        return sample(self.filtered(logits, recent), generator)

    def _penalised(self, logits: Tensor, recent: Tensor) -> Tensor:
        return repetition_penalty(ban(logits, self.banned), recent, self.repetition_penalty)


def sample(logits: Tensor, generator: torch.Generator | None) -> Tensor:
    """One token for each row of logits [B, V], drawn with probability p = softmax(logits): [B].

        token = the first k with p[0] + ... + p[k] > u sum(p),    u uniform in [0, 1)

    One u a row, whatever V; what has no probability is never the first. ``generator`` lives where the logits do. Raises
    InputError for logits that are NaN or leave nothing to draw.
    """
    reached = logits.softmax(dim=-1, dtype=torch.float32).cumsum(dim=-1, dtype=torch.float64)
    total = reached[:, -1:]
    _check_drawable(total)
    place = torch.empty_like(total).uniform_(generator=generator).mul_(total)
    return torch.searchsorted(reached, place, right=True)[:, 0]


@torch.no_grad()
def generate(
    step: Step[S],
    logits: Tensor,
    state: S,
    sampling: Sampling,
    generator: torch.Generator | None = None,
    recent: Tensor | None = None,
) -> Iterator[Tensor]:
    """Tokens [B] without end, each drawn after those before it, in constant memory.

    ``logits`` [B, V] are those after the prompt, and ``state`` is what the model holds then; ``recent`` [B, R] are the
    last tokens of the prompt, for the repetition penalty. ``step`` is called only when another token is asked for. The
    same generator state gives the same tokens; at temperature 0 none is needed. Raises ShapeError for logits that are
    not [B, V], InputError as ``sample``.
    """
    if logits.ndim != 2:
        raise ShapeError(f"logits must be [B, V], not {tuple(logits.shape)}")
    window = sampling.window if sampling.repetition_penalty > 1 else 0
    if recent is None or not window:
        recent = torch.zeros((len(logits), 0), dtype=torch.int64, device=logits.device)
    while True:
        tokens = sampling.choose(logits, recent[:, max(recent.shape[1] - window, 0) :], generator)
        yield tokens
        if window:
            recent = torch.cat([recent[:, max(recent.shape[1] + 1 - window, 0) :], tokens[:, None]], dim=1)
        logits, state = step(tokens, state)


def _check_drawable(values: Tensor) -> None:
    """Refuse the rows' largest logits or sums of probabilities, one a row, if one tells of logits that are no such."""
    if not math.isfinite(float(values.sum())):  # one NaN or infinity shows in the sum
        raise InputError("the logits hold NaN or infinity, or all tokens are ruled out: was training broken off early?")
