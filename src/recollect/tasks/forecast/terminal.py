"""What the commands say on the terminal: what was understood, how good the forecast is, where things are."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from recollect.data.notes import Note
from recollect.report.words import score_table
from recollect.tasks.forecast.results import Backtest
from recollect.tasks.forecast.trial import Trial, headlines
from recollect.train.record import Record

__all__ = ["errors_console", "say_files", "say_notes", "say_trial", "warnings_told"]

MARKS = {"inferred": ("found", "green"), "repaired": ("repaired", "yellow"), "warning": ("note", "yellow")}


def say_notes(console: Console, notes: Sequence[Note]) -> None:
    """A line for each thing that was inferred, repaired, or worth a look."""
    for note in notes:
        mark, style = MARKS[note.kind]
        console.print(Text.assemble((f"{mark:>8}", style), "  ", note.text))


@contextmanager
def warnings_told() -> Iterator[None]:
    """Warnings of any library inside become notes, each once, in place of Python's lines of code."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    messages = dict.fromkeys(str(one.message) for one in caught)
    say_notes(errors_console(), [Note("warning", 1, message) for message in messages])


def errors_console() -> Console:
    """For what is said beside the results."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def say_trial(console: Console, trial: Trial, records: Sequence[Record] = ()) -> None:
    """How good the forecasts of the past were: a short table, and how far to trust the next."""
    if trial.backtest is not None:
        _table(console, trial.backtest)
    for said in headlines(trial, records):
        console.print(Text(said))


def _table(console: Console, backtest: Backtest) -> None:
    scores = backtest.scores
    full = score_table(scores)
    kept = [i for i, name in enumerate(full.columns) if name in ("", "MASE", "sMAPE %", "RMSE") or "held" in name]
    table = Table(box=None, pad_edge=False, header_style="dim")
    for i in kept:
        table.add_column(full.columns[i], justify="left" if i == 0 else "right")
    for r, row in enumerate(full.rows):
        table.add_row(*(Text(row[i], "bold green" if (r, i) in full.best else "") for i in kept))
    console.print()
    console.print(table)
    for note in backtest.notes:
        console.print(Text(note, "dim"))
    console.print()


def say_files(console: Console, folder: Path, files: Sequence[str]) -> None:
    """Where the results are."""
    console.print(Text.assemble(("Written to ", "dim"), f"{folder}", (": ", "dim"), ", ".join(files)))
