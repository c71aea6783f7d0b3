"""What a sampler may choose from: filters of logits [B, V], each of which puts -inf for what it rules out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor

from recollect.core.errors import InputError

__all__ = ["ban", "min_p", "repetition_penalty", "temperature", "top_k", "top_p"]


def temperature(logits: Tensor, value: float) -> Tensor:
    """Logits / value: below 1 the likely gets likelier. At 0 only the largest stays, of equal ones the lowest id.

    Raises InputError below 0.
    """
    if not 0 <= value < math.inf:
        raise InputError(f"the temperature must be 0 or above, not {value}; 0 always takes the likeliest token")
    if value == 0:
        return top_k(logits, 1)
    return logits if value == 1 else logits / value


def top_k(logits: Tensor, k: int) -> Tensor:
    """The k largest, of equal ones those of lower ids; all of them if there are fewer.

    Fan, Lewis & Dauphin 2018, arXiv:1805.04833, section 5. Raises InputError below 1.
    """
    if k < 1:
        raise InputError(f"top-k must keep at least 1 token, not {k}")
    order = logits.argsort(dim=-1, descending=True, stable=True)[..., :k]
    return _keep(logits, torch.zeros_like(logits, dtype=torch.bool).scatter_(-1, order, True))


def top_p(logits: Tensor, p: float) -> Tensor:
    """The smallest set of likeliest tokens whose probabilities sum to at least p, of equal ones those of lower ids.

    The nucleus of Holtzman et al. 2020, arXiv:1904.09751, section 3.1. Raises InputError outside 0 < p <= 1.
    """
    if not 0 < p <= 1:
        raise InputError(f"top-p must lie above 0 and at most at 1, not {p}")
    if p == 1:
        return logits
    chance, order = logits.double().softmax(dim=-1).sort(dim=-1, descending=True, stable=True)
    before = chance.cumsum(dim=-1) - chance  # a token stays if those before it do not reach p
    return _keep(logits, torch.zeros_like(logits, dtype=torch.bool).scatter_(-1, order, before < p))


def min_p(logits: Tensor, p: float) -> Tensor:
    """Tokens at least p times as probable as the likeliest. Nguyen et al. 2024, arXiv:2407.01082, section 3.

    Raises InputError outside 0 <= p <= 1.
    """
    if not 0 <= p <= 1:
        raise InputError(f"min-p must lie between 0 and 1, not {p}")
    if p == 0:
        return logits
    return _keep(logits, logits >= logits.amax(dim=-1, keepdim=True) + math.log(p))


def repetition_penalty(logits: Tensor, recent: Tensor, penalty: float) -> Tensor:
    """Logits of the tokens in ``recent`` [B, R] divided by the penalty where above 0, multiplied by it where below.

    Keskar et al. 2019, arXiv:1909.05858, section 4.1, where every logit is divided: of one below 0 that would make a
    reward. A negative id stands for no token. Raises InputError below 1.
    """
    if not penalty >= 1:
        raise InputError(f"the repetition penalty must be at least 1, not {penalty}; 1 is none")
    if penalty == 1 or not recent.shape[-1]:
        return logits
    spare = logits.shape[-1]
    seen = logits.new_zeros((*logits.shape[:-1], spare + 1), dtype=torch.bool)
    seen = seen.scatter_(-1, torch.where(recent < 0, spare, recent), True)[..., :spare]
    return torch.where(seen, torch.where(logits > 0, logits / penalty, logits * penalty), logits)


def ban(logits: Tensor, ids: Sequence[int]) -> Tensor:
    """All but the tokens ``ids``."""
    if not ids:
        return logits
    return logits.index_fill(-1, _indices(tuple(ids), logits.device), -math.inf)


@lru_cache(maxsize=8)  # to make a tensor of numbers takes longer than to fill by it
def _indices(ids: tuple[int, ...], device: torch.device) -> Tensor:
    return torch.tensor(ids, device=device)


def _keep(logits: Tensor, kept: Tensor) -> Tensor:
    return logits.masked_fill(~kept, -math.inf)
