"""``recollect demo``: watch an LSTM learn, step by step."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["register"]


class SeriesName(str, Enum):
    """The series to learn."""

    sine = "sine"
    nyquist = "nyquist"


class Activation(str, Enum):
    """What squashes the candidate and the output."""

    tanh = "tanh"
    relu = "relu"


def register(app: typer.Typer) -> None:
    """Add ``demo`` to the command."""
    app.command()(demo)


def demo(
    series: Annotated[
        SeriesName, typer.Option(help="A true sine, or the well-known program's series at the Nyquist rate.")
    ] = SeriesName.sine,
    activation: Annotated[
        Activation, typer.Option(help="What squashes the candidate and the output.")
    ] = Activation.tanh,
    seed: Annotated[int, typer.Option(help="The same seed gives the same weights and pictures.")] = 0,
    epochs: Annotated[int, typer.Option(min=1, help="How often the training part is read.")] = 20,
    out: Annotated[Path, typer.Option(help="The folder for pictures and scores.")] = Path("demo"),
) -> None:
    """Watch an LSTM learn a wave: make a series, train, compare, predict, go on, and look inside."""
    from recollect.core.files import staged_folder
    from recollect.tasks.demo.story import tell

    with staged_folder(out) as stage:
        tell(series.value, activation.value, seed, epochs, stage)
    typer.echo(f"\nPictures and scores are in {out}/")
