"""What the command says: a bar while it works, then a short table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from recollect.tasks.laboratory.estimator import Watch
from recollect.tasks.laboratory.problems import TASKS
from recollect.tasks.laboratory.results import Result, longest

__all__ = ["bar", "say"]


@contextmanager
def bar() -> Iterator[Watch]:
    """A line on the terminal: cases done, solved, the time taken and left. Silent when not on a terminal."""
    console = Console(stderr=True)
    columns = [TextColumn("laboratory"), BarColumn(24), MofNCompleteColumn(), TextColumn("{task.description}")]
    clocks = [TimeElapsedColumn(), TextColumn("so far,"), TimeRemainingColumn(), TextColumn("left")]
    with Progress(*columns, *clocks, console=console, disable=not console.is_terminal) as bars:
        line = bars.add_task("", total=None)

        def watch(results: Sequence[Result], cases: int) -> None:
            solved = f"{sum(one.solved for one in results)} solved "
            bars.update(line, total=cases, completed=len(results), description=solved)

        yield watch


def say(console: Console, results: Sequence[Result]) -> None:
    """Of one task what each cell reaches at each lag; of several the longest lag that each cell solves."""
    tasks = [task for task in TASKS if any(one.case.task == task for one in results)]
    cells = list(dict.fromkeys(one.case.cell for one in results))
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("cell")
    if len(tasks) == 1:
        lags = sorted({one.case.lag for one in results})
        for lag in lags:
            table.add_column(f"{lag}", justify="right")
        for cell in cells:
            table.add_row(cell, *(_reached([one for one in results if one.case[1:3] == (cell, lag)]) for lag in lags))
        only = TASKS[tasks[0]]
        table.add_row(*("without memory", *(f"{only.chance(lag):.3g}" for lag in lags)), style="dim")
        table.add_row(*("solved", *(f"{only.bar(lag):.3g}" for lag in lags)), style="dim")
        said = f"{only.title}: {only.measure}, the median of the seeds, at each lag ({only.means})."
    else:
        for task in tasks:
            table.add_column(task, justify="right")
        for cell in cells:
            table.add_row(cell, *(_longest(results, task, cell) for task in tasks))
        said = "The longest lag that most seeds solve, and all shorter ones too; in brackets the longest tried."
    console.print(table)
    console.print(Text(said, "dim"))


def _reached(results: Sequence[Result]) -> Text:
    if not results:
        return Text("")
    most = 2 * sum(one.solved for one in results) > len(results)
    return Text(f"{np.median([one.measure for one in results]):.3g}", "bold green" if most else "")


def _longest(results: Sequence[Result], task: str, cell: str) -> Text:
    tried = [one.case.lag for one in results if one.case[:2] == (task, cell)]
    found = longest(results, task, cell)
    if not tried:
        return Text("")
    reached = Text("none" if found is None else f"{found}", "bold green" if found == max(tried) else "")
    return reached.append(f" ({max(tried)})", "dim")
