"""Origins and the held-out tail."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recollect.core.errors import InputError
from recollect.evaluate.splits import holdout, rolling_origins


def test_the_last_origin_has_exactly_a_full_horizon() -> None:
    assert rolling_origins(100, 10, 3).tolist() == [70, 80, 90]
    assert rolling_origins(100, 10, 3, stride=1).tolist() == [88, 89, 90]
    assert rolling_origins(11, 10, 1).tolist() == [1]


@given(st.integers(1, 300), st.integers(1, 40), st.integers(1, 12), st.integers(1, 30), st.integers(1, 20))
def test_origins_fit_or_are_refused(length: int, horizon: int, folds: int, stride: int, minimum: int) -> None:
    if length < minimum + horizon + (folds - 1) * stride:
        with pytest.raises(InputError, match="points, and the series has"):
            rolling_origins(length, horizon, folds, stride, minimum)
        return
    origins = rolling_origins(length, horizon, folds, stride, minimum)
    assert len(origins) == folds
    assert origins[0] >= minimum
    assert origins[-1] + horizon == length
    assert all(b - a == stride for a, b in itertools.pairwise(origins))


def test_messages_say_what_would_work() -> None:
    with pytest.raises(InputError, match="at most 2 folds fit"):
        rolling_origins(25, 10, 5)
    with pytest.raises(InputError, match="11 points are needed"):
        rolling_origins(8, 10, 1)
    with pytest.raises(InputError, match="folds must be at least 1, not 0"):
        rolling_origins(8, 2, 0)


def test_holdout() -> None:
    assert holdout(100, 0.2) == 80
    assert holdout(101, 0.2) == 80
    assert holdout(100, 0.1, at_least=24) == 76
    with pytest.raises(InputError, match="nothing of 24"):
        holdout(24, 0.1, at_least=24)
    with pytest.raises(InputError, match="between 0 and 1"):
        holdout(24, 1.0)
