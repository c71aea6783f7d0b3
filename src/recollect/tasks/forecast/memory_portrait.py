"""What was seen inside a forecaster's LSTM, in the unit of its series, for the pictures and the page."""

from __future__ import annotations

import numpy as np

from recollect.report.portrait import SHOWN, Portrait
from recollect.tasks.forecast.memory import Memory
from recollect.tasks.forecast.plots import times_of

__all__ = ["portrait"]


def portrait(memory: Memory) -> Portrait:
    """The last layer of the LSTM over its newest 240 steps, in the unit of the series."""
    panel, place, clock = memory.panel, memory.place, memory.panel.clock
    origins = memory.origins[-SHOWN:]
    shown = np.arange(max(0, int(origins[0]) - memory.stride), int(origins[-1]))
    return Portrait(
        name=_name(memory),
        series_times=times_of(clock, panel.starts[place] + shown),
        series=panel.history(place)[shown],
        times=times_of(clock, panel.starts[place] + origins - 1),
        **memory.newest(SHOWN, memory.stride),
        span=memory.stride,
        season=memory.season,
        reads=memory.reads,
        what=clock.unit if clock.multiple == 1 else f"steps of {clock.label}",
    )


def _name(memory: Memory) -> str:
    schema = memory.panel.schema
    if schema.wide:
        return memory.series
    return schema.target if schema.series is None else f"{schema.target} of {memory.series}"
