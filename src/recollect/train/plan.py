"""What a training run is asked to do, and the learning rate that follows from it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from recollect.core.checks import require

__all__ = ["Plan"]


@dataclass(frozen=True)
class Plan:
    """How long and how fast to train.

    ``max_epochs`` and ``max_time`` (seconds, None for no limit) bound the run; whichever comes first ends it.
    ``learning_rate`` is the peak; it rises linearly over the fraction ``warmup`` of the run and falls to about
    zero by a cosine. ``weight_decay`` touches matrices only, never biases and norms. ``clip_norm`` bounds the
    gradient's norm (None: no bound). ``patience`` is the number of epochs without a better validation after which
    training stops (None: never), ``enough`` the validation at or below which it stops (None: none is); validation
    comes every ``validate_every`` epochs. ``average`` is the decay of an exponential average of the weights, which is
    then what is validated and kept (None: no average).
    ``steps_per_epoch`` cuts long or endless batches (None: as many as ``len(batches)`` says).
    ``checkpoint_every`` is the least number of seconds between two checkpoints.

    Raises InputError for a value out of its range.
    """

    max_epochs: int = 100
    max_time: float | None = None
    learning_rate: float = 3e-3
    weight_decay: float = 0.01
    clip_norm: float | None = 1.0
    warmup: float = 0.05
    patience: int | None = None
    enough: float | None = None
    average: float | None = None
    validate_every: int = 1
    steps_per_epoch: int | None = None
    checkpoint_every: float = 30.0

    def __post_init__(self) -> None:
        """Check every field."""
        for name in ("max_epochs", "validate_every", "steps_per_epoch", "patience"):
            value = getattr(self, name)
            require(value is None or value >= 1, name, value, "a whole number of at least 1")
        for name in ("max_time", "learning_rate", "clip_norm"):
            value = getattr(self, name)
            require(value is None or 0 < value < math.inf, name, value, "a positive number")
        require(self.enough is None or math.isfinite(self.enough), "enough", self.enough, "a finite number")
        for name in ("weight_decay", "checkpoint_every"):
            value = getattr(self, name)
            require(0 <= value < math.inf, name, value, "a number of at least 0")
        require(0 <= self.warmup < 1, "warmup", self.warmup, "a fraction in [0, 1)")
        require(self.average is None or 0 < self.average < 1, "average", self.average, "a decay in (0, 1)")

    def rate(self, progress: float) -> float:
        """The learning rate at ``progress`` in [0, 1] through the run: linear warm-up, then cosine to zero.

        Loshchilov & Hutter 2017, "SGDR", section 3 (one cycle, no restart).
        """
        if progress < self.warmup:
            return self.learning_rate * progress / self.warmup
        along = min(1.0, (progress - self.warmup) / (1 - self.warmup))
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * along))
