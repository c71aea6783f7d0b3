"""The laboratory's picture: what each cell reaches, against the lag."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullLocator

from recollect.report.canvas import COLOURS, INK, house_style
from recollect.tasks.laboratory.problems import TASKS
from recollect.tasks.laboratory.results import Result

__all__ = ["LOOKS", "success"]

GREY = "#888888"
# A colour and a mark of its own for each cell: with either alone they are told apart.
LOOKS = {
    "lstm": (COLOURS[0], "o"),
    "gru": (COLOURS[4], "s"),
    "peephole": (COLOURS[2], "^"),
    "coupled": (COLOURS[3], "v"),
    "layernorm": (COLOURS[5], "D"),
    "decay": (COLOURS[1], "P"),
    "rnn": (INK, "X"),
}
PER_ROW, APART = 3, 0.055  # of the panels; of the cells at one lag, in shares of a lag


def success(results: Sequence[Result]) -> Figure:
    """A panel for each task: the measure of each seed, and the line of each cell's median, against the lag.

    Cells stand side by side at each lag, so that equal values are all seen. ``results`` are at least one.
    """
    tasks = [task for task in TASKS if any(one.case.task == task for one in results)]
    cells = [cell for cell in LOOKS if any(one.case.cell == cell for one in results)]
    columns = min(PER_ROW, len(tasks))
    rows = -(-len(tasks) // columns)
    with house_style():
        figure = Figure(figsize=(max(3.3 * columns, 5.4), 2.75 * rows + 0.5))
        grid = list(figure.subplots(rows, columns, squeeze=False).ravel())
        for axes, task in zip(grid, tasks, strict=False):
            _panel(axes, task, [one for one in results if one.case.task == task], cells)
        for axes in grid[len(tasks) :]:
            axes.remove()
        lines = [_line(cell) for cell in cells]
        lines += [Line2D([], [], color=GREY, ls="--", lw=1, label="without memory")]
        lines += [Line2D([], [], color=GREY, ls=":", lw=1, label="solved below")]
        figure.legend(handles=lines, loc="outside lower center", ncols=min(len(lines), 2 + columns))
    return figure


def _panel(axes: Axes, task: str, results: Sequence[Result], cells: Sequence[str]) -> None:
    lags = sorted({one.case.lag for one in results})
    beside = np.array([[lag / 1.25, lag * 1.25] for lag in lags]).ravel()  # level where the cells of a lag stand
    for line, value in (("--", TASKS[task].chance), (":", TASKS[task].bar)):
        axes.plot(beside, np.repeat([value(lag) for lag in lags], 2), line, color=GREY, lw=1, zorder=1)
    for place, cell in enumerate(cells):
        shift = 1 + APART * (place - (len(cells) - 1) / 2)
        found = {lag: [one.measure for one in results if one.case[1:3] == (cell, lag)] for lag in lags}
        there = [lag for lag in lags if found[lag]]
        colour, mark = LOOKS[cell]
        for lag in there:
            axes.plot([lag * shift] * len(found[lag]), found[lag], mark, color=colour, ms=5, mew=0, alpha=0.5, zorder=2)
        medians = [float(np.median(found[lag])) for lag in there]
        axes.plot([lag * shift for lag in there], medians, color=colour, lw=1.4, zorder=3)
    top = max(max(one.measure, one.chance) for one in results)
    axes.set(xscale="log", xlabel=f"lag: {TASKS[task].means}", ylabel=TASKS[task].measure, title=TASKS[task].title)
    axes.set_ylim(-0.04 * top, 1.12 * top)
    axes.set_xticks(lags)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda lag, _: f"{lag:g}"))
    axes.xaxis.set_minor_locator(NullLocator())


def _line(cell: str) -> Line2D:
    colour, mark = LOOKS[cell]
    return Line2D([], [], color=colour, marker=mark, ms=4, lw=1.4, label=cell)
