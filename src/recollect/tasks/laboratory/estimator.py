"""The laboratory: every cell on every task, at every lag, from several seeds, each with the same budget."""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import closing
from functools import partial
from multiprocessing import active_children, get_context
from pathlib import Path

import torch

from recollect.core.errors import InputError
from recollect.core.files import check_writable
from recollect.nn.cells import CELLS
from recollect.tasks.laboratory.measuring import measure
from recollect.tasks.laboratory.problems import TASKS
from recollect.tasks.laboratory.results import Case, Result, read, write
from recollect.tasks.laboratory.settings import QUICK, Settings

__all__ = ["laboratory"]

Watch = Callable[[Sequence[Result], int], None]


def laboratory(
    tasks: str | Sequence[str] | None = None,
    cells: str | Sequence[str] | None = None,
    lags: Sequence[int] | None = None,
    *,
    seeds: int | None = None,
    seed: int = 0,
    quick: bool = False,
    settings: Settings | None = None,
    max_time: float | None = None,
    out: Path | str | None = None,
    workers: int = 1,
    watch: Watch | None = None,
) -> list[Result]:
    """Train every cell on every task at every lag, from ``seeds`` seeds that begin with ``seed``, and score each.

    Left out, ``tasks`` and ``cells`` are all there are, ``lags`` those of each task, seeds 3, and ``settings`` the
    same budget for all, see ``Settings``; ``quick`` leaves out what a glance can do without. The same case gives the
    same bits, whatever else is asked for and however many ``workers`` (processes) share the work.

    After ``max_time`` seconds nothing more begins, and what is not done is left out of the results. With a folder
    ``out`` results are written there after each case, and those that it holds already are not measured again.
    ``watch(results, cases)`` is told after each case what there is, and how many are asked for.

    Raises InputError for a task, cell, lag or number that cannot be, ArtifactError and InputError for a folder with
    results that cannot be gone on with, OutputError for one that cannot be written.
    """
    settings = settings or Settings()
    chosen = _known("task", list(QUICK.lags) if quick and tasks is None else tasks, TASKS)
    kinds = _known("cell", QUICK.cells if quick and cells is None else cells, CELLS)
    count = seeds if seeds is not None else QUICK.seeds if quick else 3
    _check(count, max_time, workers)
    wanted = {task: _lags(task, lags, quick) for task in chosen}
    cases = [
        Case(task, cell, lag, seed + n)
        for n in range(count) for task in chosen for lag in wanted[task] for cell in kinds
    ]  # fmt: skip
    folder = None if out is None else _folder(Path(out))
    kept = {one.case: one for one in read(folder, settings)} if folder else {}
    until = None if max_time is None else time.time() + max_time

    def found() -> list[Result]:
        return [kept[case] for case in cases if case in kept]

    if watch:
        watch(found(), len(cases))
    with closing(_measured([case for case in cases if case not in kept], settings, until, workers)) as results:
        for result in results:
            kept[result.case] = result
            if folder:
                write(folder, settings, kept.values())
            if watch:
                watch(found(), len(cases))
    return found()


def _measured(
    cases: Sequence[Case], settings: Settings, until: float | None, workers: int
) -> Generator[Result, None, None]:
    """The results as they come, by as many processes; by this one alone if one is enough."""
    work = partial(measure, settings=settings, until=until)
    if min(workers, len(cases)) <= 1:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield from filter(None, map(work, cases))
        finally:
            torch.set_num_threads(threads)
        return
    others = set(active_children())
    with ProcessPoolExecutor(min(workers, len(cases)), get_context("spawn"), initializer=_settle) as pool:
        try:
            asked = [pool.submit(work, case) for case in cases]
            yield from filter(None, (one.result() for one in as_completed(asked)))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in set(active_children()) - others:
                worker.terminate()
            raise


def _settle() -> None:
    # Ctrl-C reaches every process of a terminal; the one that is waited for ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)


def _known(what: str, given: str | Sequence[str] | None, table: Mapping[str, object]) -> list[str]:
    names = list(dict.fromkeys(table if given is None else [given] if isinstance(given, str) else given))
    unknown = [name for name in names if name not in table]
    if unknown or not names:
        said = f"there is no {what} {unknown[0]!r}" if unknown else f"no {what} is given"
        raise InputError(f"{said}; there are {', '.join(table)}")
    return names


def _check(seeds: int, max_time: float | None, workers: int) -> None:
    for name, value in (("seeds", seeds), ("workers", workers)):
        if value < 1:
            raise InputError(f"{name} is {value}, and must be at least 1")
    if max_time is not None and not 0 < max_time < math.inf:
        raise InputError(f"max_time is {max_time}, and must be a positive number of seconds")


def _lags(task: str, given: Sequence[int] | None, quick: bool) -> list[int]:
    shortest, own = TASKS[task].shortest, TASKS[task].lags
    lags = sorted(set((QUICK.lags.get(task, own[:2]) if quick else own) if given is None else given))
    if not lags or lags[0] < shortest:
        said = f"a lag of {lags[0]} is too short for" if lags else "no lag is given for"
        raise InputError(f"{said} the task {task!r}: at least {shortest} ({TASKS[task].means})")
    return lags


def _folder(out: Path) -> Path:
    check_writable(out).rmdir()
    out.mkdir(parents=True, exist_ok=True)
    return out
