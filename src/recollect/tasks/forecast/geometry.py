"""How far the network looks, in which strides, and which naive forecasts it starts from."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from recollect.core.errors import ArtifactError, InputError

__all__ = ["Geometry", "plan_geometry"]

LONGEST_WEEK = 192
SHORTEST_WINDOW = 26
LONGEST_WINDOW = 512
STEPS = 14


@dataclass(frozen=True)
class Geometry:
    """The sizes that the data give the network; all in time steps.

    Attributes:
        horizon: K, steps forecast at every origin.
        season: m, the seasonal period; 1 is none.
        window: W, the newest values that each LSTM step sees, normalised.
        stride: p, time steps from one LSTM step to the next; a patch.
        steps: S, LSTM steps in a row.
        lags: the naive forecasts mixed in the highway; lag L repeats the last L values.
        lookback: nothing older than this many steps before an origin is seen; None for no limit.
    """

    horizon: int
    season: int
    window: int
    stride: int
    steps: int
    lags: tuple[int, ...]
    lookback: int | None = None

    @property
    def lead(self) -> int:
        """Values before an LSTM step's position that it needs."""
        return max(self.window, *self.lags)

    @property
    def reach(self) -> int:
        """Values before an origin that a row needs in all."""
        return self.lead + (self.steps - 1) * self.stride

    def to_json(self) -> dict[str, object]:
        """Plain numbers for the manifest."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: object) -> Geometry:
        """What ``to_json`` wrote; raises ArtifactError for anything else."""
        if not isinstance(data, dict) or set(data) != set(cls.__dataclass_fields__):
            raise ArtifactError(f"a saved geometry must hold {sorted(cls.__dataclass_fields__)}, got {data!r:.200}")
        if not isinstance(data["lags"], list | tuple):
            raise ArtifactError(f"the saved geometry's lags must be a list, got {data['lags']!r}")
        return cls(**(data | {"lags": tuple(data["lags"])}))


def plan_geometry(horizon: int, season: int, length: int, lookback: int | None = None) -> Geometry:
    """Sizes for series of a typical ``length`` with this ``season``.

    The window holds seven seasons (a week of days) where that is at most 192 steps, else a season and a quarter, and
    never over a third of the data. The stride divides the season, and is at most a day of hours and half the horizon.
    The naive forecasts are the last value, the last season, the two before, and seven seasons ago, where the data
    reach that far.

    Raises InputError if ``lookback`` leaves nothing to see.
    """
    if lookback is not None and lookback < 2:
        raise InputError(f"lookback is {lookback}: at least 2 steps are needed to see a change")
    longest = lookback or max(length // 3, 2)
    wanted = 7 * season if 7 * season <= LONGEST_WEEK else season + season // 4
    window = min(max(wanted, SHORTEST_WINDOW), LONGEST_WINDOW, longest)
    stride = _stride(season, min(24, horizon // 2, longest)) if length >= 8 * season else 1
    steps = max(1, min(STEPS, (lookback or length) // stride))
    reach = lookback or length // 2
    multiples = (1, 2, 7) if season > 1 else (1,)
    lags = tuple(sorted({1, *(season * m for m in multiples if season * m <= reach)}))
    return Geometry(horizon, season, window, stride, steps, lags, lookback)


def _stride(season: int, most: int) -> int:
    """The largest divisor of a long season up to ``most``; 1 for a season that is short itself."""
    if season < 24:
        return 1
    return next(p for p in range(max(1, most), 0, -1) if season % p == 0)
