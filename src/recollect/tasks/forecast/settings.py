"""The hyperparameters of a forecaster, checked once."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

from recollect.core.checks import require
from recollect.core.manifests import settings_from_json

__all__ = ["DOMAINS", "Settings"]

DOMAINS = ("auto", "real", "positive", "nonnegative", "count")
MOST_EPOCHS = 30


@dataclass(frozen=True)
class Settings:
    """What ``Forecaster`` was asked for; see there for the meaning of each.

    Raises InputError for a value out of its range.
    """

    horizon: int
    levels: tuple[float, ...] = (80.0, 95.0)
    season: int | None = None
    lookback: int | None = None
    hidden_size: int = 96
    num_layers: int = 1
    dropout: float = 0.15
    ensemble: int = 1
    domain: str = "auto"
    max_epochs: int = MOST_EPOCHS
    max_time: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Check every field."""
        for name in ("horizon", "season", "lookback", "hidden_size", "num_layers", "ensemble", "max_epochs"):
            value, least = getattr(self, name), 2 if name == "lookback" else 1
            whole = isinstance(value, int) and not isinstance(value, bool) and value >= least
            free = value is None and name in ("season", "lookback")
            require(whole or free, name, value, f"a whole number of at least {least}")
        require(0 <= self.dropout < 1, "dropout", self.dropout, "a share in [0, 1)")
        require(self.domain in DOMAINS, "domain", self.domain, f"one of {', '.join(DOMAINS)}")
        require(self.max_time is None or 0 < self.max_time < math.inf, "max_time", self.max_time, "seconds above 0")
        require(isinstance(self.seed, int), "seed", self.seed, "a whole number")
        levels = self.levels
        fits = list(levels) == sorted(set(levels)) and all(50 <= level < 100 for level in levels) and len(levels) > 0
        require(fits, "levels", levels, "per cent from 50 to under 100 in ascending order, such as (80, 95)")

    @property
    def shares(self) -> tuple[float, ...]:
        """The levels as probabilities."""
        return tuple(level / 100 for level in self.levels)

    @property
    def quantiles(self) -> tuple[float, ...]:
        """The probabilities that the network learns, ascending: the ends of every interval and the median."""
        half = [(1 - share) / 2 for share in self.shares]
        return (*reversed(half), 0.5, *(1 - low for low in half))

    def to_json(self) -> dict[str, object]:
        """Plain values for the manifest."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: object) -> Settings:
        """What ``to_json`` wrote; raises ArtifactError for anything else."""
        return settings_from_json(cls, data)
