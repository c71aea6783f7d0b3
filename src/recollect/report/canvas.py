"""The look that all pictures share, and how a figure becomes a file or part of a page."""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from recollect.core.errors import InputError
from recollect.core.files import write_whole

__all__ = [
    "COLOURS",
    "INK",
    "OURS",
    "SEASONAL_NAIVE",
    "draw_line",
    "embed",
    "embed_file",
    "house_style",
    "save",
    "time_axis",
]

# Okabe & Ito 2008, "Color Universal Design": told apart with any colour vision. Its yellow is too pale on white.
OURS, SEASONAL_NAIVE = "#0072B2", "#E69F00"
COLOURS = (OURS, SEASONAL_NAIVE, "#009E73", "#CC79A7", "#D55E00", "#56B4E9")
INK = "#333333"

_FORMATS = {"png": "image/png", "svg": "image/svg+xml"}
_OTHER_SCRIPTS = ("Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", "WenQuanYi Micro Hei")


@cache
def _style() -> dict[Any, Any]:
    installed = set(font_manager.get_font_names())
    return {
        # By name: letters that the first lacks are looked for in the next, and behind a generic family in none.
        "font.family": ["DejaVu Sans", *(name for name in _OTHER_SCRIPTS if name in installed), "sans-serif"],
        "font.size": 9,
        "text.color": INK,
        "text.parse_math": False,  # a column called "price_$" is a name, not a formula
        "axes.titlesize": 10,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.titley": 1.0,  # to find out whether something is in its way takes a third of the drawing
        "axes.labelcolor": INK,
        "axes.edgecolor": "#888888",
        "axes.linewidth": 0.6,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.formatter.useoffset": False,
        "axes.formatter.limits": (-4, 6),
        "grid.color": "#E6E6E6",
        "grid.linewidth": 0.6,
        "xtick.color": "#666666",
        "ytick.color": "#666666",
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "legend.frameon": False,
        "lines.solid_capstyle": "round",
        "figure.constrained_layout.use": True,
        "figure.dpi": 150,
        "svg.fonttype": "none",  # text stays text: it can be searched, and the reader's fonts know every script
        "svg.hashsalt": "recollect",
    }


@contextmanager
def house_style() -> Iterator[None]:
    """Figures made inside have the shared look; the settings outside stay as they were."""
    with matplotlib.rc_context(_style()):
        yield


def save(figure: Figure, path: Path) -> None:
    """Write ``figure`` whole to ``path``, PNG (150 dpi) or SVG by its ending; the same figure gives the same bytes.

    Raises InputError for another ending and OutputError if it cannot be written.
    """
    write_whole(path, _render(figure, path.suffix.lstrip(".").lower()))


def embed(figure: Figure, kind: str = "svg") -> str:
    """``figure`` as a data URI, ``svg`` or ``png``, for an <img> of a self-contained page."""
    return _data_uri(_render(figure, kind), kind)


def embed_file(path: Path) -> str:
    """A picture that ``save`` wrote as a data URI: to draw it again takes longer than to read it."""
    return _data_uri(path.read_bytes(), path.suffix.lstrip(".").lower())


def time_axis(axes: Axes, times: npt.NDArray[np.generic]) -> None:
    """Short dates below the axis if ``times`` are datetime64; plain step numbers otherwise."""
    if np.issubdtype(times.dtype, np.datetime64):
        locator = AutoDateLocator(minticks=3, maxticks=8)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    else:
        axes.set_xlabel("step")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def draw_line(
    axes: Axes,
    times: npt.NDArray[np.generic],
    values: npt.NDArray[np.float64],
    colour: str,
    label: str,
    width: float = 1.2,
    dashes: str = "-",
) -> None:
    """A line that breaks at NaN; a value alone between two gaps is a dot, since a line would not show it."""
    seen = np.isfinite(values)
    beside = np.r_[False, seen[:-1]] | np.r_[seen[1:], False]
    axes.plot(times, values, dashes, color=colour, lw=width, label=label)
    axes.plot(times[seen & ~beside], values[seen & ~beside], ".", color=colour, ms=3 * width)


def _data_uri(content: bytes, kind: str) -> str:
    return f"data:{_FORMATS[kind]};base64,{base64.b64encode(content).decode()}"


def _render(figure: Figure, kind: str) -> bytes:
    if kind not in _FORMATS:
        raise InputError(f"pictures are written as png or svg, not {kind!r}")
    target = io.BytesIO()
    # Without these entries the file would name a date or a version and differ from run to run.
    unnamed = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}}
    with house_style(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        # Not figure.savefig, which draws twice what is to be laid out.
        if kind == "png":
            # Of zlib's levels the third takes half the time of the usual sixth, for a twentieth more bytes.
            packed = {"compress_level": 3}
            FigureCanvasAgg(figure).print_png(target, metadata=unnamed[kind], pil_kwargs=packed)  # type: ignore[no-untyped-call]
        else:
            FigureCanvasSVG(figure).print_svg(target, metadata=unnamed[kind])  # type: ignore[no-untyped-call]
    figure.set_layout_engine("none")  # it is laid out now; to do so takes half the time of drawing
    letters = [str(one.message) for one in caught if "missing from font" in str(one.message)]
    for other in (one for one in caught if str(one.message) not in letters):
        warnings.warn(other.message, stacklevel=3)
    if letters and kind == "png":
        where = "install one that has them (Noto Sans CJK for Chinese), or write SVG"
        warnings.warn(
            f"letters of a picture that are in no font of this machine: {len(set(letters))}; {where}", stacklevel=3
        )
    return target.getvalue()
