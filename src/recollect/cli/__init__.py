"""The command line: gathers each task's commands and turns errors into one sentence and an exit code.

No logic lives here. A command's heavy imports (torch, polars, matplotlib) stand inside its function, so that help is
immediate.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import pkgutil
import sys
from contextlib import suppress
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import recollect.tasks
from recollect import __version__
from recollect.cli import doctor, memory
from recollect.core.errors import RecollectError

__all__ = ["build", "main"]


def build() -> typer.Typer:
    """The whole command, ready to call: ``register(app)`` of each folder in recollect.tasks, ``memory`` and ``doctor``.

    It leaves with exit code 0 when done, 1 after a defect of ours (with a traceback), 2 for unusable input or options,
    130 when interrupted.
    """
    app = typer.Typer(
        name="recollect",
        cls=_Recollect,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # help drawn by rich takes 0.3 s, plain help 0.1 s
    )
    app.callback()(_options)
    for task in pkgutil.iter_modules(recollect.tasks.__path__, "recollect.tasks."):
        importlib.import_module(f"{task.name}.commands").register(app)
    memory.register(app)
    doctor.register(app)
    return app


def main() -> None:
    """Run the command on the words typed after ``recollect``."""
    # Importing torch makes a million objects that stay: to search them for garbage, often and once more at the end,
    # takes 0.4 s a run, and to take them down one by one another 0.3 s.
    gc.set_threshold(10_000, 50, 100)
    code = 1  # of a defect, with its traceback
    atexit.register(lambda: _leave(code))  # the first to come is the last to go
    try:
        build()()
    except SystemExit as done:
        code = done.code if isinstance(done.code, int) else int(done.code is not None)
        raise


def _leave(code: int) -> None:
    """End the process when everything else has been put away."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(BrokenPipeError, ValueError):  # nobody reads any more, or it is closed
            stream.flush()
    os._exit(code)


class _Recollect(TyperGroup):
    """The group of all commands, with our errors and exit codes in place of tracebacks."""

    # Typer's own context has no public name to write here.
    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401
        """Two words that are a command come before one: ``memory lab`` is not ``memory`` of a model named lab."""
        two = [" ".join(args[:2]), *args[2:]]
        return super().resolve_command(ctx, two if two[0] in self.commands else args)

    def invoke(self, ctx: Any) -> object:  # noqa: ANN401
        try:
            return super().invoke(ctx)
        except RecollectError as error:
            sys.stderr.write(f"error: {error}\n")
            raise typer.Exit(2) from error
        except KeyboardInterrupt as error:
            sys.stderr.write("interrupted: stopped before the work was done\n")
            raise typer.Exit(130) from error
        except BrokenPipeError as error:
            # Whoever read our output has left (`| head`); without this Python would complain when it flushes at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            raise typer.Exit(0) from error


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"recollect {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and leave.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """LSTM networks made practical: forecasts one can trust, from one command."""
