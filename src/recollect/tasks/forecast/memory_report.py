"""What was seen inside a forecaster's LSTM, as pictures, sentences and a page."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from recollect.report.inside import half_life_figure, reach_figure, ribbon_figure
from recollect.report.portrait import Portrait
from recollect.report.step import step_figure
from recollect.tasks.forecast.memory import OURS, Memory
from recollect.tasks.forecast.plots import times_of

__all__ = ["pictures", "portrait", "sentences"]

SHOWN = 240  # LSTM steps, the newest
MOSTLY = 0.5  # of a cell's movement


def portrait(memory: Memory) -> Portrait:
    """The last layer of the LSTM over its newest 240 steps, in the unit of the series."""
    panel, place, clock = memory.panel, memory.place, memory.panel.clock
    T = len(memory.recording)
    first = max(0, T - SHOWN)
    last_layer = memory.half_life.order[:, 0] == memory.recording.shape[1] - 1
    begin = max(0, int(memory.origins[first]) - memory.stride)
    shown = np.arange(begin, int(memory.origins[-1]))
    values = {name: memory.recording.read(name, first, T)[:, -1, 0] for name in memory.recording.values}
    half = memory.half_life
    return Portrait(
        name=_name(memory),
        series_times=times_of(clock, panel.starts[place] + shown),
        series=panel.history(place)[shown],
        times=times_of(clock, panel.starts[place] + memory.origins[first:] - 1),
        values=values,
        before=memory.recording.read("c", first - 1, first)[0, -1, 0] if first else np.zeros_like(values["c"][0]),
        half_life=memory.stride * np.stack([half.low[-1], half.median[-1], half.high[-1]]),
        order=half.order[last_layer, 1],
        seasonal=None if memory.seasonal is None else memory.seasonal[-1],
        span=memory.stride,
        season=memory.season,
        reads=memory.reads,
        what=clock.unit if clock.multiple == 1 else f"steps of {clock.label}",
    )


def _name(memory: Memory) -> str:
    target = memory.panel.schema.target
    return f"{target} of {memory.series}" if len(memory.panel) > 1 else target


def typical(shown: Portrait) -> tuple[int, int]:
    """A unit and a step to look at: where most is kept, written and shown all at once, in a unit of the season."""
    v = shown.values
    before = np.concatenate([shown.before[None], v["c"][:-1]])
    much = np.minimum(np.minimum(np.abs(v["f"] * before), np.abs(v["i"] * v["g"])), np.abs(v["h"]))
    if shown.seasonal is not None and (shown.seasonal >= MOSTLY).any():
        much = np.where(shown.seasonal >= MOSTLY, much, -1)
    step, unit = np.unravel_index(np.argmax(much), much.shape)
    return int(unit), int(step)


def pictures(memory: Memory) -> dict[str, Figure]:
    """The pictures by the names of their files."""
    shown = portrait(memory)
    curves = {name: reach.norm for name, reach in memory.reach.items()}
    return {
        "half_lives": half_life_figure(shown),
        "ribbon": ribbon_figure(shown),
        "step": step_figure(shown, *typical(shown)),
        "reach": reach_figure(curves, shown.span, shown.plural),
    }


def sentences(memory: Memory) -> Iterator[str]:
    """What the pictures show, in words: who keeps for how long, who follows the season, how far back it matters."""
    shown = portrait(memory)
    low, middle, high = (shown.lasting(float(value)) for value in _quartiles(shown.half_life[1]))
    yield (
        f"Of {len(shown.order)} units, a quarter lose half of what they hold within {low}, half of them within "
        f"{middle}, and the last quarter keep it for more than {high}."
    )
    if shown.seasonal is not None:
        yield _season(shown, shown.seasonal)
    norm = memory.reach[OURS].norm
    faint = np.flatnonzero(norm < 0.1 * norm[0])
    if faint.size:
        yield (
            f"What the LSTM gives depends on an input {shown.lasting(float(faint[0]) * shown.span)} old less than a "
            "tenth as strongly as on the newest one."
        )


def _season(shown: Portrait, seasonal: NDArray[np.float64]) -> str:
    mostly = seasonal >= MOSTLY
    count, season = int(mostly.sum()), shown.lasting(shown.season)
    if not count:
        return f"No unit's cell mostly follows the season of {season}."
    half = shown.lasting(float(_quartiles(shown.half_life[1, mostly])[1]))
    best = ", ".join(map(str, np.argsort(-seasonal, kind="stable")[: min(5, count)]))
    return (
        f"{count} units mostly follow the season of {season} (most of all {best}); by their gates they keep half of "
        f"what they hold for {half}, the middle of them."
    )


def _quartiles(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quartiles of values that may be infinite: each a value that is there."""
    return np.quantile(values, (0.25, 0.5, 0.75), method="inverted_cdf")
