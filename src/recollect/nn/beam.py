"""Beam search: the likeliest continuations of a batch of prompts, by any model that reads one token at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor

from recollect.core.errors import InputError, ShapeError
from recollect.nn.decode import Step
from recollect.nn.filters import ban

__all__ = ["Continuation", "beam", "reorder"]

S = TypeVar("S")


@dataclass(frozen=True)
class Continuation:
    """One way to go on: its tokens (``end`` included, if it came), its log-probability in nats, and its score."""

    tokens: tuple[int, ...]
    log_probability: float
    score: float


@torch.no_grad()
def beam(
    step: Step[S],
    logits: Tensor,
    state: S,
    length: int,
    width: int = 4,
    *,
    end: int | None = None,
    alpha: float = 1.0,
    banned: tuple[int, ...] = (),
) -> list[list[Continuation]]:
    """For each prompt up to ``width`` continuations of up to ``length`` tokens, the best score first.

        score = log P(tokens) / len(tokens) ** alpha

    ``logits`` [B, V] and ``state`` are those after the prompts (see `reorder` for where B stands). At each step the
    ``width`` likeliest continuations go on; one that comes to the token ``end`` is finished, and stays if it is among
    the ``width`` best so far. The search ends early when no continuation can get there any more. alpha 0 prefers short
    ones, 1 is the mean per token (Wu et al. 2016, arXiv:1609.08144, section 7, with a simpler length). ``banned``
    tokens never come.

    Raises ShapeError for logits that are not [B, V], InputError for a width, length or alpha out of range.
    """
    if logits.ndim != 2:
        raise ShapeError(f"logits must be [B, V], not {tuple(logits.shape)}")
    if width < 1 or length < 1 or not alpha >= 0:
        raise InputError(f"width and length must be at least 1 and alpha at least 0, not {width}, {length}, {alpha}")
    found = _Found(len(logits), width, alpha)
    total = logits.new_zeros((len(logits), 1), dtype=torch.float64)  # [B, W]
    tokens = torch.zeros((*total.shape, 0), dtype=torch.int64, device=logits.device)  # [B, W, t]
    for t in range(1, length + 1):
        chance = ban(logits, banned).double().log_softmax(dim=-1)
        reached = total[..., None] + chance.view(*total.shape, -1)  # [B, W, V]
        if end is not None:
            finished = torch.cat([tokens, tokens.new_full((*total.shape, 1), end)], dim=2)
            found.add(finished, reached[..., end])
            reached[..., end] = -math.inf
        total, beam_of, token = _best(reached, width)
        tokens = torch.cat([tokens.gather(1, beam_of[..., None].expand(-1, -1, t - 1)), token[..., None]], dim=2)
        if t == length or found.cannot_change(total[:, 0], length):
            break
        rows = (beam_of + torch.arange(len(total), device=logits.device)[:, None] * reached.shape[1]).flatten()
        logits, state = step(token.flatten(), reorder(state, rows))
    if tokens.shape[2] == length:
        found.add(tokens, total)
    return found.lists


def reorder(state: S, rows: Tensor) -> S:
    """The state whose row i is row ``rows[i]`` of the given one.

    A state is a tensor, None, or a tuple of states (LSTMState, say). The batch stands second in every tensor, as in
    [L, B, H] and [T, B, H], and first where there is no second. Raises ShapeError for anything else.
    """
    return _reordered(state, rows)  # type: ignore[return-value]


def _reordered(state: object, rows: Tensor) -> object:
    if isinstance(state, Tensor) and state.ndim:
        return state.index_select(min(state.ndim - 1, 1), rows)
    if isinstance(state, tuple):
        parts: list[Any] = [_reordered(part, rows) for part in state]
        return type(state)(*parts) if hasattr(state, "_fields") else tuple(parts)
    if state is None:
        return None
    raise ShapeError(f"a state must be made of tensors with a batch, tuples and None; it holds {state!r:.80}")


def _best(reached: Tensor, width: int) -> tuple[Tensor, Tensor, Tensor]:
    """The ``width`` largest of [B, W, V], of equal ones the first: values, and their places in W and in V."""
    values, places = reached.flatten(1).sort(dim=1, descending=True, stable=True)
    values, places = values[:, :width], places[:, :width]
    return values, places // reached.shape[2], places % reached.shape[2]


class _Found:
    """The best finished continuations of each prompt."""

    def __init__(self, prompts: int, width: int, alpha: float) -> None:
        self.lists: list[list[Continuation]] = [[] for _ in range(prompts)]
        self._width, self._alpha = width, alpha

    def add(self, tokens: Tensor, total: Tensor) -> None:
        """Those of tokens [B, W, t] with log-probabilities [B, W] that are possible at all."""
        scale = tokens.shape[2] ** self._alpha
        for found, rows, values in zip(self.lists, tokens.tolist(), total.tolist(), strict=True):
            found += [
                Continuation(tuple(row), value, value / scale)
                for row, value in zip(rows, values, strict=True)
                if value > -math.inf
            ]
            found.sort(key=lambda one: -one.score)
            del found[self._width :]

    def cannot_change(self, best: Tensor, length: int) -> bool:
        """Whether no prompt's living continuation, ``best`` [B] at most, can still get among the found ones."""
        hopes = (best / length**self._alpha).tolist()
        return all(
            len(found) == self._width and found[-1].score >= hope for found, hope in zip(self.lists, hopes, strict=True)
        )
