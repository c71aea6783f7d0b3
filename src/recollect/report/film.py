"""A strip of pictures from a training: what each unit does with the same input, from untrained to trained."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from recollect.report.canvas import INK, OURS, house_style
from recollect.report.portrait import Floats, Strip

__all__ = ["film_figure"]

MOST = 8  # moments side by side


def film_figure(film: Strip) -> Figure:
    """A column for each of at most eight moments, a row of the picture for each unit, in the same order throughout:

    the forget gate, the cell as a share of the unit's largest at any moment, and the half-life ln(1/2) / mean(ln f),
    by which the units are sorted at the last moment.
    """
    n, H = len(film.at), film.f.shape[2]
    shown = np.unique(np.linspace(0, n - 1, min(n, MOST)).round().astype(int))
    halves = np.log(2) / -np.log(np.clip(film.f[shown], 1e-9, 1 - 1e-9)).mean(1)
    order = np.argsort(halves[-1], kind="stable")
    cells = film.c[shown] / np.maximum(np.abs(film.c[shown]).max((0, 1)), 1e-9)
    with house_style():
        figure = Figure(figsize=(9.6, 7.4))
        panels = figure.subplots(
            4, len(shown), sharex="row", sharey="row", squeeze=False, height_ratios=(0.45, 1.2, 1.2, 1.2)
        )
        for k, (read, forget, cell, half) in enumerate(panels.T):
            read.plot(film.read, color=INK, lw=0.9)
            read.set_title(film.at[shown[k]], fontsize=8.5)
            _ribbon(forget, film.f[shown[k]][:, order], "cividis", 0, 1)
            _ribbon(cell, cells[k][:, order], "PuOr_r", -1, 1)
            half.plot(halves[k][order], np.arange(H) + 0.5, ".", color=OURS, ms=3)
        _axes(panels, film, halves)
        for row, colours, low, high, words in (
            (1, "cividis", 0.0, 1.0, ("0 forgets", "0.5", "1 keeps")),
            (2, "PuOr_r", -1.0, 1.0, ("-1", "0", "1 its largest")),
        ):
            bar = figure.colorbar(ScalarMappable(Normalize(low, high), colours), ax=panels[row], pad=0.01, aspect=12)
            bar.set_ticks([low, (low + high) / 2, high], labels=words)
        figure.suptitle(
            f"The same {len(film.read)} inputs, read at moments of the training: what {H} units keep and hold",
            x=0.01, ha="left", fontsize=10, fontweight="bold",
        )  # fmt: skip
    return figure


def _ribbon(axes: Axes, values: Floats, colours: str, low: float, high: float) -> None:
    T, H = values.shape
    axes.imshow(
        values.T, aspect="auto", cmap=colours, vmin=low, vmax=high, extent=(-0.5, T - 0.5, H, 0),
        interpolation="nearest",
    )  # fmt: skip
    axes.grid(False)


def _axes(panels: np.ndarray, film: Strip, halves: Floats) -> None:
    H = film.f.shape[2]
    ends = float(halves.min()), float(halves.max())
    for axes, what in zip(panels[:, 0], ("read", "forget gate f", "cell c", "half-life"), strict=True):
        axes.set_ylabel(what if what == "read" else f"{what}\nunits, keepers at the foot")
    for axes in panels[1:3].flat:
        axes.set_yticks([])
    for axes in panels[:3].flat:
        axes.set_xticks([0, len(film.read) - 1])
    for axes in panels[3]:
        axes.set(xscale="log", xlim=(0.8 * ends[0], 1.25 * ends[1]), ylim=(H, 0), yticks=[])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xticks(ends, [f"{end:.2g}" for end in ends])
    middle = panels.shape[1] // 2
    panels[2, middle].set_xlabel("step of the input")
    panels[3, middle].set_xlabel("half-life in steps: shortest and longest of all, on a scale of logarithms")
