"""``recollect memory``: what a saved model keeps, whichever task's model it is."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

import recollect.tasks
from recollect.core.errors import ArtifactError
from recollect.core.manifests import read_manifest

__all__ = ["register"]

Show = Callable[[Path, Path | None, str | None, Path], None]


def register(app: typer.Typer) -> None:
    """Add ``memory`` to the command."""
    app.command()(memory)


def memory(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL", help="Folder that a train command wrote, or DIR/model of forecast run or demo."
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the results; made if it is not there.")],
    data: Annotated[
        Path | None, typer.Argument(metavar="[DATA]", help="Data to read. [default: the newest of the training]")
    ] = None,
    series: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which series to read, where there are several.")
    ] = None,
) -> None:
    """See what a model's LSTM keeps, for how long, and when it lets go.

    recollect memory lab is another command: for how long each cell can remember. A model in a folder lab is ./lab.
    """
    shows = _shows()
    kind = str(read_manifest(model).get("format"))
    if kind not in shows:
        raise ArtifactError(f"the manifest of {model} does not describe a {' or a '.join(shows)}, but {kind}")
    shows[kind](model, data, series, out)


def _shows() -> dict[str, Show]:
    """What shows the memory of a model, by the format that its manifest names: of each task whose models have one."""
    found = pkgutil.iter_modules(recollect.tasks.__path__, "recollect.tasks.")
    commands = [importlib.import_module(f"{task.name}.commands") for task in found]
    return {task.FORMAT: task.show_memory for task in commands if hasattr(task, "show_memory")}
