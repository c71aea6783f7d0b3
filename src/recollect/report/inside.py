"""Pictures of what a layer remembers: the gate ribbon, half-lives, reach, and one step in three acts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.dates import date2num
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from recollect.report.canvas import COLOURS, INK, OURS, draw_line, house_style, time_axis
from recollect.report.portrait import Portrait

__all__ = ["half_life_figure", "reach_figure", "ribbon_figure"]

Floats = npt.NDArray[np.floating[Any]]

RIBBONS = {
    "i": "input gate i: does the unit write?",
    "f": "forget gate f: does it keep what it holds?",
    "o": "output gate o: does it show what it holds?",
    "c": "cell c: what it holds, each unit as a share of its largest",
}
MOST_NAMES = 128  # units whose numbers can be read below an axis
QUIET = "#777777"


def ribbon_figure(portrait: Portrait) -> Figure:
    """The series or text above; below it i, f, o and c of every unit, sprinters at the top, keepers at the bottom."""
    above = 0.2 if portrait.letters else 1.1
    with house_style():
        figure = Figure(figsize=(9.6, 9.2))
        top, *panels = figure.subplots(5, 1, sharex=True, height_ratios=(above, 1, 1, 1, 1))
        _draw_read(top, portrait)
        left, right = _edges(portrait)
        for axes, (name, title) in zip(panels, RIBBONS.items(), strict=True):
            values = portrait.values[name][:, portrait.order].T
            if name == "c":
                values = values / np.maximum(np.abs(values).max(1, keepdims=True), 1e-9)
            low, colours = (-1.0, "PuOr_r") if name == "c" else (0.0, "cividis")
            image = axes.imshow(
                values, aspect="auto", cmap=colours, vmin=low, vmax=1, interpolation="nearest",
                extent=(left, right, len(values), 0),
            )  # fmt: skip
            axes.set(title=title, xlim=(left, right))
            axes.grid(False)
            _half_life_ticks(axes, portrait)
            if name in "oc":
                sharing = panels[:3] if name == "o" else [axes]
                bar = figure.colorbar(image, ax=sharing, pad=0.01, aspect=14 * len(sharing), fraction=0.05)
                bar.set_ticks([0, 0.5, 1] if name == "o" else [-1, 0, 1])
                bar.set_ticklabels(["0\nshut", "0.5", "1\nopen"] if name == "o" else ["-1", "0", "1"])
        time_axis(panels[-1], portrait.times)
        if portrait.letters:
            panels[-1].set_xlabel(portrait.what)
        figure.supylabel(f"units, by their half-life in {portrait.plural}", fontsize=9)
    return figure


def _draw_read(axes: Axes, portrait: Portrait) -> None:
    axes.set_title(f"What the LSTM read: {portrait.name}")
    if not portrait.letters:
        draw_line(axes, portrait.series_times, np.asarray(portrait.series, np.float64), INK, "")
        axes.set_ylabel("value")
        return
    for at, letter in zip(portrait.times, portrait.letters, strict=True):
        shown = letter.replace("\n", "\N{DOWNWARDS ARROW WITH CORNER LEFTWARDS}")
        axes.text(float(at), 0.5, shown, ha="center", va="center", family="monospace", fontsize=8)
    axes.set_yticks([])
    axes.grid(False)


def half_life_figure(portrait: Portrait) -> Figure:
    """Each unit's half-life, median and quartiles, from sprinter to keeper; its colour says how seasonal it is."""
    low, median, high = portrait.half_life[:, portrait.order]
    known = np.isfinite(median)
    finite = portrait.half_life[np.isfinite(portrait.half_life)]
    ceiling = 2 * float(max(finite.max(initial=1.0), portrait.season, portrait.reads))
    floor = 0.7 * float(min(finite[finite > 0].min(initial=1.0), portrait.span))
    rank = np.arange(len(median))
    with house_style():
        figure = Figure(figsize=(9.6, 4.6))
        axes, side = figure.subplots(1, 2, sharey=True, width_ratios=(6, 1))
        axes.vlines(rank, *np.clip((low, high), floor, ceiling), color="#BBBBBB", lw=1.6, zorder=1)
        norm, colours = Normalize(0, 1), _colours(portrait)
        axes.scatter(rank[known], median[known], s=22, c=colours[known], edgecolors=INK, linewidths=0.4, zorder=3)
        axes.scatter(
            rank[~known], np.full((~known).sum(), ceiling), s=26, marker="^", c=colours[~known], edgecolors=INK,
            linewidths=0.4, zorder=3,
        )  # fmt: skip
        axes.set(yscale="log", ylim=(floor, 1.25 * ceiling), xlim=(-1, len(median)))
        axes.set(
            title="For how long each unit keeps half of what it holds",
            ylabel=f"half-life in {portrait.plural}",
        )
        axes.set_xlabel("unit number, from sprinter to keeper" if len(rank) <= MOST_NAMES else "units, by half-life")
        if len(rank) <= MOST_NAMES:
            axes.set_xticks(rank, [str(unit) for unit in portrait.order], rotation=90, fontsize=min(9, 560 / len(rank)))
        axes.grid(axis="x", visible=False)
        _marks(axes, portrait, ceiling, bool((~known).any()))
        _measured(axes, portrait)
        bins = np.geomspace(floor, 1.25 * ceiling, 15)
        side.hist(np.where(known, median, ceiling), bins=bins, orientation="horizontal", color="#AAAAAA", lw=0)
        side.set(title="How many", xlabel="units")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
        if portrait.seasonal is not None:
            label = "share of the cell's movement\nthat is the place in the season"
            figure.colorbar(ScalarMappable(norm, "cividis"), ax=[axes, side], label=label, pad=0.01, aspect=30)
    return figure


def reach_figure(curves: Mapping[str, Floats], span: int, plural: str) -> Figure:
    """How much of an output's dependence on the newest input is left for inputs k steps older, [K + 1] for each name.

    Each is given as || d h[t] / d x[t-k] || and drawn as a share of that at k = 0; the first is drawn strongest.
    """
    with house_style():
        figure = Figure(figsize=(9.6, 4.4))
        axes = figure.subplots()
        for n, (name, norm) in enumerate(curves.items()):
            share = norm / norm[0]
            axes.plot(
                np.arange(len(share)) * span, np.where(share > 0, share, np.nan), ("-", "--", ":", "-.")[n % 4],
                color=(OURS, COLOURS[4], COLOURS[2], COLOURS[3])[n % 4], lw=2.4 if n == 0 else 1.8, label=name,
            )  # fmt: skip
        axes.set(yscale="log", xlim=0)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.set_title("How far back an output depends on what was read: the influence of older inputs")
        axes.set(xlabel=f"age of the input in {plural}", ylabel="influence, as a share of the newest input's")
        if span > 1:
            steps = axes.secondary_xaxis(
                "top", functions=(lambda x: np.divide(x, span), lambda k: np.multiply(k, span))
            )
            steps.set_xlabel("the same in steps of the LSTM")
            axes.set_title(axes.get_title("left"), pad=34)
        figure.legend(loc="outside lower center", ncols=2 if len(curves) == 4 else 3)
    return figure


def _edges(portrait: Portrait) -> tuple[float, float]:
    """Where the first column of a ribbon begins and the last one ends, in the axis' numbers."""
    at = portrait.times
    numbers = date2num(at) if np.issubdtype(at.dtype, np.datetime64) else at.astype(np.float64)  # type: ignore[no-untyped-call]
    first, last = float(numbers[0]), float(numbers[-1])
    half = (last - first) / max(len(numbers) - 1, 1) / 2 or 0.5
    return first - half, last + half


def _half_life_ticks(axes: Axes, portrait: Portrait) -> None:
    """Half-lives at a few ranks in place of the ranks themselves."""
    H = len(portrait.order)
    ranks = np.unique([0, H // 4, H // 2, 3 * H // 4, H - 1])
    values = portrait.half_life[1, portrait.order[ranks]]
    words = [f"{value:.2g}" if value < 100 else f"{value:.0f}" for value in values]
    axes.set_yticks(ranks + 0.5, ["longer" if word == "inf" else word for word in words])


def _colours(portrait: Portrait) -> npt.NDArray[np.object_] | Floats:
    if portrait.seasonal is None:
        return np.full(len(portrait.order), OURS, dtype=object)
    return np.asarray(colormaps["cividis"](portrait.seasonal[portrait.order]))


def _measured(axes: Axes, portrait: Portrait) -> None:
    """The half-lives measured, beside those by the gates, and what dots, lines and diamonds mean."""
    axes.plot([], [], "o", color=QUIET, ms=5, label="by the forget gate")
    axes.plot([], [], color="#BBBBBB", lw=1.6, label="its quartiles over time")
    if portrait.measured is not None:
        values = portrait.measured[portrait.order]
        rank = np.flatnonzero(np.isfinite(values))
        axes.plot(rank, values[rank], "D", ms=4, mfc="none", mec=COLOURS[4], mew=0.8, zorder=4, label="measured")
    axes.legend(loc="lower right", ncols=3)


def _marks(axes: Axes, portrait: Portrait, ceiling: float, unknown: bool) -> None:
    """Lines at a step of the layer and at a season, and what a triangle means."""
    lines: dict[str, float] = {"one step of the LSTM": portrait.span} if portrait.span > 1 else {}
    if portrait.season > 1:
        lines["one season"] = portrait.season
    lines["all that one forecast reads"] = portrait.reads
    highest = max(lines.values())
    for name, at in lines.items():
        axes.axhline(at, color=QUIET, lw=0.9, ls="--", zorder=0)
        above = at == highest  # two lines may lie close together: their words stand on either side
        axes.annotate(
            f"{name}: {portrait.lasting(at)}", (0.99, at), (0, 3 if above else -3), ha="right",
            va="bottom" if above else "top", xycoords=("axes fraction", "data"), textcoords="offset points",
            color=QUIET, fontsize=8,
        )  # fmt: skip
    if unknown:
        axes.annotate(
            "\N{BLACK UP-POINTING TRIANGLE} longer than the record", (0.01, ceiling), (0, -3),
            xycoords=("axes fraction", "data"), textcoords="offset points", color=INK, fontsize=8,
        )  # fmt: skip
