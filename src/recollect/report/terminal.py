"""What every command says on the terminal: what was understood, what to note, where the results are."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.text import Text

from recollect.core.notes import Note

__all__ = ["errors_console", "results_console", "say_files", "say_notes", "teller", "warnings_told"]

MARKS = {"inferred": ("found", "green"), "repaired": ("repaired", "yellow"), "warning": ("note", "yellow")}


def results_console() -> Console:
    """For what a command has found."""
    return Console(highlight=False, soft_wrap=True)


def errors_console() -> Console:
    """For what is said beside the results."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def say_notes(console: Console, notes: Sequence[Note]) -> None:
    """A line for each thing that was inferred, repaired, or worth a look."""
    for note in notes:
        mark, style = MARKS[note.kind]
        console.print(Text.assemble((f"{mark:>8}", style), "  ", note.text))


def teller(console: Console) -> Callable[[Note], None]:
    """What says a note when it comes: a warning beside the results, anything else on ``console``."""
    return lambda note: say_notes(errors_console() if note.kind == "warning" else console, [note])


def say_files(console: Console, folder: Path, files: Sequence[str]) -> None:
    """Where the results are."""
    console.print(Text.assemble(("Written to ", "dim"), f"{folder}", (": ", "dim"), ", ".join(files)))


@contextmanager
def warnings_told() -> Iterator[None]:
    """Warnings of any library inside become notes, each once, in place of Python's lines of code."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    messages = dict.fromkeys(str(one.message) for one in caught)
    say_notes(errors_console(), [Note("warning", 1, message) for message in messages])
