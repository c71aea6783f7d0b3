"""``recollect text train | generate | evaluate``, and what ``recollect memory`` shows of its models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recollect.core.options import from_options
from recollect.tasks.text.options import Choosing, Encoding, Learning, Writing

__all__ = ["FORMAT", "register", "show_memory"]

FORMAT = "recollect text generator"  # what the manifest of a model says it is

Saved = Annotated[Path, typer.Argument(metavar="MODEL", help="Folder that train wrote.")]
Texts = Annotated[list[Path], typer.Argument(metavar="CORPUS", help="Files and folders of text, also in gzip.")]


def register(app: typer.Typer) -> None:
    """Add ``text`` and its verbs to the command."""
    verbs = typer.Typer(
        name="text",
        help="Learn from text, write on, and see what surprises.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    for name, work in (("train", train), ("generate", generate), ("evaluate", evaluate)):
        verbs.command(name)(from_options(work))
    app.add_typer(verbs)


def train(
    corpus: Texts,
    learning: Learning,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the model; made if it is not there.")],
) -> None:
    """Learn from text and save a model."""
    from recollect.tasks.text import journey

    journey.train(corpus, learning, out)


def generate(model: Saved, writing: Writing, choosing: Choosing) -> None:
    """Write on, as the text that the model has learnt from."""
    from recollect.tasks.text import journey

    journey.generate(model, writing, choosing)


def evaluate(
    model: Saved,
    text: Annotated[list[Path], typer.Argument(metavar="TEXT", help="Text that the model has never seen.")],
    corpus: Annotated[
        list[Path] | None,
        typer.Option(metavar="CORPUS", help="Text of the training, for n-grams. [default: where it was then]"),
    ] = None,
    dynamic: Annotated[
        bool,
        typer.Option("--dynamic", help="Also score a network that learns on from what it has foretold."),
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for scores.json, surprise.csv and surprise.png.")
    ] = None,
    encoding: Encoding = "utf-8",
) -> None:
    """Say how well a model foretells text that it has never seen."""
    from recollect.tasks.text import journey

    journey.evaluate(model, text, corpus, encoding, dynamic, out)


def show_memory(model: Path, data: Path | None, series: str | None, out: Path) -> None:
    """Let a saved model read the text ``data``, and write what is seen inside it."""
    from recollect.tasks.text import journey

    journey.memory(model, data, series, out)
