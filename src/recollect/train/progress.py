"""How a training run shows that it moves: a rich bar on a terminal, nothing elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, TaskID, TextColumn
from rich.progress import Progress as Bars

__all__ = ["Progress", "RichProgress", "Silent"]


class Progress(Protocol):
    """What ``fit`` tells whoever watches."""

    def start(self, max_epochs: int) -> None:
        """Training begins."""

    def update(self, epoch: int, step: int, fraction: float, loss: float, validation: float | None) -> None:
        """One step is done: ``fraction`` of the run is over, ``loss`` is the epoch's mean so far."""

    def finish(self) -> None:
        """Training is over, whatever the reason."""


class Silent:
    """Shows nothing."""

    def start(self, max_epochs: int) -> None:
        """Show nothing."""

    def update(self, epoch: int, step: int, fraction: float, loss: float, validation: float | None) -> None:
        """Show nothing."""

    def finish(self) -> None:
        """Show nothing."""


class RichProgress:
    """One line on the terminal: bar, epoch, loss, validation, steps a second and the time left.

    ``rows`` is the number of rows in a batch, or of another ``unit``; with it the speed is shown in these. ``epochs``
    false leaves the epochs out, for a run that time alone ends; ``scores`` puts loss and validation in other words.
    Silent when not on a terminal.
    """

    def __init__(
        self,
        label: str = "training",
        *,
        rows: int | None = None,
        unit: str = "rows",
        epochs: bool = True,
        scores: Callable[[float, float | None], list[str]] | None = None,
        console: Console | None = None,
    ) -> None:
        columns: list[ProgressColumn | str] = [
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f}%  {task.fields[scores]}"),
        ]
        console = console or Console(stderr=True)
        self._bars = Bars(*columns, console=console, refresh_per_second=8, disable=not console.is_terminal)
        self._label, self._rows, self._unit = label, rows, unit
        self._epochs, self._scores = epochs, scores or _plain
        self._task = TaskID(0)
        self._max_epochs = 0
        self._began: tuple[float, int, float] | None = None

    def start(self, max_epochs: int) -> None:
        """Draw the bar."""
        self._max_epochs, self._began = max_epochs, None
        self._task = self._bars.add_task(self._label, total=1.0, scores="")
        self._bars.start()

    def update(self, epoch: int, step: int, fraction: float, loss: float, validation: float | None) -> None:
        """Move the bar; the speed is that of this sitting, so that a resumed run does not flatter itself."""
        now = time.monotonic()
        began, first, start = self._began = self._began or (now, step, fraction)
        steps, seconds, gained = step - first, now - began, fraction - start
        scores = [f"epoch {epoch}/{self._max_epochs}"] if self._epochs else []
        scores += self._scores(loss, validation)
        if steps > 0 and seconds > 0 and gained > 0:
            speed = steps / seconds
            scores.append(f"{speed * self._rows:,.0f} {self._unit}/s" if self._rows else f"{speed:.0f} steps/s")
            scores.append(f"{_clock(seconds * (1 - fraction) / gained)} left")
        self._bars.update(self._task, completed=fraction, scores="  ".join(scores))

    def finish(self) -> None:
        """Leave the last line standing."""
        self._bars.stop()


def _plain(loss: float, validation: float | None) -> list[str]:
    return [f"loss {loss:.4g}"] + ([] if validation is None else [f"validation {validation:.4g}"])


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
