"""What is seen inside a text generator, as sentences, pictures, a table and a page."""

from __future__ import annotations

import csv
import io

import numpy as np
from matplotlib.figure import Figure

from recollect import __version__
from recollect.report.canvas import embed
from recollect.report.coloured import coloured_figure
from recollect.report.inside import ribbon_figure
from recollect.report.page import Picture, Report, Section, Table
from recollect.report.portrait import Portrait
from recollect.tasks.text.memory import Memory

__all__ = ["build_report", "pictures", "units_csv"]

SHOWN, RIBBON = 1000, 96  # tokens of a picture, and of the ribbon
SHORT, LONG = 5, 100  # tokens of half-life
DOUBT = (
    "A correlation says that a unit goes along with a property, not that the network uses it. With hundreds of units "
    "some go along with anything: chance is what the best of them reaches with the same property at a wrong time."
)


def pictures(memory: Memory) -> dict[str, Figure]:
    """The gate ribbon, and the text coloured by the unit that follows each property more closely than chance would."""
    drawn = {"ribbon": ribbon_figure(_portrait(memory))}
    for name, found in memory.follows.items():
        unit = int(found.order[0])
        if abs(found.correlation[unit]) <= found.chance:
            continue
        first = _liveliest(memory.signals[name])
        tokens, cell = memory.tokens[first : first + SHOWN], memory.cell(unit)[first : first + SHOWN]
        title = f"Unit {unit} and {name}: r = {found.correlation[unit]:+.2f}"
        drawn[name] = coloured_figure(tokens, cell.astype(float), title=title)
    return drawn


def build_report(memory: Memory, drawn: dict[str, Figure]) -> Report:
    """The page: which units follow what, the coloured text, and for how long units keep."""
    steps = memory.half_life.median.flatten()
    short, long = int((steps < SHORT).sum()), int((steps > LONG).sum())
    headlines = [
        f"{short} of {len(steps)} units lose half of what they hold within {SHORT} tokens; {long} keep half of it for "
        f"more than {LONG}."
    ]
    for name, found in memory.follows.items():
        best = int(found.order[0])
        said = f"Unit {best} follows {name}: correlation {found.correlation[best]:+.2f}, chance {found.chance:.2f}."
        headlines.append(said if name in drawn else f"No unit follows {name} more closely than chance would.")
    rows = tuple(_row(memory, name) for name in memory.follows)
    coloured = (
        Picture(embed(drawn[name], "png"), f"The text, coloured by the cell that follows {name} best.")
        for name in memory.follows
        if name in drawn
    )
    ribbon = Picture(embed(drawn["ribbon"], "png"), "Every unit at every token, from those that forget to keepers.")
    closest = Table(("property", "units, with their correlations", "chance"), rows)
    return Report(
        "What the network keeps",
        "The text that it read, coloured by its units: orange where the cell is above zero, violet where it is below.",
        tuple(headlines),
        (
            ("Tokens read", f"{len(memory.tokens):,}"),
            ("Layers", str(memory.recording.shape[1])),
            ("Units", str(len(steps))),
        ),
        (
            Section("What units follow", pictures=tuple(coloured)),
            Section("The gates", pictures=(ribbon,)),
            Section("The closest units", tables=(closest,)),
            Section("Before one believes it", text=(DOUBT,)),
        ),
        f"recollect {__version__}",
    )


def units_csv(memory: Memory) -> str:
    """A row for each unit: its half-life in tokens, and how closely it follows each property."""
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(("layer", "unit", "half_life", *memory.follows))
    for layer, unit in np.ndindex(*memory.half_life.median.shape):
        place = layer * memory.recording.shape[3] + unit
        followed = (f"{found.correlation[place]:.4f}" for found in memory.follows.values())
        rows.writerow((layer, unit, f"{memory.half_life.median[layer, unit]:.4g}", *followed))
    return table.getvalue()


def _portrait(memory: Memory) -> Portrait:
    """The last layer over some tokens, from where the place in the line, or what there is, changes most."""
    first = _liveliest(next(iter(memory.signals.values()), np.zeros(len(memory.tokens))))
    stop, half = min(first + RIBBON, len(memory.tokens)), memory.half_life
    times = np.arange(first, stop)
    values = {name: memory.recording.read(name, first, stop)[:, -1, 0] for name in memory.recording.values}
    return Portrait(
        name="the text, token by token",
        series_times=times,
        series=np.zeros(len(times)),
        times=times,
        values=values,
        before=np.zeros(len(half.median[-1])),
        half_life=np.stack([half.low[-1], half.median[-1], half.high[-1]]),
        measured=None,
        order=half.order[half.order[:, 0] == len(half.median) - 1, 1],
        seasonal=None,
        reach={},
        warnings=(),
        steps=len(memory.tokens),
        span=1,
        season=1,
        reads=len(memory.tokens),
        what="token",
        letters=memory.tokens[first:stop],
    )


def _liveliest(signal: np.ndarray) -> int:
    """Where the stretch begins in which the signal changes most."""
    starts = range(0, max(1, len(signal) - SHOWN + 1), SHOWN // 4)
    return max(starts, key=lambda first: float(signal[first : first + SHOWN].var()))


def _row(memory: Memory, name: str) -> tuple[str, str, str]:
    found = memory.follows[name]
    said = ", ".join(f"{unit} ({found.correlation[unit]:+.2f})" for unit in found.order[:5].tolist())
    return name, said, f"{found.chance:.2f}"
