"""A report with a window into the layer: a slider over time, a picker of units; works offline."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from markupsafe import Markup

from recollect.core.files import write_whole
from recollect.report.page import Report, render
from recollect.report.portrait import Floats, Portrait

__all__ = ["write_explorer"]


def write_explorer(path: Path, report: Report, portrait: Portrait, unit: int, step: int) -> None:
    """Write ``report`` and below its head the explorer of ``portrait`` as one HTML file, whole or not at all.

    It opens at ``unit`` and ``step``, or where the address says so: ``report.html#unit=3&step=17``. Raises OutputError.
    """
    write_whole(path, render("memory.html.jinja", {"report": report, "data": _data(portrait, unit, step)}))


def _data(portrait: Portrait, unit: int, step: int) -> Markup:
    """All that the script needs, as JSON that can stand inside a script element."""
    lasting = [portrait.lasting(float(value)) for value in portrait.half_life[1]]
    content = {
        "name": portrait.name,
        "at": [portrait.when(t) for t in range(len(portrait.times))],
        "series": _rounded(_beside(portrait), 6),
        "gates": {name: [_rounded(row, 3) for row in value.T] for name, value in portrait.values.items()},
        "before": _rounded(portrait.before, 3),
        "order": portrait.order.tolist(),
        "lasting": lasting,
        "seasonal": None if portrait.seasonal is None else _rounded(portrait.seasonal, 2),
        "activation": portrait.activation,
        "unit": unit,
        "step": step,
    }
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # In a script element only these could end it or open a comment.
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))


def _beside(portrait: Portrait) -> Floats:
    """The value of the series at each step of the layer, [T]; NaN before it begins."""
    place = np.searchsorted(portrait.series_times, portrait.times)
    return np.where(portrait.series_times[place] == portrait.times, portrait.series[place], np.nan)


def _rounded(values: Floats, digits: int) -> list[float | None]:
    return [round(float(value), digits) if np.isfinite(value) else None for value in values]
