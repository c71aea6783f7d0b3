"""Where the past is cut: origins of a rolling backtest, and the tail held out of training.

An origin is the number of points known when a forecast is made: ``y[:origin]`` is seen, and
``y[origin : origin + K]`` is forecast.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from recollect.core.errors import InputError

__all__ = ["holdout", "rolling_origins"]


def rolling_origins(
    length: int, horizon: int, folds: int, stride: int | None = None, minimum: int = 1
) -> npt.NDArray[np.int64]:
    """The last ``folds`` origins [folds], ascending, ``stride`` (default: the horizon) apart, each with a full horizon.

        origin[j] = length - horizon - (folds - 1 - j) * stride

    ``minimum`` points at least stand before the first. Raises InputError if the series is too short for that.
    Tashman 2000, section 4 (rolling origin), doi:10.1016/S0169-2070(00)00065-0.
    """
    step = horizon if stride is None else stride
    for name, value in (("horizon", horizon), ("folds", folds), ("stride", step), ("minimum", minimum)):
        if value < 1:
            raise InputError(f"{name} must be at least 1, not {value}")
    room = length - horizon - minimum
    if room < (folds - 1) * step:
        possible = f"at most {room // step + 1} folds fit" if room >= 0 else f"{horizon + minimum} points are needed"
        raise InputError(
            f"{folds} folds, {step} steps apart, of horizon {horizon} after at least {minimum} points need "
            f"{minimum + horizon + (folds - 1) * step} points, and the series has {length}: {possible}"
        )
    return length - horizon - step * np.arange(folds - 1, -1, -1, dtype=np.int64)


def holdout(length: int, share: float, at_least: int = 1) -> int:
    """Where the tail begins that is kept out of training: ``y[:cut]`` trains, ``y[cut:]`` chooses.

    The tail is ``share`` of the points, rounded up, and no shorter than ``at_least``. Raises InputError if
    nothing would be left to train on.
    """
    if not 0 < share < 1:
        raise InputError(f"the share held out must lie between 0 and 1, not {share}")
    tail = max(math.ceil(share * length), at_least)
    if tail >= length:
        raise InputError(f"holding out {tail} points leaves nothing of {length} to train on: more data are needed")
    return length - tail
