"""Units that follow something, told from units that seem to."""

from __future__ import annotations

import numpy as np
import pytest

from recollect.core.errors import InputError, ShapeError
from recollect.memory import quotes, tracks

random = np.random.default_rng(0)


def wandering(T: int, N: int) -> np.ndarray:
    """Slow noise, as cells are: each keeps 0.95 of what it held."""
    values, noise = np.zeros((T, N)), random.normal(size=(T, N))
    for t in range(1, T):
        values[t] = 0.95 * values[t - 1] + noise[t]
    return values


def test_correlations_are_those_of_numpy_and_sorted_by_size() -> None:
    cells, signal = wandering(300, 5), random.normal(size=300)
    cells[:, 2] = 7.0
    found = tracks(cells, signal)
    for n in (0, 1, 3, 4):
        assert found.correlation[n] == pytest.approx(np.corrcoef(cells[:, n], signal)[0, 1])
    assert found.correlation[2] == 0 and found.order[-1] == 2
    assert (np.diff(np.abs(found.correlation[found.order])) <= 0).all()


def test_a_unit_that_knows_of_quotes_is_found_among_hundreds_and_chance_is_not_taken_for_it() -> None:
    words = ["the", "cat", '"sat', 'there"', "and", "then\n"]
    text = " ".join(random.choice(words, 600))
    signal = quotes(text)
    cells = wandering(len(text), 200)
    assert np.abs(tracks(cells, signal).correlation).max() <= 1.5 * tracks(cells, signal).chance
    cells[:, 137] = random.normal(0, 0.5, len(text)) - 2 * signal
    found = tracks(cells, signal)
    assert found.order[0] == 137 and found.correlation[137] < -0.8
    assert abs(found.correlation[137]) > 2 * found.chance


def test_chance_lets_one_in_twenty_through() -> None:
    """Of signals that have nothing to do with the cells, about 5 % seem to."""
    cells, fooled = wandering(600, 20), 0
    for _ in range(200):
        signal = wandering(600, 1)[:, 0]
        found = tracks(cells, signal)
        fooled += np.abs(found.correlation).max() > found.chance
    assert 2 <= fooled <= 28


def test_what_cannot_be_followed_is_said() -> None:
    with pytest.raises(ShapeError, match=r"cells are \[4, 2\] and the signal \[3\]"):
        tracks(np.zeros((4, 2)), np.arange(3))
    with pytest.raises(InputError, match="the signal is 1 at every step"):
        tracks(np.zeros((4, 2)), np.ones(4))
    with pytest.raises(InputError, match="not finite"):
        tracks(np.full((4, 2), np.nan), np.arange(4))
