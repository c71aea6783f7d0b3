"""``recollect memory lab``: for how long each cell remembers, on tasks made to find out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["register"]

Names = list[str] | None


def register(app: typer.Typer) -> None:
    """Add ``memory lab`` to the command."""
    app.command("memory lab")(lab)


def lab(
    task: Annotated[
        Names,
        typer.Option(
            metavar="TASKS", help="adding, order, noise-free, noisy, reber, copying: a,b or repeated. [default: all]"
        ),
    ] = None,
    cell: Annotated[
        Names,
        typer.Option(metavar="CELLS", help="rnn, gru, lstm, peephole, coupled, layernorm, decay. [default: all]"),
    ] = None,
    lags: Annotated[
        str | None, typer.Option(metavar="LAGS", help="For how long to remember: 50,100. [default: each task's own]")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(metavar="N", help="Trainings of each, from other seeds. [default: 3]")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="The first of them; the same seed gives the same bits.")] = 0,
    quick: Annotated[
        bool, typer.Option("--quick", help="Two tasks, two cells, two lags, one seed, where you name no others.")
    ] = False,
    max_time: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Begin nothing more after that; the same command goes on.")
    ] = None,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder for the results; those it holds already are not measured again.")
    ] = Path("memory-lab"),
) -> None:
    """See for how long each cell remembers: LSTM, GRU, plain RNN and others on tasks made to find out."""
    from recollect.tasks.laboratory import journey

    journey.run(_words(task), _words(cell), _numbers(lags), seeds, seed, quick, max_time, out)


def _words(given: Names) -> list[str] | None:
    return [name.strip() for part in given for name in part.split(",") if name.strip()] if given else None


def _numbers(given: str | None) -> list[int] | None:
    from recollect.core.errors import InputError

    try:
        return None if given is None else [int(part) for part in given.split(",")]
    except ValueError as error:
        raise InputError(f"--lags is {given!r}, and must be whole numbers with commas between them: 50,100") from error
