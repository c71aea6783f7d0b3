"""What a forecaster's LSTM keeps while it reads a series, for how long, and what of it is the season."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from recollect.core.errors import InputError
from recollect.data.panel import Panel
from recollect.memory import Inside
from recollect.memory import look_inside as look_inside_layer
from recollect.tasks.forecast.model import Model

__all__ = ["Memory", "look_inside"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_STEPS = 2000  # of the LSTM, the newest


@dataclass(frozen=True)
class Memory(Inside):
    """The inside of a forecaster's LSTM while it reads one series: T steps, each ``stride`` steps of the series.

    What ``recollect.memory.Inside`` holds is counted in steps of the LSTM; ``stride`` times as many are steps of the
    series. There is nothing seasonal where no season spans several LSTM steps.

    Attributes:
        series: the series' name, and its ``place`` in the panel.
        stride: p, the steps of the series from one LSTM step to the next.
        season: m, in steps of the series; 1 is none.
        reads: S p, the steps of the series that the LSTM strides over before a forecast, from an empty memory.
        panel: the data that were read.
        origins: [T], the steps of the series that are known at each LSTM step.
    """

    series: str
    place: int
    stride: int
    season: int
    reads: int
    panel: Panel
    origins: Ints


def look_inside(model: Model, panel: Panel, series: str | None = None) -> Memory:
    """Let the first network of ``model`` read a series of ``panel`` from its first full window on, and watch.

    The state is carried from step to step, as ``Forecaster.update`` carries it; with a lookback only the last row of
    strides is read. ``series`` names the series, by default the longest; of a long one the newest 2,000 LSTM steps are
    read. Their places in the season are those of their origins, P = m / p of them.

    Raises InputError for a series that is not there and DataError as ``Model.check``.
    """
    model.check(panel)
    place, g = _place(panel, series), model.geometry
    x, origins = _inputs(model, panel, place)
    phase = None if g.season % g.stride else np.arange(len(x)) % (g.season // g.stride)
    inside = look_inside_layer(model.networks[0].lstm, x, place=phase, seed=model.settings.seed)
    return Memory(
        **vars(inside), series=panel.names[place], place=place, stride=g.stride, season=g.season,
        reads=g.steps * g.stride, panel=panel, origins=origins,
    )  # fmt: skip


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
