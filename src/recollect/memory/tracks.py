"""Tracks: which units follow something, such as being inside quotes, and how closely mere chance would."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from recollect.core.errors import InputError, ShapeError
from recollect.memory.reading import Floats, Ints, spread

__all__ = ["Tracks", "tracks"]

SHIFTS = 100


@dataclass(frozen=True)
class Tracks:
    """How closely each unit follows a signal.

    Attributes:
        correlation: [N], of each unit, -1 ... 1; 0 for one that never moves.
        order: [N], the units from the largest correlation to the smallest, whatever its sign.
        chance: the correlation that the best of N units reaches with the same signal at a wrong time, in 19 of 20
            cases. One that is no larger says nothing.
    """

    correlation: Floats
    order: Ints
    chance: float


def tracks(cells: ArrayLike, signal: ArrayLike) -> Tracks:
    """Pearson's correlation of each column of ``cells`` [T, N] with ``signal`` [T], and what chance makes of it:

        r[n] = sum_t (c[t, n] - mean c[n]) (s[t] - mean s) / (T deviation(c[n]) deviation(s))
        chance = the 95 % quantile, over 100 shifts k from T / 10 to 9 T / 10, of max_n |r[n] with s[(t + k) mod T]|

    Neighbours in time resemble each other, in cells and in text, and N units are N tries: among hundreds some go along
    with anything. A shifted signal has all of its rhythm and none of its place, so that what is reached with it is
    luck. Of a signal that returns like clockwork chance is estimated too high, and T should hold it dozens of times.

    Raises ShapeError where the lengths differ or T is below 3, InputError for a signal that never changes and for
    values that are not finite.
    """
    c, s = np.asarray(cells, np.float64), np.asarray(signal, np.float64)
    if c.ndim != 2 or s.shape != c.shape[:1] or len(s) < 3:
        raise ShapeError(f"cells are {list(c.shape)} and the signal {list(s.shape)}: give [T, N] and [T], T 3 or more")
    if not (np.isfinite(c).all() and np.isfinite(s).all()):
        raise InputError("the cells or the signal hold values that are not finite")
    if (s == s[0]).all():
        raise InputError(f"the signal is {s[0]:g} at every step: nothing can be told from what never changes")
    moving, signs, T = _unit(c), _unit(s), len(s)
    first, last = max(1, T // 10), T - max(1, T // 10)
    shifted = np.stack([np.roll(signs, -int(first + k)) for k in spread(last - first + 1, SHIFTS)])
    chance = float(np.quantile(np.abs(shifted @ moving).max(1), 0.95))
    correlation = signs @ moving
    return Tracks(correlation, np.argsort(-np.abs(correlation), kind="stable"), chance)


def _unit(values: Floats) -> Floats:
    """Less its mean and of length 1 along time; 0 where nothing moves."""
    centred = values - values.mean(0)
    length = np.sqrt((centred**2).sum(0))
    still = (values == values[0]).all(0)
    return np.where(still, 0, centred / np.where(still, 1, length))
