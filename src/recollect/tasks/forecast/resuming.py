"""Which training a forecaster's is, so that one that was killed goes on and no other takes its checkpoints."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from recollect import __version__
from recollect.data.panel import Panel
from recollect.tasks.forecast.settings import Settings
from recollect.train.resuming import Identity

__all__ = ["CHANGES", "identity"]

CHANGES = {
    "data": "the data are others",
    "roles": "the columns have other names or roles",
    "stretch": "it learns from another stretch of the data",
}


def identity(
    panel: Panel, settings: Settings, ends: NDArray[np.int64], season: int, validation: int | None
) -> Identity:
    """What a training is: where all of it is equal, so are the bits that come of it."""
    arrays = hashlib.sha256()
    for array in (getattr(panel, field.name) for field in fields(panel)):
        if isinstance(array, np.ndarray):
            arrays.update(np.ascontiguousarray(array).data)
    return {
        "recollect": __version__,
        "data": arrays.hexdigest(),
        "roles": _digest([panel.schema.to_json(), panel.names]),
        **settings.to_json(),
        "levels": list(settings.levels),
        "season": season,
        "validation": validation,
        "stretch": _digest(ends.tolist()),
    }


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
