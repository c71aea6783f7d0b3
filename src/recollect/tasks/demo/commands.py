"""``recollect demo``: watch an LSTM learn, step by step; and what ``recollect memory`` shows of its model."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["FORMAT", "register", "show_memory"]

FORMAT = "recollect demo"  # what the manifest of a model says it is


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
    out: Annotated[Path, typer.Option(help="The folder for pictures, scores and the model.")] = Path("demo"),
) -> None:
    """Watch an LSTM learn a wave: make a series, train, compare, predict, go on, and look inside."""
    from recollect.core.files import staged_folder
    from recollect.tasks.demo.story import tell

    with staged_folder(out) as stage:
        tell(series.value, activation.value, seed, epochs, stage)
    typer.echo(f"\nPictures, scores and the model are in {out}/")
    typer.echo(f"To look inside the model: recollect memory {out / 'model'} --out {out / 'memory'}")


def show_memory(model: Path, data: Path | None, series: str | None, out: Path) -> None:
    """Let a saved model read the series that it learnt, and write what is seen inside it."""
    from recollect.core.errors import InputError
    from recollect.core.files import staged_folder
    from recollect.report.remembered import write_memory
    from recollect.tasks.demo.remembered import remembered

    if data is not None or series is not None:
        raise InputError(f"the model in {model} is the demo's, which reads its own series: leave out DATA and --series")
    with staged_folder(out) as stage:
        said = write_memory(stage, remembered(model))
        files = sorted(path.name for path in stage.iterdir())
    typer.echo("\n".join([*said, f"Written to {out}: {', '.join(files)}"]))
