"""What an LSTM remembers, as pictures, sentences and a page."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from recollect.report.canvas import embed_file, save
from recollect.report.explorer import write_explorer
from recollect.report.film import film_figure
from recollect.report.inside import half_life_figure, reach_figure, ribbon_figure
from recollect.report.page import Picture, Report, Section
from recollect.report.portrait import Floats, Portrait
from recollect.report.step import step_figure

__all__ = ["build_report", "pictures", "sentences", "typical", "write_memory"]

MOSTLY = 0.5  # of a cell's movement
CAPTIONS = {
    "half_lives": "Each dot is a unit: how long it takes until half of what it held is gone.",
    "ribbon": "Every unit at every step, sprinters at the top and keepers at the bottom.",
    "step": "One step of one unit, with the numbers that it really had.",
    "reach": "Exact derivatives of an output by the inputs before it, beside other layers of the same size.",
    "film": "The same units with the same input at moments of the training, in the order that they end in.",
}


def write_memory(folder: Path, shown: Portrait) -> tuple[str, ...]:
    """Draw everything into ``folder``, as PNG and SVG, with the page memory.html; the sentences that sum it up."""
    sources = {}
    for name, figure in pictures(shown).items():
        save(figure, folder / f"{name}.png")
        save(figure, folder / f"{name}.svg")
        sources[name] = embed_file(folder / f"{name}.svg")
    report = build_report(shown, sources)
    write_explorer(folder / "memory.html", report, shown, *typical(shown))
    return *report.headlines, *shown.warnings


def typical(shown: Portrait) -> tuple[int, int]:
    """A unit and a step to look at, of the season if any: where all three acts have most to show.

    That is where the least of what is kept, forgotten, written, shown and held back is largest.
    """
    v = shown.values
    before, held = np.concatenate([shown.before[None], v["c"][:-1]]), shown.squashed(v["c"])
    sizes = v["f"] * before, (1 - v["f"]) * before, v["i"] * v["g"], v["o"] * held, (1 - v["o"]) * held
    much = np.min(np.abs(sizes), axis=0)
    if shown.seasonal is not None and (shown.seasonal >= MOSTLY).any():
        much = np.where(shown.seasonal >= MOSTLY, much, -1)
    step, unit = np.unravel_index(np.argmax(much), much.shape)
    return int(unit), int(step)


def pictures(shown: Portrait) -> dict[str, Figure]:
    """The pictures by the names of their files."""
    film = {} if shown.film is None else {"film": film_figure(shown.film)}
    return {
        "half_lives": half_life_figure(shown),
        "ribbon": ribbon_figure(shown),
        "step": step_figure(shown, *typical(shown)),
        "reach": reach_figure(shown.reach, shown.span, shown.plural),
        **film,
    }


def build_report(shown: Portrait, sources: Mapping[str, str]) -> Report:
    """The sentences first, then the pictures, given as data URIs, then what is to be known before one believes them."""
    facts = (
        ("Read", shown.name),
        ("Steps of the LSTM", f"{shown.steps:,}"),
        ("A step is", shown.lasting(shown.span)),
        ("A forecast reads", shown.lasting(shown.reads)),
        ("Units", str(len(shown.order))),
    )
    warned = shown.warnings or ("No gate stands still: all of them move.",)
    return Report(
        title=f"The memory behind a forecast of {shown.name}",
        subtitle="What the LSTM keeps, for how long, and when it lets go",
        headlines=tuple(sentences(shown)),
        facts=facts,
        sections=(
            Section("The pictures", pictures=tuple(Picture(sources[name], CAPTIONS[name]) for name in sources)),
            Section("Gates that hardly move", warned),
            Section("How to read this", tuple(_reading(shown))),
        ),
        footer=f"Made by Recollect {importlib.metadata.version('recollect')}.",
    )


def _reading(shown: Portrait) -> Iterator[str]:
    yield (
        "A half-life is the number of steps until the product of the forget gates falls to one half, followed from "
        "every step of the record. What comes back by way of the output and the recurrent weights is not in it; it is "
        "in the measured one, for which a difference was laid into each cell and followed for up to half the record."
    )
    if shown.seasonal is not None:
        yield (
            "A unit follows the season if its cell takes the same value at the same place in each season. One that "
            "does so with a half-life far below a season reads the season anew at each step; it does not remember it."
        )
    yield (
        f"A forecast begins with an empty memory {shown.lasting(shown.reads)} before its origin; the record carries "
        "the memory on for longer, as a stream does. Of what a unit with a half-life above that stores, more than half "
        "is still there when it forecasts."
    )
    yield "Influence is a mean over up to eight outputs. The other layers are of the same size and read the same."


def sentences(shown: Portrait) -> Iterator[str]:
    """What the pictures show, in words: who keeps for how long, who follows the season, how far back it matters."""
    quartiles = [float(value) for value in _quartiles(shown.half_life[1])]
    low, middle, high = (
        shown.lasting(value) + (bound if np.isfinite(value) else "")
        for value, bound in zip(quartiles, (" or less", "", " or more"), strict=True)
    )
    yield (
        f"Of {len(shown.order)} units, the first quarter keep half of what they hold for {low}, the middle one for "
        f"{middle}, and the last quarter for {high}."
    )
    if shown.seasonal is not None:
        yield _season(shown, shown.seasonal)
    norm = next(iter(shown.reach.values()))
    faint = np.flatnonzero(norm < 0.1 * norm[0])
    if faint.size:
        yield (
            f"What the LSTM gives depends on an input {shown.lasting(float(faint[0]) * shown.span)} old less than a "
            "tenth as strongly as on the newest one."
        )


def _season(shown: Portrait, seasonal: Floats) -> str:
    mostly = seasonal >= MOSTLY
    count, season = int(mostly.sum()), shown.lasting(shown.season)
    if not count:
        return f"No unit's cell mostly follows the season of {season}."
    half = shown.lasting(float(_quartiles(shown.half_life[1, mostly])[1]))
    best = ", ".join(map(str, np.argsort(-seasonal, kind="stable")[: min(5, count)]))
    return (
        f"Units that mostly follow the season of {season}: {count} (most of all {best}). By their gates they keep half "
        f"of what they hold for {half}, the middle of them."
    )


def _quartiles(values: Floats) -> Floats:
    """Quartiles of values that may be infinite: each a value that is there."""
    return np.quantile(values, (0.25, 0.5, 0.75), method="inverted_cdf")
