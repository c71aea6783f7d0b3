"""One step of one unit as a comic strip: forget, store, output, with the numbers that it really had."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from recollect.report.canvas import COLOURS, INK, OURS, house_style, time_axis
from recollect.report.portrait import Portrait

__all__ = ["step_figure"]

OLD, NEW, KEPT, SHOWN = "#999999", COLOURS[1], OURS, COLOURS[2]
Bar = tuple[str, float, float, str]  # what it is, where it begins, how long it is, its colour


def step_figure(portrait: Portrait, unit: int, step: int) -> Figure:
    """What happened in ``unit`` at ``step`` of the portrait, act by act:

    c[t] = f c[t-1] + i g,   h[t] = o tanh(c[t])        or relu in place of tanh
    """
    i, f, g, o, c, h = (float(portrait.values[name][step, unit]) for name in "ifgoch")
    before = float(portrait.before[unit] if step == 0 else portrait.values["c"][step - 1, unit])
    squashed = float(portrait.squashed(np.array(c)))
    acts = (
        ("1  Forget", f"The forget gate stands at f = {f:.2f}:\nof {before:.2f} the cell keeps {f * before:.2f}.",
         (("before", 0.0, before, OLD), ("\N{MULTIPLICATION SIGN} f: kept", 0.0, f * before, KEPT))),
        ("2  Store", f"The candidate is g = {g:.2f}, the input gate\nstands at i = {i:.2f}: {i * g:+.2f} is written.",
         (("kept", 0.0, f * before, KEPT), ("+ i g", f * before, i * g, NEW), ("now", 0.0, c, INK))),
        ("3  Output", f"By {portrait.activation}, the cell is {squashed:.2f}. The output\n"
         f"gate stands at o = {o:.2f}: it shows {h:.2f}.",
         ((f"{portrait.activation}(c)", 0.0, squashed, INK), ("\N{MULTIPLICATION SIGN} o: shown", 0.0, h, SHOWN))),
    )  # fmt: skip
    with house_style():
        figure = Figure(figsize=(9.6, 5.4))
        above, below = figure.subfigures(2, 1, squeeze=False, height_ratios=(1, 2))[:, 0]
        _context(above.subplots(), portrait, unit, step)
        for axes, (title, said, bars) in zip(below.subplots(1, 3), acts, strict=True):
            _act(axes, title, said, bars)
    return figure


def _context(axes: Axes, portrait: Portrait, unit: int, step: int) -> None:
    """The unit's cell over time, and where in it the step lies."""
    c = portrait.values["c"][:, unit]
    axes.plot(portrait.times, c, color=INK, lw=1)
    axes.plot(portrait.times[step], c[step], "o", color=COLOURS[4], ms=7)
    lasting = portrait.lasting(float(portrait.half_life[1, unit]))
    axes.set_title(
        f"Unit {unit} (half-life: {lasting}): its cell over time. The dot is {portrait.when(step)}, shown below."
    )
    axes.set_ylabel("cell c")
    time_axis(axes, portrait.times)
    axes.set_xlabel("" if np.issubdtype(portrait.times.dtype, np.datetime64) else "step")


def _act(axes: Axes, title: str, said: str, bars: Sequence[Bar]) -> None:
    ends = [begin + size for _, begin, size, _ in bars]
    reach = max(abs(value) for value in [*ends, 1e-6])
    for place, (_, begin, size, colour) in enumerate(bars):
        axes.bar(place, size, bottom=begin, width=0.62, color=colour)
        end = begin + size
        axes.annotate(
            f"{size:+.2f}" if begin else f"{size:.2f}", (place, end), (0, 4 if size >= 0 else -4),
            textcoords="offset points", ha="center", va="bottom" if size >= 0 else "top", fontweight="bold",
        )  # fmt: skip
        if place + 1 < len(bars) and bars[place + 1][1]:
            axes.plot([place - 0.31, place + 1.31], [end, end], color=INK, lw=0.6, ls=":")
    axes.axhline(0, color=INK, lw=0.8)
    axes.set_xlim(-0.6, 2.6)
    axes.set_xticks(range(len(bars)), [name for name, *_ in bars])
    low, high = min(0.0, *ends), max(0.0, *ends)
    axes.set_ylim(low - 0.18 * reach * (low < 0), high + 0.18 * reach * (high > 0 or low == 0))
    axes.grid(axis="x", visible=False)
    axes.set_title(title, pad=40)
    axes.annotate(said, (0, 1), (0, 6), xycoords="axes fraction", textcoords="offset points", va="bottom", fontsize=8.5)
