"""The table of tasks: what is drawn, how it is scored, what one who does not remember reaches, and what is solved."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from recollect.tasks.laboratory import data, scoring
from recollect.tasks.laboratory.data import Batch, Floats
from recollect.tasks.laboratory.reber import embedded_reber

__all__ = ["TASKS", "Task"]


@dataclass(frozen=True)
class Task:
    """A row of the table.

    Attributes:
        title: its name for people.
        draw: some rows of it at a lag.
        inputs, outputs: the width of x and of what the network says.
        score: all its scores, each to be small; the first is the measure that decides.
        measure: the name of that one for people, with its unit.
        chance: what one reaches who knows the task but remembers nothing, at a lag.
        solved: the share of ``chance`` at which a task counts as solved.
        lags: those to look at.
        shortest: the least lag.
        means: what a lag counts.
    """

    title: str
    draw: Callable[[np.random.Generator, int, int], Batch]
    inputs: int
    outputs: int
    score: Callable[[Floats, Batch], Mapping[str, float]]
    measure: str
    chance: Callable[[float], float]
    solved: float
    lags: tuple[int, ...]
    shortest: int
    means: str

    def bar(self, lag: float) -> float:
        """The measure at or below which it is solved."""
        return self.solved * self.chance(lag)


def _always(value: float) -> Callable[[float], float]:
    return lambda lag: value


TASKS: dict[str, Task] = {
    "adding": Task(
        "Adding", data.adding, 2, 1, scoring.score_adding, "mean squared error", _always(1 / 6), 0.06,
        (50, 100, 200, 400), 2, "steps",
    ),
    "order": Task(
        "Temporal order", data.temporal_order, 8, 4, scoring.score_classes, "share wrong", _always(3 / 4), 0.01 / 0.75,
        (50, 100, 200, 400), 10, "least steps",
    ),
    "noise-free": Task(
        "Noise-free sequences", data.noise_free, 54, 2, scoring.score_classes, "share wrong", _always(1 / 2), 0.02,
        (50, 100, 200, 1000), 1, "least distractors",
    ),
    "noisy": Task(
        "Noisy sequences", data.noisy, 1, 2, scoring.score_classes, "share wrong", _always(1 / 2), 0.02,
        (50, 100, 200, 500), 4, "least steps",
    ),
    "reber": Task(
        "Embedded Reber grammar", embedded_reber, 7, 7, scoring.score_reber, "share of strings wrong", _always(1 / 2),
        0.02, (5, 10, 20, 50), 5, "least symbols between",
    ),
    "copying": Task(
        "Copying", data.copying, 10, 10, scoring.score_copying, "cross-entropy, nats a step",
        lambda lag: data.RECALLED * math.log(data.ALPHABET) / (lag + 2 * data.RECALLED), 0.1,
        (10, 20, 50), 1, "steps of silence",
    ),
}  # fmt: skip
