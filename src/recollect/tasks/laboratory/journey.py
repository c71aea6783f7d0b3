"""What the command does: measure, write the results and the picture, say what was found."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from recollect.core.files import write_whole
from recollect.report.canvas import save
from recollect.tasks.laboratory.estimator import laboratory
from recollect.tasks.laboratory.plots import success
from recollect.tasks.laboratory.results import FILE, Result, as_csv
from recollect.tasks.laboratory.terminal import bar, say

__all__ = ["run"]


def run(
    tasks: Sequence[str] | None,
    cells: Sequence[str] | None,
    lags: Sequence[int] | None,
    seeds: int | None,
    seed: int,
    quick: bool,
    max_time: float | None,
    out: Path,
) -> None:
    """Measure with all processors, and leave results.json, results.csv, success.png and success.svg in ``out``."""
    console = Console(highlight=False, soft_wrap=True)
    asked = 0
    with bar() as show:

        def watch(results: Sequence[Result], cases: int) -> None:
            nonlocal asked
            asked = cases
            show(results, cases)

        found = laboratory(
            tasks, cells, lags, seeds=seeds, seed=seed, quick=quick, max_time=max_time, out=out,
            workers=_processors(), watch=watch,
        )  # fmt: skip
    if found:
        write_whole(out / "results.csv", as_csv(found))
        figure = success(found)
        for kind in ("png", "svg"):
            save(figure, out / f"success.{kind}")
        say(console, found)
        files = f"{FILE}, results.csv, success.png, success.svg"
        console.print(Text.assemble(("Written to ", "dim"), f"{out}", (": ", "dim"), files))
    if len(found) < asked:
        left = f"{asked - len(found)} of {asked} trainings were not done in {max_time:g} s"
        console.print(Text(f"{left}: the same command goes on with them."))


def _processors() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
