"""``recollect text train | generate | evaluate``."""

from __future__ import annotations

import typer

__all__ = ["FORMAT", "register"]

FORMAT = "recollect text generator"  # what the manifest of a model says it is


def register(app: typer.Typer) -> None:
    """Add ``text`` and its verbs to the command."""
