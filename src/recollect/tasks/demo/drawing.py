"""Processes that draw, so that loading matplotlib and drawing cost little time beside the training."""

from __future__ import annotations

import gc
import importlib
import os
import signal
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Protocol

__all__ = ["Draw", "draw", "studio"]

PLOTS = "recollect.tasks.demo.plots"
PROCESSES = 2


class Draw(Protocol):
    """Draw ``plots.<picture>(*data)`` and write it to ``path``, now or soon."""

    def __call__(self, picture: str, path: Path, *data: object) -> None:
        """Ask for the picture."""


def draw(picture: str, path: Path, *data: object) -> None:
    """Draw one of the pictures of ``plots`` and write it to ``path``."""
    from recollect.report.canvas import save
    from recollect.tasks.demo import plots

    save(getattr(plots, picture)(*data), path)


def _settle() -> None:
    # Ctrl-C reaches every process of a terminal; it is meant for the training. So is the processor.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(5)


def _load() -> None:
    importlib.import_module(PLOTS)
    gc.freeze()  # what was loaded stays: to search it for garbage takes as long as a picture


def _context() -> BaseContext:
    """Where it can be, what draws is loaded once, and each process that draws is a fork of what loaded it."""
    if "forkserver" not in get_all_start_methods():
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload([PLOTS])
    return context


@contextmanager
def studio() -> Iterator[Draw]:
    """Inside, pictures are drawn by other processes; when it ends all are there, or what went wrong is raised."""
    asked: list[Future[Future[None]]] = []
    # The first to be asked is there only when matplotlib is: a thread waits for that, and nobody else.
    with ProcessPoolExecutor(PROCESSES, _context(), initializer=_settle) as pool, ThreadPoolExecutor(1) as waiting:
        waiting.submit(pool.submit, _load)

        def ask(picture: str, path: Path, *data: object) -> None:
            asked.append(waiting.submit(pool.submit, draw, picture, path, *data))

        yield ask
        for picture in asked:
            picture.result().result()
