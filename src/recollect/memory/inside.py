"""All at once: what an LSTM keeps while it reads one row, for how long, and what of it is the season."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from recollect.core.errors import ShapeError
from recollect.core.seeds import derive_seed
from recollect.memory.events import Events, events
from recollect.memory.gates import Gates, gates
from recollect.memory.half_life import HalfLife, half_life
from recollect.memory.injection import Injection, injection
from recollect.memory.reach import Reach, reach
from recollect.memory.reading import Floats, Ints
from recollect.memory.record import record
from recollect.memory.recording import Recording
from recollect.nn.lstm import LSTM

__all__ = ["BORN_LSTM", "BORN_RNN", "OURS", "Inside", "look_inside"]

FARTHEST = 60  # steps that reach looks back
OURS, BORN_LSTM, BORN_RNN = "this LSTM, trained", "an LSTM, untrained", "a plain RNN, untrained"


@dataclass(frozen=True)
class Inside:
    """The inside of an LSTM while it reads one row of T steps. Everything is counted in its steps. L layers, H units.

    Attributes:
        recording: every gate, cell and output, [T, L, 1, H].
        half_life: for how long units keep half of what they hold, by their gates.
        measured: the same, measured on an injected difference; None where T is 1.
        events: when units wrote, kept, showed and forgot.
        gates: how far the gates stand open.
        seasonal: [L, H], the share of a cell's movement that is the place in the season, see ``look_inside``; None
            without a season, or with fewer than three of them in the record.
        reach: how far back an output depends on the input: of this LSTM, and of others to compare it with.
        warnings: sentences on gates that never move; none where all is well.
    """

    recording: Recording
    half_life: HalfLife
    measured: Injection | None
    events: Events
    gates: Gates
    seasonal: Floats | None
    reach: Mapping[str, Reach]
    warnings: tuple[str, ...]

    def newest(self, steps: int, stride: int = 1) -> dict[str, Any]:
        """The last layer over the newest ``steps``, by the names that the fields of ``report.portrait.Portrait`` have.

        Half-lives are multiplied by ``stride``: what one step of the LSTM is to be counted as.
        """
        T, half = len(self.recording), self.half_life
        first = max(0, T - steps)
        values = {name: self.recording.read(name, first, T)[:, -1, 0] for name in self.recording.values}
        before = self._before(first)
        return {
            "values": values,
            "before": before,
            "half_life": stride * np.stack([half.low[-1], half.median[-1], half.high[-1]]),
            "measured": None if self.measured is None else stride * self.measured.half_life.median[-1],
            "order": half.order[half.order[:, 0] == self.recording.shape[1] - 1, 1],
            "seasonal": None if self.seasonal is None else self.seasonal[-1],
            "reach": {name: reach.norm for name, reach in self.reach.items()},
            "warnings": self.warnings,
            "steps": T,
        }

    def _before(self, first: int) -> Floats:
        """The last layer's memory before a step, [H]."""
        if not first:
            return np.zeros(self.recording.shape[3])
        return np.asarray(self.recording.read(self.recording.memory, first - 1, first)[0, -1, 0])


def look_inside(
    lstm: LSTM, x: Floats, *, place: Ints | None = None, others: Mapping[str, LSTM] | None = None, seed: int = 0
) -> Inside:
    """Let ``lstm`` read one row ``x`` [T, I] from an empty memory, and look at everything.

    ``place`` [T] names the place of each step in a season of P places by a number; None is no season. What of a cell
    c[t] is the season is told by them:

        seasonal = 1 - (SSW / (T - P)) / (SST / (T - 1)),  not below 0

    SSW the squares about the mean of each place, SST about the mean of all: 1 for a unit that repeats each season, 0
    for one that does not know of it. Kelley 1935, "An unbiased correlation ratio measure" (epsilon squared).

    Beside the reach of ``lstm`` stand those of ``others``, by name, and of an LSTM and a plain RNN of the same size
    and activation that learnt nothing, drawn from ``seed``.

    Raises InputError for a bidirectional layer, the rnn cell, which has no gates, and an x without a step, ShapeError
    for an x that is not one row or a place that is not [T].
    """
    if x.ndim != 2:
        raise ShapeError(f"x has the shape {list(x.shape)}, and must be one row [T, I]")
    if place is not None and place.shape != x.shape[:1]:
        raise ShapeError(f"place has the shape {list(place.shape)}, and must be [{len(x)}], one for each step of x")
    recording = record(lstm, x)
    seen = gates(recording)
    return Inside(
        recording,
        half_life(recording),
        injection(lstm, x, recording) if len(x) > 1 else None,
        events(recording),
        seen,
        None if place is None else _seasonal(recording, place),
        _reaches(lstm, x, others or {}, seed),
        tuple(seen.warnings()),
    )


def _seasonal(recording: Recording, place: Ints) -> Floats | None:
    names, place = np.unique(place, return_inverse=True)
    T, P = len(recording), len(names)
    if P < 2 or T < 3 * P:
        return None
    c = recording.read(recording.memory, 0, T)[:, :, 0]
    means = np.stack([c[place == p].mean(0) for p in range(P)])
    within, whole = ((c - means[place]) ** 2).sum(0) / (T - P), ((c - c.mean(0)) ** 2).sum(0) / (T - 1)
    return np.where(whole > 0, np.maximum(1 - within / np.where(whole > 0, whole, 1), 0), 0)


def _reaches(lstm: LSTM, x: Floats, others: Mapping[str, LSTM], seed: int) -> dict[str, Reach]:
    steps, layers = min(FARTHEST, len(x) // 2), {OURS: lstm, **others}
    with torch.random.fork_rng(devices=[]):  # a layer draws from torch's own generator when it is made
        for name, cell in ((BORN_LSTM, "lstm"), (BORN_RNN, "rnn")):
            form = lstm.input_size, lstm.hidden_size, lstm.num_layers
            layers[name] = LSTM(*form, cell=cell, activation=lstm.activation)
            layers[name].reset_parameters(torch.Generator().manual_seed(derive_seed(seed, "memory", cell)))
    return {name: reach(layer, x, steps=steps) for name, layer in layers.items()}
