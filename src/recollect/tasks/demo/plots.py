"""The demo's pictures."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from recollect.report.canvas import COLOURS, INK, OURS, house_style
from recollect.tasks.demo.data import TRAINING, VALIDATION, WINDOW, Floats, Series
from recollect.train.record import Record

__all__ = ["continuation", "gates", "held_out", "learning", "overview"]

BASELINE = COLOURS[1]
SHOWN = 150  # points of the past beside the continuation
# The pictures say where their axes stand: to find it would be half of the drawing.
GATES = {
    "i": "input gate i: what to write",
    "f": "forget gate f: what to keep",
    "g": "candidate g: what might be written",
    "o": "output gate o: what to show",
}


def overview(series: Series) -> Figure:
    """The series, the three parts of its split, and one window with its target."""
    with house_style():
        figure = Figure(figsize=(8, 2.8))
        figure.set_layout_engine("none")
        axes = figure.add_axes((0.08, 0.27, 0.9, 0.63))
        ends = (0, TRAINING, VALIDATION, len(series.values))
        names = ("training: the weights learn", "validation", "held out")
        for begin, end, name, colour in zip(ends, ends[1:], names, COLOURS, strict=False):
            axes.plot(np.arange(begin, end), series.values[begin:end], color=colour, lw=0.8, label=name)
        axes.axvspan(0, WINDOW - 0.5, color="#DDDDDD", lw=0)
        axes.plot(WINDOW, series.values[WINDOW], "o", color=INK, ms=4, label="the first window's target")
        axes.set(title=f"The series: {series.about}", xlabel="step", ylabel="value", xlim=(-5, ends[-1] + 5))
        figure.legend(loc="lower center", ncols=4)
    return figure


def held_out(series: Series, predicted: Floats, seasonal: Floats) -> Figure:
    """What the network said of each held-out point from the 50 before it, and how far off it was."""
    time, truth = np.arange(VALIDATION, len(series.values)), series.values[VALIDATION:]
    with house_style():
        figure = Figure(figsize=(8, 4))
        figure.set_layout_engine("none")
        places = {"left": 0.09, "right": 0.74, "bottom": 0.12, "top": 0.93, "hspace": 0.25}
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2), gridspec_kw=places)
        upper.plot(time, truth, "o", color=INK, ms=3, label="observed")
        upper.plot(time, predicted, color=OURS, label="LSTM, one step ahead")
        upper.set(title="The held-out part, each point predicted from the 50 before it", ylabel="value")
        lower.plot(time, seasonal - truth, color=BASELINE, lw=0.8, label=f"value {series.season} steps before")
        lower.plot(time, predicted - truth, color=OURS, label="LSTM")
        lower.set(title="Its errors", xlabel="step", ylabel="predicted - observed")
        for axes in (upper, lower):
            axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def continuation(series: Series, paths: Floats) -> Figure:
    """The end of the series and, from its very next step on, what may follow: the network's own path and intervals.

    Below the same, less the network's own path, since the intervals may be thinner than the line that shows it.
    """
    past = np.arange(len(series.values) - SHOWN, len(series.values))
    time = len(series.values) + np.arange(paths.shape[1])
    future = series.future[: len(time)]
    with house_style():
        figure = Figure(figsize=(8, 5))
        figure.set_layout_engine("none")
        places = {"left": 0.09, "right": 0.98, "bottom": 0.2, "top": 0.94, "hspace": 0.2}
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2), gridspec_kw=places)
        for axes, origin in ((upper, np.zeros(len(time))), (lower, paths[0])):
            for level, shade in ((95, 0.18), (80, 0.35)):
                low, high = np.percentile(paths, (50 - level / 2, 50 + level / 2), axis=0) - origin
                axes.fill_between(
                    time, low, high, color=OURS, alpha=shade, lw=0, label=f"{level} % of {len(paths)} paths"
                )
            axes.plot(time, paths[0] - origin, color=OURS, lw=1, label="LSTM, on its own")
            axes.plot(time, future - origin, ":", color=INK, lw=1, label="what really follows (never seen)")
        upper.plot(past, series.values[past], color=INK, lw=1, label="observed")
        upper.set(title=f"{len(time)} steps on its own: each prediction is the next step's input", ylabel="value")
        lower.set(title="The same, less the LSTM's own path", xlabel="step", ylabel="difference")
        figure.legend(*upper.get_legend_handles_labels(), loc="lower center", ncols=3)
    return figure


def learning(record: Record) -> Figure:
    """The loss after each epoch, training and validation, and the epoch whose weights were kept."""
    epochs, values = zip(*record.validations, strict=True)
    with house_style():
        figure = Figure(figsize=(6, 3))
        figure.set_layout_engine("none")
        axes = figure.add_axes((0.12, 0.17, 0.85, 0.73))
        axes.plot(
            np.arange(1, record.epochs + 1), record.losses, "o-", ms=3, color=OURS, label="training, mean of the epoch"
        )
        axes.plot(epochs, values, "o-", ms=3, color=BASELINE, label="validation, at its end")
        axes.axvline(record.best_epoch, color=INK, ls=":", lw=1, label="weights kept")
        axes.set(title="Learning", xlabel="epoch (0 = untrained)", ylabel="squared error", yscale="log")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.legend()
    return figure


def gates(window: Floats, trace: dict[str, Floats]) -> Figure:
    """The four gates of every unit while the last window is read; units that forget most stand at the top."""
    order = np.argsort(trace["f"].mean(axis=0))
    begin = 1000 - WINDOW
    with house_style():
        figure = Figure(figsize=(8, 6))
        figure.set_layout_engine("none")
        axes = figure.add_axes((0.08, 0.83, 0.78, 0.13))
        axes.plot(np.arange(begin, begin + WINDOW), window, "o-", ms=2.5, lw=1, color=INK)
        axes.set(title="The last window, as the network reads it", ylabel="value", xlim=(begin - 0.5, begin + WINDOW))
        places = {"left": 0.08, "right": 0.86, "bottom": 0.08, "top": 0.73, "hspace": 0.17, "wspace": 0.08}
        panels = figure.subplots(2, 2, sharex=True, sharey=True, gridspec_kw=places)
        for axes, (name, title) in zip(panels.flat, GATES.items(), strict=True):
            values = trace[name][:, order].T
            bound = max(1.0, float(np.abs(values).max())) if name == "g" else 1.0
            low, colours = (-bound, "RdBu_r") if name == "g" else (0.0, "viridis")
            extent = (begin - 0.5, begin + WINDOW - 0.5, len(values), 0)
            image = axes.imshow(
                values, aspect="auto", cmap=colours, vmin=low, vmax=bound, extent=extent, interpolation="nearest"
            )
            axes.set_title(title)
            axes.grid(False)
            if name in "go":
                label, bottom = {"g": ("candidate g", 0.43), "o": ("gates i, f, o", 0.08)}[name]
                figure.colorbar(image, cax=figure.add_axes((0.88, bottom, 0.02, 0.3)), label=label)
        for axes in panels[:, 0]:
            axes.set_ylabel("unit")
        for axes in panels[1]:
            axes.set_xlabel("step")
    return figure
