"""Ablation: what each unit is worth, in the task's own metric."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike
from torch import nn

from recollect.memory.clamping import clamped
from recollect.memory.reading import Floats, Ints
from recollect.nn.lstm import LSTM

__all__ = ["Ablation", "ablation"]

M = TypeVar("M", bound=nn.Module)


@dataclass(frozen=True)
class Ablation:
    """Scores with one unit at a time held still.

    Attributes:
        gate: what was held.
        whole: the score of the module as it is.
        scores: [L * D, H], the score without each unit.
        change: [L * D, H], ``scores`` less ``whole``.
        order: [L * D * H, 2], layer and unit from the largest change to the smallest, whatever its sign.
    """

    gate: str
    whole: float
    scores: Floats
    change: Floats
    order: Ints


def ablation(
    module: M, lstm: LSTM, score: Callable[[M], float], *, gate: str = "h", value: ArrayLike = 0.0
) -> Ablation:
    """Score ``module`` again and again, each time with ``gate`` of another unit of ``lstm``, a part of it, held still:

        change[k, u] = score(module with clamped(lstm, gate, value[k, u], unit=u, layer=k)) - score(module)

    ``value`` is a number, or [L * D, H]; ``Recording.mean("h")`` takes a unit's information away and leaves its mean,
    0 takes both. gate "f" at 1 makes a unit that never forgets, "i" at 0 one that never writes. ``score`` gives the
    task's own metric, high or low the better, and leaves the module as it is.

    Lakretz et al. 2019, "The emergence of number and syntax units in LSTM language models", take single units of a
    language model away so, in their ablation study. Raises InputError as ``clamped``.
    """
    whole = float(score(module))
    shape = lstm.num_layers * (1 + lstm.bidirectional), lstm.hidden_size
    values, scores = np.broadcast_to(np.asarray(value, dtype=np.float64), shape), np.empty(shape)
    for layer, unit in np.ndindex(*shape):
        with clamped(lstm, gate, values[layer, unit], unit=unit, layer=layer):
            scores[layer, unit] = score(module)
    change = scores - whole
    order = np.stack(np.unravel_index(np.argsort(-np.abs(change), axis=None, kind="stable"), shape), axis=1)
    return Ablation(gate, whole, scores, change, order)
