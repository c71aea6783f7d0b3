"""Recollect: LSTM networks made practical.

    from recollect import Forecaster
    forecast = Forecaster(horizon=48).fit(table, target="load").predict()

The names below are loaded when first used, so that importing this package, or asking the command for help, loads
neither torch nor polars.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recollect.core.errors import RecollectError
    from recollect.core.state import LSTMState
    from recollect.nn.lstm import LSTM
    from recollect.tasks.forecast.estimator import Forecaster
    from recollect.tasks.laboratory.estimator import laboratory
    from recollect.tasks.text.estimator import TextGenerator

__version__ = "0.1.0"

__all__ = ["LSTM", "Forecaster", "LSTMState", "RecollectError", "TextGenerator", "__version__", "laboratory"]

_HOMES = {
    "Forecaster": "recollect.tasks.forecast.estimator",
    "LSTM": "recollect.nn.lstm",
    "LSTMState": "recollect.core.state",
    "RecollectError": "recollect.core.errors",
    "TextGenerator": "recollect.tasks.text.estimator",
    "laboratory": "recollect.tasks.laboratory.estimator",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'recollect' has no attribute {name!r}; it offers {', '.join(__all__)}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
