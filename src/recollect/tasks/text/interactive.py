"""Writing token by token, with the user at the wheel."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from recollect.core.errors import InputError
from recollect.tasks.text.generation import Writer

__all__ = ["write_together"]

CHOICES, SEEN, BAR = 9, 60, 30
HOW = "Enter takes the first, a number another; 'text writes text as it is (numbers too); Ctrl-D or Ctrl-C ends it."


def write_together(console: Console, writer: Writer, begun: str) -> str:
    """Show the likeliest tokens at each step and write what the user takes; gives the whole text.

    Symbols that the model has never seen are refused, and the user is asked again.
    """
    written = begun
    console.print(Text(HOW, "dim"))
    while True:
        choices = writer.choices(CHOICES)
        _show(console, written, choices)
        try:
            taken = _taken(console.input("> "), choices)
        except (EOFError, KeyboardInterrupt):  # what is written is not lost
            return written
        try:
            writer.read(taken)
            written += taken
        except InputError as error:
            console.print(Text(f"{error}", "yellow"))


def _taken(answer: str, choices: list[tuple[str, float]]) -> str:
    if answer.isdigit() and 1 <= int(answer) <= len(choices):
        return choices[int(answer) - 1][0]
    return answer.removeprefix("'") or choices[0][0]


def _show(console: Console, written: str, choices: list[tuple[str, float]]) -> None:
    seen = f"...{written[-SEEN:]}" if len(written) > SEEN else written
    console.print(Text.assemble("\n", seen, ("|", "bold green")))
    for number, (token, chance) in enumerate(choices, 1):
        console.print(Text(f"{number} {token!r:8} {100 * chance:5.1f} % " + "#" * round(BAR * chance)))
