"""The budget that every cell gets, and what a quick look leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from recollect.core.errors import InputError

__all__ = ["QUICK", "Settings"]


@dataclass(frozen=True)
class Settings:
    """How each network is made and trained, the same for every cell.

    ``steps`` of AdamW without decay on ``rows`` fresh sequences each, the gradient's norm at most 1, the rate rising to
    ``learning_rate`` over a twentieth of them and falling by a cosine; ``hidden_size`` units in one layer. Every
    ``validate_every`` steps 256 other sequences are scored: at half of what counts as solved the training ends. The
    steps are made up to a whole number of these.

    Raises InputError for a number below 1 where steps, sequences or units are counted.
    """

    steps: int = 1000
    rows: int = 16
    hidden_size: int = 32
    learning_rate: float = 2e-2
    validate_every: int = 50

    def __post_init__(self) -> None:
        """Check what is counted; the rate is checked where it is used."""
        for name in ("steps", "rows", "hidden_size", "validate_every"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}, and must be at least 1")


@dataclass(frozen=True)
class Quick:
    """What a quick look looks at; the budget of each training is the same."""

    lags: Mapping[str, tuple[int, ...]]
    cells: tuple[str, ...]
    seeds: int


# The short lags are such that the plain RNN surely bridges them.
QUICK = Quick({"adding": (5, 100), "order": (10, 100)}, ("lstm", "rnn"), 1)
