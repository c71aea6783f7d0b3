"""The sequences of the laboratory, drawn as their papers draw them. Arrays [T, B, I], time first, and what is asked."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["NOTHING", "Batch", "Floats", "Ints", "adding", "copying", "noise_free", "noisy", "temporal_order"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

NOTHING = -1  # the target of a step at which nothing is asked
DISTRACTORS = 50  # p of the noise-free sequences
ORDER = "EBXYabcd"  # the symbols of temporal order, in the order of the input units
RECALLED, ALPHABET = 10, 8  # of the copying task


class Batch(NamedTuple):
    """B sequences: ``x`` [T, B, I], of which ``lengths`` [B] steps are real (those behind are zero), and the targets.

    ``y`` is [B], asked at the last real step, or [T, B], asked at every step that is not NOTHING: numbers to hit
    (float) or classes (int).
    """

    x: Floats
    y: Floats | Ints
    lengths: Ints


def adding(random: np.random.Generator, rows: int, lag: int) -> Batch:
    """Add two marked numbers of many: x[t] = (value, mark), T = ``lag`` steps, y the sum of the two marked values.

    Values are uniform in [0, 1]; one mark, 1, stands at a uniform place of each half, the others are 0. Who says 1
    always errs by 1/6 in the square, the variance of the sum.

    Hochreiter & Schmidhuber 1997, "Long short-term memory", section 5.4 (values in [-1, 1], target 0.5 + (a + b) / 4,
    half of ours); in this form Arjovsky, Shah & Bengio 2016, "Unitary evolution recurrent neural networks",
    section 5.2.
    """
    x = np.zeros((lag, rows, 2), np.float32)
    x[..., 0] = random.random((lag, rows), np.float32)
    row = np.arange(rows)
    for begin, end in ((0, lag // 2), (lag // 2, lag)):
        x[random.integers(begin, end, rows), row, 1] = 1
    return Batch(x, (x[..., 0] * x[..., 1]).sum(0), np.full(rows, lag))


def temporal_order(random: np.random.Generator, rows: int, lag: int) -> Batch:
    """Say in which order two symbols came: E, then a b c d at random with X or Y at t1 and at t2, then B.

    With T = ``lag`` the sequence has T to 1.1 T steps before B, t1 lies in [T/10, T/5], t2 in [T/2, 3T/5]; y is 0 to 3
    for XX, XY, YX, YY. T = 100 is the paper's.

    Hochreiter & Schmidhuber 1997, "Long short-term memory", section 5.6, task 6a; with T free, Martens & Sutskever
    2011, "Learning recurrent neural networks with Hessian-free optimization", section 5.
    """
    lengths = random.integers(lag, lag + lag // 10, rows, endpoint=True) + 1
    symbols = random.integers(4, 8, (lengths.max(), rows))
    symbols[0] = ORDER.index("E")
    row = np.arange(rows)
    first, second = random.integers(0, 2, (2, rows))
    symbols[random.integers(lag // 10, lag // 5, rows, endpoint=True), row] = ORDER.index("X") + first
    symbols[random.integers(lag // 2, 3 * lag // 5, rows, endpoint=True), row] = ORDER.index("X") + second
    symbols[lengths - 1, row] = ORDER.index("B")
    return Batch(one_hot(symbols, len(ORDER), lengths), 2 * first + second, lengths)


def noise_free(random: np.random.Generator, rows: int, lag: int) -> Batch:
    """Say at the end which of x and y came at the beginning: b, then x or y, then distractors, then e.

    The distractors are drawn from p = 50 symbols; there are ``lag``, and another with probability 9/10 again and again.
    Units are p distractors, b, e, x, y; the target is 0 for x, 1 for y, asked at e. No regularity of the distractors
    helps, and nothing tells how long it will take.

    Hochreiter & Schmidhuber 1997, "Long short-term memory", section 5.2, task 2c (q = ``lag``).
    """
    b, e, x = DISTRACTORS, DISTRACTORS + 1, DISTRACTORS + 2
    lengths = 2 + lag + random.geometric(0.1, rows)
    symbols = random.integers(0, DISTRACTORS, (lengths.max(), rows))
    said = random.integers(0, 2, rows)
    symbols[0], symbols[1] = b, x + said
    symbols[lengths - 1, np.arange(rows)] = e
    return Batch(one_hot(symbols, DISTRACTORS + 4, lengths), said, lengths)


def noisy(random: np.random.Generator, rows: int, lag: int) -> Batch:
    """Say what a noisy line began with: three steps of +1 or of -1, then nothing but noise, all on one input.

    To every step normal noise of variance 0.2 is added. Sequences have ``lag`` to 1.1 ``lag`` steps; the target is 0
    for +1, 1 for -1, asked at the end.

    Hochreiter & Schmidhuber 1997, "Long short-term memory", section 5.3, task 3b; without noise on the first
    steps the two-sequence problem of Bengio, Simard & Frasconi 1994, "Learning long-term dependencies with gradient
    descent is difficult".
    """
    lengths = random.integers(lag, lag + lag // 10, rows, endpoint=True)
    x = random.normal(0.0, np.sqrt(0.2), (lengths.max(), rows, 1)).astype(np.float32)
    said = random.integers(0, 2, rows)
    x[:3, :, 0] += (1 - 2 * said).astype(np.float32)
    x[np.arange(len(x))[:, None] >= lengths] = 0
    return Batch(x, said, lengths)


def copying(random: np.random.Generator, rows: int, lag: int) -> Batch:
    """Repeat ten symbols after a long silence: ten of 8 symbols, ``lag`` - 1 blanks, a sign to begin, ten blanks.

    Units are the 8 symbols, the blank and the sign; y [lag + 20, B] is the blank until the sign has come, then the ten
    symbols in their order.

    Arjovsky, Shah & Bengio 2016, "Unitary evolution recurrent neural networks", section 5.1.
    """
    blank, sign = ALPHABET, ALPHABET + 1
    said = random.integers(0, ALPHABET, (RECALLED, rows))
    silence = np.full((lag, rows), blank)
    silence[-1] = sign
    symbols = np.concatenate([said, silence, np.full((RECALLED, rows), blank)])
    y = np.concatenate([np.full((lag + RECALLED, rows), blank), said])
    lengths = np.full(rows, lag + 2 * RECALLED)
    return Batch(one_hot(symbols, ALPHABET + 2, lengths), y, lengths)


def one_hot(symbols: Ints, units: int, lengths: Ints) -> Floats:
    """[T, B] -> [T, B, units], one unit on for each symbol; all off from each row's length on."""
    x = np.eye(units, dtype=np.float32)[symbols]
    x[np.arange(len(x))[:, None] >= lengths] = 0
    return x
