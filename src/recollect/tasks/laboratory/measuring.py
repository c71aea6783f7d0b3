"""One case of the laboratory: a fresh network learns a task at a lag, and is scored on sequences it never saw."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from recollect.core.errors import TrainingError
from recollect.core.seeds import derive_seed
from recollect.tasks.laboratory.data import NOTHING, Batch
from recollect.tasks.laboratory.network import Rememberer
from recollect.tasks.laboratory.problems import TASKS
from recollect.tasks.laboratory.results import Case, Result
from recollect.tasks.laboratory.settings import Settings
from recollect.train.loop import fit
from recollect.train.plan import Plan

__all__ = ["measure"]

VALIDATION, TEST, CHUNK = 256, 1024, 128  # sequences, and how many are read at once


def measure(case: Case, settings: Settings, until: float | None = None) -> Result | None:
    """Train and score one case; the same case and settings give the same bits.

    The sequences depend on task, lag and seed alone: all cells learn from the same. ``until`` is a time of
    ``time.time()``: a case that is not done by then gives None, and nothing else depends on the clock.
    """
    if until is not None and time.time() > until:
        return None
    task, trained, stopped, began = TASKS[case.task], 0, "", time.monotonic()
    network = Rememberer(
        task.inputs, task.outputs, settings.hidden_size, case.cell, case.lag, _seed(case, "weights", case.cell)
    )
    epochs, every = -(-settings.steps // settings.validate_every), settings.validate_every
    plan = Plan(
        max_epochs=epochs, steps_per_epoch=every, learning_rate=settings.learning_rate, weight_decay=0.0,
        enough=task.bar(case.lag) / 2,
    )  # fmt: skip
    validation = list(_chunks(case, "validation", VALIDATION))

    def batches(epoch: int) -> Iterator[Batch]:
        nonlocal trained
        random = np.random.default_rng(_seed(case, "training", epoch))
        for _ in range(every):
            if until is not None and time.time() > until:
                raise _OutOfTime
            trained += 1
            yield task.draw(random, settings.rows, case.lag)

    try:
        record = fit(
            network, batches, _loss, plan=plan, seed=case.seed,
            validate=lambda one: next(iter(_scores(one, case, validation).values())),
        )  # fmt: skip
        steps, stopped = record.best_epoch * every, record.stopped
    except _OutOfTime:
        return None
    except TrainingError:
        steps, stopped = trained, "diverged"
    if stopped == "interrupted":
        raise KeyboardInterrupt
    seconds, chance, bar = time.monotonic() - began, task.chance(case.lag), task.bar(case.lag)
    scores = _scores(network, case, _chunks(case, "test", TEST))
    value = next(iter(scores.values()))
    return Result(case, value <= bar, steps, trained, stopped, seconds, value, chance, bar, dict(scores))


class _OutOfTime(Exception):  # noqa: N818
    """The time for all cases is over."""


def _seed(case: Case, *use: str | int) -> int:
    return derive_seed(case.seed, "laboratory", case.task, case.lag, *use)


def _chunks(case: Case, use: str, rows: int) -> Iterator[Batch]:
    for number in range(rows // CHUNK):
        yield TASKS[case.task].draw(np.random.default_rng(_seed(case, use, number)), CHUNK, case.lag)


def _said(network: Rememberer, batch: Batch) -> Tensor:
    said: Tensor = network(torch.from_numpy(batch.x), torch.from_numpy(batch.lengths), batch.y.ndim == 2)
    return said


def _loss(network: Rememberer, batch: Batch) -> Tensor:
    """The squared error of numbers, the cross-entropy of classes over all that was asked."""
    said, y = _said(network, batch), torch.from_numpy(batch.y)
    if y.is_floating_point():
        return F.mse_loss(said[:, 0], y)
    return F.cross_entropy(said.flatten(0, -2), y.flatten(), ignore_index=NOTHING)


def _scores(network: Rememberer, case: Case, chunks: Iterator[Batch] | list[Batch]) -> Mapping[str, float]:
    with torch.no_grad():
        found = [TASKS[case.task].score(_said(network, batch).numpy(), batch) for batch in chunks]
    return {name: float(np.mean([scores[name] for scores in found])) for name in found[0]}
