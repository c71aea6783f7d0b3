"""What a forecaster's LSTM keeps while it reads a series, for how long, and what of it is the season."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from recollect.core.errors import InputError
from recollect.core.seeds import derive_seed
from recollect.data.panel import Panel
from recollect.memory import (
    Events,
    Gates,
    HalfLife,
    Injection,
    Reach,
    Recording,
    events,
    gates,
    half_life,
    injection,
    record,
)
from recollect.memory import reach as reach_of
from recollect.nn import LSTM
from recollect.tasks.forecast.model import Model

__all__ = ["BORN_LSTM", "BORN_RNN", "OURS", "Memory", "look_inside"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_STEPS = 2000  # of the LSTM, the newest
FARTHEST = 60  # of its steps that reach looks back
OURS, BORN_LSTM, BORN_RNN = "this LSTM, trained", "an LSTM, untrained", "a plain RNN, untrained"


@dataclass(frozen=True)
class Memory:
    """The inside of a forecaster's LSTM while it reads one series: T steps, each ``stride`` steps of the series.

    Everything is counted in steps of the LSTM; ``stride`` times as many are steps of the series. L layers, H units.

    Attributes:
        series: the series' name, and its ``place`` in the panel.
        stride: p, the steps of the series from one LSTM step to the next.
        season: m, in steps of the series; 1 is none.
        reads: S p, the steps of the series that the LSTM strides over before a forecast, from an empty memory.
        panel: the data that were read.
        origins: [T], the steps of the series that are known at each LSTM step.
        recording: every gate, cell and output, [T, L, 1, H].
        half_life: for how long units keep half of what they hold, by their gates.
        measured: the same, measured on an injected difference; None where T is 1.
        events: when units wrote, kept, showed and forgot.
        gates: how far the gates stand open.
        seasonal: [L, H], the share of a cell's movement that is the place in the season, see ``look_inside``; None
            without a season that spans several LSTM steps, or with fewer than three of them in the record.
        reach: how far back an output depends on the input: of this LSTM, and of two that learnt nothing.
        warnings: sentences on gates that never move; none where all is well.
    """

    series: str
    place: int
    stride: int
    season: int
    reads: int
    panel: Panel
    origins: Ints
    recording: Recording
    half_life: HalfLife
    measured: Injection | None
    events: Events
    gates: Gates
    seasonal: Floats | None
    reach: Mapping[str, Reach]
    warnings: tuple[str, ...]


def look_inside(model: Model, panel: Panel, series: str | None = None) -> Memory:
    """Let the first network of ``model`` read a series of ``panel`` from its first full window on, and watch.

    The state is carried from step to step, as ``Forecaster.update`` carries it; with a lookback only the last row of
    strides is read. ``series`` names the series, by default the longest; of a long one the newest 2,000 LSTM steps are
    read. What of a cell c[t] is the season is told by the P = m / p places in it:

        seasonal = 1 - (SSW / (T - P)) / (SST / (T - 1)),  not below 0

    SSW the squares about the mean of each place, SST about the mean of all: 1 for a unit that repeats each season, 0
    for one that does not know of it. Kelley 1935, "An unbiased correlation ratio measure" (epsilon squared).

    Raises InputError for a series that is not there and DataError as ``Model.check``.
    """
    model.check(panel)
    place, lstm = _place(panel, series), model.networks[0].lstm
    x, origins = _inputs(model, panel, place)
    recording = record(lstm, x)
    measured = injection(lstm, x, recording) if len(x) > 1 else None
    seen = gates(recording)
    return Memory(
        panel.names[place],
        place,
        model.geometry.stride,
        model.geometry.season,
        model.geometry.steps * model.geometry.stride,
        panel,
        origins,
        recording,
        half_life(recording),
        measured,
        events(recording),
        seen,
        _seasonal(recording, model.geometry.season, model.geometry.stride),
        _reaches(lstm, x, model.settings.seed),
        tuple(seen.warnings()),
    )


def _place(panel: Panel, series: str | None) -> int:
    if series is None:
        return int(np.argmax(panel.ends))
    if series not in panel.names:
        known = ", ".join(panel.names[:5]) + (" and so on" if len(panel) > 5 else "")
        have = f"among the {len(panel):,} of the data: {known}" if known else "in data that hold a single one, unnamed"
        raise InputError(f"there is no series {series!r} {have}")
    return panel.names.index(series)


def _inputs(model: Model, panel: Panel, place: int) -> tuple[Floats, Ints]:
    """What the LSTM reads, [T, I], and how many steps of the series are known at each of its T steps."""
    g, end = model.geometry, int(panel.ends[place])
    steps = g.steps if g.lookback is not None else min(MOST_STEPS, max(1, 1 + (end - g.window) // g.stride))
    # Lags serve the naive forecasts, which the LSTM does not read: without them no old values are asked for.
    windows = replace(model, geometry=replace(g, steps=steps, lags=(1,))).windows(panel, panel.ends)
    batch = windows.batch(np.array([place]), panel.ends[[place]])
    with torch.no_grad():
        x = model.networks[0].inputs(batch)[0]
    return x.numpy(), end - g.stride * np.arange(steps - 1, -1, -1)


def _seasonal(recording: Recording, season: int, stride: int) -> Floats | None:
    T, P = len(recording), season // stride
    if season % stride or P < 2 or T < 3 * P:
        return None
    c = recording.read(recording.memory, 0, T)[:, :, 0]
    place = np.arange(T) % P
    means = np.stack([c[place == p].mean(0) for p in range(P)])
    within, whole = ((c - means[place]) ** 2).sum(0) / (T - P), ((c - c.mean(0)) ** 2).sum(0) / (T - 1)
    return np.where(whole > 0, np.maximum(1 - within / np.where(whole > 0, whole, 1), 0), 0)


def _reaches(lstm: LSTM, x: Floats, seed: int) -> dict[str, Reach]:
    steps = min(FARTHEST, len(x) // 2)
    layers = {OURS: lstm}
    with torch.random.fork_rng(devices=[]):  # a layer draws from torch's own generator when it is made
        for name, cell in ((BORN_LSTM, "lstm"), (BORN_RNN, "rnn")):
            layers[name] = LSTM(lstm.input_size, lstm.hidden_size, lstm.num_layers, cell=cell)
            layers[name].reset_parameters(torch.Generator().manual_seed(derive_seed(seed, "memory", cell)))
    return {name: reach_of(layer, x, steps=steps) for name, layer in layers.items()}
