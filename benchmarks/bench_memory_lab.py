"""For how long does each cell remember? The whole laboratory: every task, lag and cell, several seeds.

    python benchmarks/bench_memory_lab.py --out lab > benchmarks/results/memory_lab.md
    cp lab/success.png benchmarks/results/memory_lab.png

Prints protocol, scores, what can be had without memory, and seconds, and the plain RNN at other rates too. With --out a
run that was broken off goes on, and the clock is that of the last sitting. Fails if the LSTM does not solve adding at
T = 400 and temporal order at 100 from most seeds, if the plain RNN solves one of them at 100, at any rate, or if the
laboratory takes more than 30 minutes.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import torch

from recollect import laboratory
from recollect.nn.cells import CELLS
from recollect.report.canvas import save
from recollect.tasks.laboratory.plots import success
from recollect.tasks.laboratory.problems import TASKS
from recollect.tasks.laboratory.results import Result
from recollect.tasks.laboratory.settings import Settings

RATES, MOST_MINUTES = (5e-4, 1e-3, 3e-3, 1e-2), 30


def entry(results: Sequence[Result]) -> str:
    """The median, and how many of the seeds solve it; bold where most do."""
    solved = sum(one.solved for one in results)
    text = f"{statistics.median(one.measure for one in results):.3g} ({solved}/{len(results)})"
    return f"**{text}**" if 2 * solved > len(results) else text


def table(task: str, results: Sequence[Result]) -> None:
    """A row for each cell, a column for each lag."""
    asked, lags = TASKS[task], sorted({one.case.lag for one in results})
    print(f"\n## {asked.title}\n\n{asked.measure.capitalize()}, by lag ({asked.means})\n")
    print(f"| | {' | '.join(map(str, lags))} | steps to the longest lag solved | seconds |")
    print(f"|---|{'---|' * (len(lags) + 2)}")
    for cell in CELLS:
        mine = [one for one in results if one.case.cell == cell]
        by_lag = [[one for one in mine if one.case.lag == lag] for lag in lags]
        steps = [" ".join(f"{one.steps}" for one in group if one.solved) for group in by_lag]
        far = next((n for n in reversed(range(len(lags))) if steps[n]), None)
        last = "" if far is None else f"{lags[far]}: {steps[far]}"
        print(f"| {cell} | {' | '.join(map(entry, by_lag))} | {last} | {sum(one.seconds for one in mine):.0f} |")
    for name, values in (("without memory", asked.chance), ("solved", asked.bar)):
        print(f"| {name} | {' | '.join(f'{values(lag):.3g}' for lag in lags)} | | |")


def other_rates(seeds: int, workers: int) -> bool:
    """Whether the plain RNN solves adding or temporal order at 100 from any seed at another rate."""
    print("\n## The plain RNN at other rates, lag 100\n")
    print("| rate | adding, mean squared error | order, share wrong |\n|---|---|---|")
    solved = False
    for rate in RATES:
        settings = Settings(learning_rate=rate)
        found = laboratory(["adding", "order"], ["rnn"], [100], seeds=seeds, settings=settings, workers=workers)
        cells = [entry([one for one in found if one.case.task == task]) for task in ("adding", "order")]
        print(f"| {rate:g} | {' | '.join(cells)} |", flush=True)
        solved |= any(one.solved for one in found)
    return solved


def most(results: Sequence[Result], task: str, cell: str, lag: int) -> bool:
    """Whether most seeds solve it."""
    found = [one.solved for one in results if one.case[:3] == (task, cell, lag)]
    return 2 * sum(found) > len(found)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="folder for results and picture; a temporary one by default")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread each")
    given = parser.parse_args()
    began = time.perf_counter()

    def watch(results: Sequence[Result], cases: int) -> None:
        print(f"{len(results)} of {cases}, {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory() as place:
        out = given.out or Path(place)
        results = laboratory(seeds=given.seeds, out=out, workers=given.workers, watch=watch)
        save(success(results), out / "success.png")
    seconds, trained = time.perf_counter() - began, sum(one.seconds for one in results)
    print("# For how long does each cell remember?\n")
    print(
        "`python benchmarks/bench_memory_lab.py`; the tasks and scores are those of `src/recollect/tasks/laboratory`."
    )
    print(f"{date.today()}, {platform.system()} {platform.machine()}, {given.workers} processes of one thread, torch")
    print(f"{torch.__version__}. {Settings()}, {given.seeds} seeds.\n")
    print(
        f"{len(results)} trainings took {seconds:.0f} s by the clock, {trained:.0f} s is the sum of their own. Medians"
    )
    print(
        "over the seeds, on 1,024 fresh sequences; in brackets how many seeds solve it.\n\n![Each cell](memory_lab.png)"
    )
    for task in TASKS:
        table(task, [one for one in results if one.case.task == task])
    elsewhere = other_rates(given.seeds, given.workers)
    held = {
        "the LSTM solves adding at T = 400": most(results, "adding", "lstm", 400),
        "the LSTM solves temporal order at 100": most(results, "order", "lstm", 100),
        "the plain RNN solves neither at 100": not any(most(results, task, "rnn", 100) for task in ("adding", "order")),
        "nor does it at another rate, from any seed": not elsewhere,
        f"at most {MOST_MINUTES} minutes": seconds < 60 * MOST_MINUTES,
    }
    print("\n" + "\n".join(f"- {claim}: {'held' if true else 'BROKEN'}" for claim, true in held.items()))
    return int(not all(held.values()))


if __name__ == "__main__":
    sys.exit(main())
