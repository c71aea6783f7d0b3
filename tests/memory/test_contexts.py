"""The strongest windows, against a search by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from recollect.core.errors import InputError
from recollect.memory import contexts, record


def by_hand(v: list[float], radius: int) -> list[int]:
    return [
        t
        for t, value in enumerate(v)
        if value > 0
        and all(value > other for other in v[max(0, t - radius) : t])
        and all(value >= other for other in v[t + 1 : t + 1 + radius])
    ]


@pytest.mark.parametrize("size", [2**22, 8 * 12 * 7, 8 * 12])
@pytest.mark.parametrize("radius", [0, 1, 6])
def test_the_middles_are_the_largest_of_their_windows(cell, size, radius, make, normal, gaps, small_pieces):
    layer, x = make(cell, num_layers=2, hidden_size=2), normal(80, 3, 3)
    recording = record(layer, x, gaps=gaps(layer, x))
    memory = recording[recording.memory].astype(np.float64)
    small_pieces(size)
    for by in ("change", "size"):
        v = np.abs(np.diff(memory, axis=0, prepend=0) if by == "change" else memory)
        found = contexts(recording, by=by, most=5, radius=radius)
        for k, u in np.ndindex(2, 2):
            own = (found.layer == k) & (found.unit == u)
            middles = [(v[t, k, row, u], t, row) for row in range(3) for t in by_hand(v[:, k, row, u].tolist(), radius)]
            best = sorted(middles, reverse=True)[:5]
            assert list(zip(found.value[own], found.at[own], found.row[own], strict=True)) == best
        assert (found.start == np.maximum(found.at - radius, 0)).all()
        assert (found.stop == np.minimum(found.at + radius + 1, 80)).all()


def test_a_memory_that_stays_has_one_middle_and_none_at_zero(told: Callable):
    found = contexts(told(c=[0.0, 0.0, 2.0, 2.0, 2.0, 0.0], h=[0.0] * 6), by="size", radius=2)
    assert (found.at.tolist(), found.value.tolist()) == ([2], [2.0])
    assert len(contexts(told(c=[0.0] * 6, h=[0.0] * 6)).at) == 0


def test_another_word_is_refused(told: Callable):
    with pytest.raises(InputError, match="'growth', and may be 'change' or 'size'"):
        contexts(told(c=[0.0], h=[0.0]), by="growth")
