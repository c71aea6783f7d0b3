"""Half-life: for how many steps a unit keeps half of what it holds, as its forget gate says."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from recollect.memory.reading import Bools, Floats, Ints, spread
from recollect.memory.recording import Recording

__all__ = ["HalfLife", "durations", "half_life", "summary"]

LEAST = float(np.finfo(np.float32).tiny)  # a share that is zero in float32 has a logarithm too


@dataclass(frozen=True)
class HalfLife:
    """Half-lives in steps, of each layer and unit; infinite where the record is too short to tell.

    Attributes:
        median: [L, H], the Kaplan-Meier estimate over the origins: an origin whose half-life outlasts the record counts
            as alive up to the record's end, and as nothing more. Infinite if half of them are never seen to end.
        low: [L, H], the first quartile, estimated so.
        high: [L, H], the third quartile.
        censored: [L, H], the share of origins whose half-life outlasts the record.
        order: [L * H, 2], layer and unit from sprinter to keeper: by the median, then by ``closed`` where given.
        origins: [n], the steps from which decay was followed.
        steps: [n, L, H], the half-life from each origin; where censored, the steps for which it was followed.
        seen: [n, L, H], False where censored.
        closed: [L, H], ln(1/2) / mean(ln f), as if the gate stood still; None where nothing but decay was measured.
    """

    median: Floats
    low: Floats
    high: Floats
    censored: Floats
    order: Ints
    origins: Ints
    steps: Floats
    seen: Bools
    closed: Floats | None


def half_life(recording: Recording, *, origins: int = 4096) -> HalfLife:
    """The steps until half of what a unit held at an origin t is gone, by its gates alone:

        k = the smallest with f[t+1] * ... * f[t+k] <= 1/2        S[t] = ln f[0] + ... + ln f[t]

    with a straight line for S within the last step, so that k is not whole; a gate that stands still at f gives
    ln(1/2) / ln f, the closed form. f is what keeps the memory (Recording.keep): the forget gate, times gamma for the
    decay cell, z for the gru. ``origins`` is the most that are followed, evenly spread over the record, all rows
    together; from each the product runs to the record's end if need be.

    What comes back by way of h and R is not in it: that is measured by ``injection``. Gers, Schmidhuber & Cummins 2000,
    "Learning to forget", section 3 (the forget gate as what the cell keeps); Tallec & Ollivier 2018, "Can recurrent
    neural networks warp time?", section 2 (its value as a time scale); Kaplan & Meier 1958 (the estimate).

    Raises InputError for the rnn cell, which has no gate that keeps.
    """
    T, L, B, H = recording.shape
    at = spread(max(1, T - 1), max(1, origins // B))
    steps, seen, total = _follow(recording, at)
    mean = total.reshape(L, B, H).mean(1) / T
    with np.errstate(divide="ignore"):
        closed = math.log(2) / np.abs(mean)
    steps, seen = (value.reshape(len(at), L, B, H).swapaxes(1, 2).reshape(-1, L, H) for value in (steps, seen))
    return summary(np.repeat(at, B), steps, seen, closed)


def _follow(recording: Recording, at: Ints) -> tuple[Floats, Bools, Floats]:
    """Half-lives from each origin, [n, L * B * H], which of them ended, and S at the end [L * B * H]."""
    T, L, B, H = recording.shape
    steps = np.repeat((T - 1.0 - at)[:, None], L * B * H, axis=1)
    seen = np.zeros(steps.shape, dtype=np.bool_)
    goal = np.full(steps.shape, -np.inf)  # S at the origin less ln 2, once the origin is passed
    total = np.zeros(L * B * H)
    for start, stop in recording.blocks():
        logs = np.log(np.maximum(recording.keep(start, stop), LEAST)).reshape(stop - start, -1)
        S = np.concatenate([total[None], total + np.cumsum(logs, axis=0)])  # S[1 + t - start]
        here = (at >= start) & (at < stop)
        goal[here] = S[1 + at[here] - start] - math.log(2)
        total = S[-1]
        for unit in range(S.shape[1]):
            open_ = np.flatnonzero((goal[:, unit] >= total[unit]) & ~seen[:, unit])
            end = np.searchsorted(-S[:, unit], -goal[open_, unit])
            before, after = S[end - 1, unit], S[end, unit]
            within = (before - goal[open_, unit]) / (before - after)
            steps[open_, unit] = start + end - 2 - at[open_] + within
            seen[open_, unit] = True
    return steps, seen, total


def durations(shares: Floats) -> tuple[Floats, Bools]:
    """Where shares [K + 1, ...], 1 at first, fall to 1/2: the steps, on a straight line of logarithms; and whether."""
    fallen = shares <= 0.5
    seen = np.asarray(fallen.any(0))
    end = np.where(seen, fallen.argmax(0), len(shares) - 1)
    before, after = (np.log(np.maximum(np.take_along_axis(shares, e[None], 0)[0], LEAST)) for e in (end - 1, end))
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = end - 1 + (before + math.log(2)) / (before - after)
    return np.where(seen, steps, len(shares) - 1.0), seen


def summary(origins: Ints, steps: Floats, seen: Bools, closed: Floats | None) -> HalfLife:
    """What half-lives [n, L, H] from n origins, ended or not, say of each unit."""
    low, median, high = (_reached(steps, seen, share) for share in (0.25, 0.5, 0.75))
    L, H = median.shape
    keys = [median.ravel()] if closed is None else [closed.ravel(), median.ravel()]
    order = np.stack(np.unravel_index(np.lexsort(keys), (L, H)), axis=1)
    return HalfLife(median, low, high, 1 - seen.mean(0), order, origins, steps, seen, closed)


def _reached(steps: Floats, seen: Bools, share: float) -> Floats:
    """The steps by which ``share`` of the origins have lost their half; infinite if they are not seen to.

    The share alive is the product, over the ends in order, of 1 - 1 / (how many were followed so far): the
    product-limit estimate of Kaplan & Meier 1958, "Nonparametric estimation from incomplete observations".
    """
    order = np.lexsort((~seen, steps), axis=0)
    times, ended = np.take_along_axis(steps, order, 0), np.take_along_axis(seen, order, 0)
    followed = np.arange(len(steps), 0, -1)[:, None, None]
    past = np.cumprod(1 - ended / followed, axis=0) <= 1 - share + 1e-9
    first = np.take_along_axis(times, past.argmax(0)[None], 0)[0]
    return np.where(past.any(0), first, np.inf)
