"""Film: what a layer does with the same input, again and again while it is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from recollect.memory.reading import Floats, Ints, Piece, Values, evaluating, place, time_first, traced
from recollect.nn.lstm import LSTM

__all__ = ["Film", "Frames"]


@dataclass(frozen=True)
class Frames:
    """n looks at a layer that reads one fixed input.

    Attributes:
        at: [n], the number of calls before each look; the last is now.
        values: by the names of the cell's trace, [n, T, L * D, B, H] each, in float32.
    """

    at: Ints
    values: Mapping[str, Floats]


class Film:
    """Keeps the trace of ``lstm`` on a small fixed input ``x``, in the layer's layout, as a training goes on.

        film = Film(lstm, x)
        for batch in batches:
            film()                  # looks at the first call, and 1, 2, 4, 8, ... calls after it
            ...                     # a step, or an epoch, of training
        frames = film.frames()      # looks once more, at what has become of the layer

    So it looks often while much changes, and a training of n calls costs some log2(n) readings of ``x``. It draws no
    random number and leaves the layer as it is: a training with it takes the same steps to the bit.
    """

    def __init__(self, lstm: LSTM, x: Values, *, gaps: Values | None = None) -> None:
        read = time_first(lstm, x, gaps)
        self._piece = Piece(place(lstm, read.x), None if read.gaps is None else place(lstm, read.gaps))
        self._lstm, self._calls = lstm, 0
        self._at: list[int] = []
        self._looks: list[dict[str, Floats]] = []

    def __call__(self) -> None:
        """Count a call, and look if it is the first or a power of two of them lies before it."""
        if not self._calls & (self._calls - 1):
            self._at.append(self._calls)
            self._looks.append(self._look())
        self._calls += 1

    def frames(self) -> Frames:
        """All looks so far, and one at the layer as it is now."""
        looks = [*self._looks, self._look()]
        at = np.array([*self._at, self._calls])
        return Frames(at, {name: np.stack([look[name] for look in looks]) for name in looks[0]})

    def _look(self) -> dict[str, Floats]:
        with evaluating(self._lstm):
            values, _ = traced(self._lstm, self._piece, None)
        return {name: value.float().cpu().numpy().copy() for name, value in values.items()}
