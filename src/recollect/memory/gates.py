"""Gates: how far they stand open, which never move, and how that changes in training."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from recollect.core.errors import InputError
from recollect.memory.reading import Floats, Ints, Piece, Values, evaluating, place, time_first, traced
from recollect.memory.recording import Recording
from recollect.nn.cells import CELLS
from recollect.nn.lstm import LSTM

__all__ = ["GateHistory", "GateWatch", "Gates", "gates"]

SHUT, OPEN = 0.1, 0.9
ALWAYS = 0.99  # of the steps
WORDS = {
    "i": ("input gate", "hardly ever write", "write at every step"),
    "f": ("forget gate", "forget what they hold at every step", "keep nearly all of it at every step"),
    "o": ("output gate", "hardly ever show what they hold", "always show what they hold"),
    "r": ("reset gate", "never let the candidate see the past", "always let the candidate see the past"),
    "z": ("update gate", "replace what they hold at every step", "never take in anything new"),
}


@dataclass(frozen=True)
class Gates:
    """Where the gates of each layer and unit stand, over all steps and rows. G gates in the order of the trace.

    Attributes:
        names: G letters: i f o, or r z of the gru. The candidates g and n are no gates.
        below: [G, L, H], the share of steps at which the gate is below 0.1.
        above: [G, L, H], the share of steps at which it is above 0.9.
        histogram: [G, L, H, bins], the share of steps in each bin.
        edges: [bins + 1], from 0 to 1.
    """

    names: tuple[str, ...]
    below: Floats
    above: Floats
    histogram: Floats
    edges: Floats

    def warnings(self) -> list[str]:
        """Sentences on gates that stay shut or open at 99 % of the steps or more; none where all is well."""
        found = []
        for name, below, above in zip(self.names, self.below, self.above, strict=True):
            what, *meanings = WORDS[name]
            for stays, side, verb, meaning in (
                (below, f"below {SHUT}", "never open", meanings[0]),
                (above, f"above {OPEN}", "never close", meanings[1]),
            ):
                for layer, units in enumerate(stays >= ALWAYS):
                    if units.any():
                        found.append(
                            f"layer {layer}: {units.sum()} of {len(units)} units {verb} their {what} ({name} is {side} "
                            f"at {ALWAYS:.0%} of the steps or more): they {meaning}"
                        )
        return found


def gates(recording: Recording, *, bins: int = 20) -> Gates:
    """Count where each gate stands: the shares of steps below 0.1 and above 0.9, and in ``bins`` equal bins of [0, 1].

    Karpathy, Johnson & Li 2016, "Visualizing and understanding recurrent networks", section 4.2, call the two
    left-saturated and right-saturated. Raises InputError for the rnn cell, which has no gates.
    """
    names = _names(recording.values, recording.cell)
    found = [_tally((recording.read(name, *block) for block in recording.blocks()), bins) for name in names]
    below, above, histogram = (np.stack([gate[part] for gate in found]) for part in range(3))
    return Gates(names, below, above, histogram, np.linspace(0, 1, bins + 1))


@dataclass(frozen=True)
class GateHistory:
    """Where the gates of a layer stood in training: n looks at them.

    Attributes:
        names: G letters, as of ``Gates``.
        at: [n], the number of calls before each look: steps of training, where it is called once a step.
        below: [n, G, L, H], the share of steps of the batch at which the gate is below 0.1.
        above: [n, G, L, H], the share above 0.9.
        histogram: [n, G, L, bins], the share in each bin, all units of the layer together.
        edges: [bins + 1], from 0 to 1.
    """

    names: tuple[str, ...]
    at: Ints
    below: Floats
    above: Floats
    histogram: Floats
    edges: Floats


class GateWatch:
    """Looks at the gates of ``lstm`` on a small fixed batch ``x``, in the layer's layout, every so many calls.

        watch = GateWatch(lstm, x, every=100)
        for batch in batches:
            watch()
            ...                     # a step of training
        watch.history().histogram   # [n, G, L, bins]

    It draws no random number and leaves the layer as it is: a training with it takes the same steps to the bit.
    benchmarks/bench_memory_gates.py measures what it costs. Raises InputError for the rnn cell, which has no gates.
    """

    def __init__(self, lstm: LSTM, x: Values, *, every: int = 100, bins: int = 20, gaps: Values | None = None) -> None:
        if every < 1:
            raise InputError(f"every is {every}, and must be at least 1 call")
        self._names = _names(CELLS[lstm.cell].trace._fields, lstm.cell)
        read = time_first(lstm, x, gaps)
        self._piece = Piece(place(lstm, read.x), None if read.gaps is None else place(lstm, read.gaps))
        self._lstm, self._every, self._bins, self._calls = lstm, every, bins, 0
        self._at: list[int] = []
        self._looks: list[list[_Tally]] = []

    def __call__(self) -> None:
        """Count a call; look at the gates at the first, and at every ``every``-th after it."""
        if self._calls % self._every == 0:
            with evaluating(self._lstm):
                values, _ = traced(self._lstm, self._piece, None)
            self._looks.append([_tally([values[name].cpu().numpy()], self._bins) for name in self._names])
            self._at.append(self._calls)
        self._calls += 1

    def history(self) -> GateHistory:
        """All looks so far; InputError before the first."""
        if not self._looks:
            raise InputError("the gates have not been looked at yet: call the watch once a step")
        below, above, histogram = (
            np.array([[gate[part] for gate in look] for look in self._looks]) for part in range(3)
        )
        edges = np.linspace(0, 1, self._bins + 1)
        return GateHistory(self._names, np.array(self._at), below, above, histogram.mean(3), edges)


class _Tally(NamedTuple):
    """Shares of steps: below 0.1 [L, H], above 0.9 [L, H], and in each bin [L, H, bins]."""

    below: Floats
    above: Floats
    histogram: Floats


def _names(values: Iterable[str], cell: str) -> tuple[str, ...]:
    names = tuple(name for name in values if name in WORDS)
    if not names:
        raise InputError(f"the {cell} cell has no gates to look at")
    return names


def _tally(blocks: Iterable[Floats], bins: int) -> _Tally:
    found, steps = [], 0
    for value in blocks:  # [n, L, B, H]
        n, L, B, H = value.shape
        bin_ = np.arange(L * H).reshape(L, 1, H) * bins + np.minimum((value * bins).astype(np.int64), bins - 1)
        counts = np.bincount(bin_.ravel(), minlength=L * H * bins).reshape(L, H, bins)
        found.append(((value < SHUT).sum((0, 2)), (value > OPEN).sum((0, 2)), counts))
        steps += n * B
    return _Tally(*(sum(parts) / steps for parts in zip(*found, strict=True)))
