"""The hyperparameters of a text generator, checked once."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

from recollect.core.checks import require
from recollect.core.manifests import settings_from_json
from recollect.data.vocabulary import AUTO, KINDS

__all__ = ["SECONDS", "Settings"]

SECONDS = 180.0  # of training, where nothing else bounds it


@dataclass(frozen=True)
class Settings:
    """What ``TextGenerator`` was asked for; see there for the meaning of each.

    Raises InputError for a value out of its range.
    """

    tokens: str = AUTO
    vocabulary: int = 4096
    embedding_size: int | None = None
    hidden_size: int | None = None
    num_layers: int | None = None
    dropout: float | None = None
    batch_size: int | None = None
    stretch: int = 64
    learning_rate: float | None = None
    max_epochs: int | None = None
    max_time: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Check every field."""
        for name in ("embedding_size", "hidden_size", "num_layers", "batch_size", "stretch", "max_epochs"):
            value = getattr(self, name)
            whole = isinstance(value, int) and not isinstance(value, bool) and value >= 1
            require(whole or (value is None and name != "stretch"), name, value, "a whole number of at least 1")
        require(self.tokens in (AUTO, *KINDS), "tokens", self.tokens, f"one of {', '.join((AUTO, *KINDS))}")
        size = self.vocabulary
        require(isinstance(size, int) and size >= 1, "vocabulary", size, "a whole number of at least 1")
        require(self.dropout is None or 0 <= self.dropout < 1, "dropout", self.dropout, "a share in [0, 1)")
        for name in ("learning_rate", "max_time"):
            value = getattr(self, name)
            require(value is None or 0 < value < math.inf, name, value, "a number above 0")
        require(isinstance(self.seed, int), "seed", self.seed, "a whole number")

    @property
    def seconds(self) -> float | None:
        """The time that training may take; None where its epochs alone bound it."""
        return SECONDS if self.max_time is None and self.max_epochs is None else self.max_time

    def to_json(self) -> dict[str, object]:
        """Plain values for the manifest."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: object) -> Settings:
        """What ``to_json`` wrote; raises ArtifactError for anything else."""
        return settings_from_json(cls, data)
