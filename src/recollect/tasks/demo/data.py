"""The two series of the demo, their windows and their split."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recollect.core.errors import InputError
from recollect.core.seeds import derive_seed

__all__ = ["NAMES", "POINTS", "TRAINING", "VALIDATION", "WINDOW", "Floats", "Series", "make", "windows"]

Floats = npt.NDArray[np.float64]

POINTS, FUTURE, WINDOW = 1000, 200, 50
TRAINING, VALIDATION = 800, 900  # where the training part ends, and the validation part; the rest is held out
NAMES = ("sine", "nyquist")


@dataclass(frozen=True)
class Series:
    """``values`` [1000] to learn from, ``future`` [200] that follow and that no model sees, and what they are.

    A wave turns by ``angle`` radians a step; ``season`` is the whole number of steps nearest to its length.
    """

    name: str
    about: str
    season: int
    angle: float
    values: Floats
    future: Floats


def make(name: str, seed: int) -> Series:
    """Make one of NAMES: "sine" with a little noise drawn from ``seed``, or "nyquist", the well-known program's series.

    sine     x[t] = sin(0.27 t) + e[t], e normal with deviation 0.02: 23.3 points a wave, so no window comes twice.
    nyquist  x[t] = sin(1000 pi t / 999): nearly two points a wave, the fewest that can show one (Shannon 1949,
             "Communication in the presence of noise", section 2). What is seen is x[t] = -x[t-1] with a slow envelope.

    Raises InputError for another name.
    """
    time = np.arange(POINTS + FUTURE)
    if name == "sine":
        about, season, angle = "sin(0.27 t) plus noise of 0.02: a wave of 23.3 points", 23, 0.27
        noise = np.random.default_rng(derive_seed(seed, "demo", "noise")).normal(0.0, 0.02, len(time))
        values = np.sin(angle * time) + noise
    elif name == "nyquist":
        about, season, angle = "sin(1.001 pi t): two points a wave, inside a slow envelope", 2, 1000 * np.pi / 999
        values = np.sin(angle * time)
    else:
        raise InputError(f"the series is {name!r}, and may be {' or '.join(map(repr, NAMES))}")
    return Series(name, about, season, angle, values[:POINTS], values[POINTS:])


def windows(values: Floats, begin: int, end: int) -> tuple[Floats, Floats]:
    """Pair every target in values[begin:end] [N] with the 50 values before it [N, 50]; the first is values[50]."""
    first = max(begin, WINDOW)
    views = np.lib.stride_tricks.sliding_window_view(values, WINDOW)
    return views[first - WINDOW : end - WINDOW], values[first:end]
