"""What happened in a training run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["Record"]


@dataclass
class Record:
    """The history of one run; ``dataclasses.asdict`` of it is JSON.

    ``losses[e - 1]`` is the mean training loss of epoch e; ``validations`` holds pairs (epoch, value), and epoch 0 is
    the untrained start. ``best_epoch`` is the one whose weights were kept (the last where nothing validates).
    ``stopped`` says why the run ended: "done", "patience", "time" or "interrupted"; it is empty while it goes on.
    ``seconds`` sums the sittings of a run that was resumed.
    """

    epochs: int = 0
    steps: int = 0
    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)
    validations: list[tuple[int, float]] = field(default_factory=list)
    best_epoch: int = 0
    stopped: str = ""

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Record:
        """What ``dataclasses.asdict`` made, read again from JSON; TypeError, ValueError or KeyError for else."""
        return cls(**(data | {"validations": [(int(epoch), float(value)) for epoch, value in data["validations"]]}))

    @property
    def best(self) -> float | None:
        """The validation value of the weights that were kept, None where nothing validates."""
        return dict(self.validations).get(self.best_epoch)
