"""``recollect forecast run | train | predict | backtest``, and what ``recollect memory`` shows of its models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recollect.core.options import from_options
from recollect.tasks.forecast.options import Columns, Judging, Learning

__all__ = ["FORMAT", "register", "show_memory"]

FORMAT = "recollect forecaster"  # what the manifest of a model says it is

Folder = Annotated[Path, typer.Option(metavar="DIR", help="Folder for the results; made if it is not there.")]


def register(app: typer.Typer) -> None:
    """Add ``forecast`` and its verbs to the command."""
    verbs = typer.Typer(
        name="forecast",
        help="Forecast time series, with intervals that hold.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    for name, work in (("run", run), ("train", train), ("backtest", backtest)):
        verbs.command(name)(from_options(work))
    verbs.command("predict")(predict)
    app.add_typer(verbs)


def run(columns: Columns, learning: Learning, judging: Judging, out: Folder) -> None:
    """Forecast a table, tested on its past, with pictures and a report."""
    from recollect.tasks.forecast import journey

    journey.run(columns, learning, judging, out)


def train(columns: Columns, learning: Learning, out: Folder) -> None:
    """Learn a model and save it, for predict."""
    from recollect.tasks.forecast import journey

    journey.train(columns, learning, out)


def backtest(columns: Columns, learning: Learning, judging: Judging, out: Folder) -> None:
    """Test on the past only, beside a naive forecast."""
    from recollect.tasks.forecast import journey

    journey.backtest(columns, learning, judging, out)


def predict(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="Folder that train wrote, or DIR/model of run.")],
    data: Annotated[
        Path | None, typer.Argument(metavar="[DATA]", help="Newer data. [default: those of the training]")
    ] = None,
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="A .csv file, a folder for forecast.csv, or - for the terminal.")
    ] = Path("-"),
) -> None:
    """Forecast newer data with a saved model, without training."""
    from recollect.tasks.forecast import journey

    journey.predict(model, data, out)


def show_memory(model: Path, data: Path | None, series: str | None, out: Path) -> None:
    """Let a saved model read ``data``, or the newest of its training, and write what is seen inside it."""
    from recollect.tasks.forecast import journey

    journey.memory(model, data, series, out)
