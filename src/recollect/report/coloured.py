"""Text coloured by a number for each token, such as the cell of one unit: as HTML and as a picture."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import matplotlib
import numpy as np
import numpy.typing as npt
from markupsafe import Markup
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PolyCollection
from matplotlib.colors import Normalize, to_hex
from matplotlib.figure import Figure

from recollect.core.errors import InputError, ShapeError
from recollect.report.canvas import house_style

__all__ = ["coloured_figure", "coloured_html"]

Floats = npt.NDArray[np.floating[Any]]

SCALE = "PuOr_r"  # violet below zero, white, orange above: told apart with any colour vision
BLACK, WHITE, EVEN = "#000000", "#FFFFFF", 0.179  # of ink; at that luminance both are read equally well
WIDTH, MOST = 80, 2000  # columns of a picture, and what it holds of characters
CELL, LINE = 0.088, 0.19  # inches, of a column and a line
RETURN, TAB, SPACE = "\N{DOWNWARDS ARROW WITH CORNER LEFTWARDS}", "\N{RIGHTWARDS ARROW}", "\N{MIDDLE DOT}"


class Part(NamedTuple):
    """What is seen of a token, whether a line ends there, its value, and the colours of ground and ink."""

    seen: str
    ends: bool
    value: float
    ground: str
    ink: str


class Cell(NamedTuple):
    """A letter of a picture: its row, its first column, how many it takes, and its colours."""

    letter: str
    row: int
    column: int
    wide: int
    ground: str
    ink: str


def coloured_html(tokens: Sequence[str], values: Floats, *, most: float | None = None, title: str = "") -> Markup:
    """``tokens`` [T], each on the colour of its value [T], as an HTML fragment that needs nothing beside it.

    The scale runs from -``most``, violet, over 0, white, to ``most``, orange; by default ``most`` is the largest
    |value|. It is shown from 0 on where no value lies below. Pointing at a token shows its value. Lines break where the
    text breaks them, where an arrow stands, and where they are full. A space is seen as a dot where it would not be
    seen: beside another, or at the end of a line.
    All text is escaped. A string is its characters.

    Raises ShapeError where there are not as many values as tokens, InputError for a value that is not finite or
    outside the scale.
    """
    reach = _reach(tokens, values, most)
    lowest = _lowest(values, reach)
    shades = [to_hex(shade) for shade in colormaps[SCALE](0.5 + 0.5 * np.linspace(lowest, reach, 5) / reach)]
    heading = Markup("<figcaption><b>{}</b></figcaption>").format(title) if title else ""
    spans = Markup("").join(
        Markup('<span style="background:{};color:{}" title="{:+.3g}">{}</span>{}').format(
            part.ground, part.ink, part.value, part.seen, "\n" if part.ends else ""
        )
        for part in _parts(tokens, values, reach)
    )
    return Markup(
        '<figure style="margin:1em 0">{}<div style="display:flex;gap:.5em;align-items:center;font-size:.85em">'
        '<span>{:.3g}</span><span style="width:12em;height:.8em;background:linear-gradient(90deg,{})"></span>'
        '<span>{:.3g}</span></div><pre style="white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.5">{}</pre>'
        "</figure>"
    ).format(heading, lowest, ",".join(shades), reach, spans)


def coloured_figure(tokens: Sequence[str], values: Floats, *, most: float | None = None, title: str = "") -> Figure:
    """The same as a picture, in lines of at most 80 columns that break at spaces; letters of East Asia take two.

    Raises as ``coloured_html``, and InputError for no text or more of it than 2,000 characters: give a part.
    """
    reach = _reach(tokens, values, most)
    parts = list(_parts(tokens, values, reach))
    count = sum(len(part.seen) for part in parts)
    if not 0 < count <= MOST:
        raise InputError(f"the text has {count:,} characters, and a picture holds 1 to {MOST:,}: give a part of it")
    cells = _grid(parts)
    lines = cells[-1].row + 1
    width, height = WIDTH * CELL + 0.2, lines * LINE + 0.8
    with house_style():
        figure = Figure(figsize=(width, height))
        figure.set_layout_engine("none")
        axes = figure.add_axes((0.1 / width, 0.1 / height, WIDTH * CELL / width, lines * LINE / height))
        axes.set(xlim=(0, WIDTH), ylim=(lines, 0))
        axes.axis("off")
        family = ["DejaVu Sans Mono", *matplotlib.rcParams["font.family"]]
        boxes = [[(k, n), (k + w, n), (k + w, n + 0.96), (k, n + 0.96)] for _, n, k, w, *_ in cells]
        axes.add_collection(PolyCollection(boxes, facecolors=[cell.ground for cell in cells], lw=0))
        for letter, row, column, wide, _, ink in cells:
            if letter != " ":
                place = column + wide / 2, row + 0.54
                axes.text(*place, letter, color=ink, family=family, fontsize=9.5, ha="center", va="center")
        figure.text(0.1 / width, 1 - 0.12 / height, title, fontsize=10, fontweight="bold", va="top")
        bar = figure.colorbar(
            ScalarMappable(Normalize(-reach, reach), SCALE), orientation="horizontal",
            cax=figure.add_axes((1 - 2.4 / width, 1 - 0.3 / height, 2.2 / width, 0.12 / height)),
        )  # fmt: skip
        lowest = _lowest(values, reach)
        ticks = sorted({lowest, 0, reach})
        bar.ax.set_xlim(lowest, reach)
        bar.set_ticks(ticks, labels=[f"{value:.3g}" for value in ticks])
    return figure


def _reach(tokens: Sequence[str], values: Floats, most: float | None) -> float:
    """Where the scale ends, once all values are known to lie on it."""
    if values.shape != (len(tokens),):
        raise ShapeError(f"values have the shape {list(values.shape)}, and must be [{len(tokens)}], one for each token")
    largest = float(np.abs(values).max(initial=0.0))
    if not np.isfinite(largest):
        raise InputError("the values are not all finite: there is no colour for those")
    if most is not None and not largest <= most:
        raise InputError(f"most is {most:g}, and there is a value of size {largest:g}: give that or more")
    return (largest if most is None else float(most)) or 1.0


def _lowest(values: Floats, reach: float) -> float:
    """Where the scale is shown from."""
    return -reach if values.min(initial=0.0) < 0 else 0.0


def _parts(tokens: Sequence[str], values: Floats, reach: float) -> Iterator[Part]:
    """The tokens as they are seen; one with line breaks inside comes in parts, each up to the next of them."""
    text, at = "".join(tokens), 0
    grounds = colormaps[SCALE](0.5 + 0.5 * values / reach)
    for token, value, shade in zip(tokens, values.tolist(), grounds, strict=True):
        ground = to_hex(shade)
        ink = BLACK if _luminance(ground) > EVEN else WHITE
        seen = ""
        for letter in token:
            before, after = text[at - 1] if at else "\n", text[at + 1] if at + 1 < len(text) else "\n"
            seen += _visible(letter, alone=not (before.isspace() or after.isspace()))
            at += 1
            if letter == "\n":
                yield Part(seen, True, value, ground, ink)
                seen = ""
        if seen:
            yield Part(seen, False, value, ground, ink)


def _visible(letter: str, alone: bool) -> str:
    if letter == " ":
        return " " if alone else SPACE
    if letter in "\n\t":
        return RETURN if letter == "\n" else TAB
    return chr(0x2400 + ord(letter)) if ord(letter) < 32 else letter  # a picture of the control character


def _grid(parts: Sequence[Part]) -> list[Cell]:
    """Each letter in its place. A line that is full breaks behind its last space, or where it must."""
    lines: list[list[Cell]] = [[]]
    for part in parts:
        for letter in part.seen:
            wide = 0 if unicodedata.combining(letter) else 1 + (unicodedata.east_asian_width(letter) in "WF")
            while _width(line := lines[-1]) + wide > WIDTH:
                ends = [n for n, cell in enumerate(line, 1) if cell.letter in (" ", SPACE)]
                lines[-1:] = [line[: ends[-1]], line[ends[-1] :]] if ends else [line, []]
            lines[-1].append(Cell(letter, 0, 0, wide, part.ground, part.ink))
        if part.ends:
            lines.append([])
    return [
        cell._replace(row=row, column=_width(line[:n])) for row, line in enumerate(lines) for n, cell in enumerate(line)
    ]


def _width(line: Sequence[Cell]) -> int:
    return sum(cell.wide for cell in line)


def _luminance(colour: str) -> float:
    """Relative luminance of a colour "#rrggbb" (WCAG 2.1)."""
    parts = np.array([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))
