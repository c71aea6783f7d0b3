"""The paired bootstrap: it sees a real difference, and claims none where there is none."""

from __future__ import annotations

import math

import numpy as np
import pytest

from recollect.core.errors import InputError, ShapeError
from recollect.evaluate.statistics import skill


def _errors(seed: int, rows: int, sizes: tuple[float, float], steps: int = 4) -> tuple[np.ndarray, ...]:
    random = np.random.default_rng(seed)
    return np.zeros((rows, steps)), *(size * random.normal(size=(rows, steps)) for size in sizes)


def test_ratio_by_hand() -> None:
    result = skill([[1.0, 2.0], [3.0, math.nan]], [[2.0, 2.0], [6.0, 9.0]], [[3.0, 4.0], [3.0, 9.0]], scale=[1.0, 3.0])
    assert result.ratio == pytest.approx((1 + 0 + 3 / 3) / (2 + 2 + 0))
    assert result.horizon_ratio == pytest.approx([2 / 2, 0 / 2])
    assert math.isnan(result.low) and result.verdict == "too few to tell"


def test_a_clear_difference_is_seen_both_ways() -> None:
    actual, good, bad = _errors(1, 60, (1.0, 2.0))
    assert skill(actual, good, bad).verdict == "better"
    assert skill(actual, bad, good).verdict == "worse"
    assert skill(actual, good, bad).horizon_verdicts == ["better"] * 4


def test_equal_forecasts_are_seldom_called_different() -> None:
    verdicts = [skill(*_errors(seed, 40, (1.0, 1.0)), draws=300).verdict for seed in range(100)]
    assert verdicts.count("no better") >= 88  # expected 95 of 100, sd 2.2


def test_rows_of_one_unit_do_not_count_twice() -> None:
    parts = _errors(3, 12, (1.0, 1.2))
    once = skill(*parts)
    copies = [np.repeat(part, 50, axis=0) for part in parts]
    together = skill(*copies, unit=np.repeat(np.arange(12), 50))
    assert (together.ratio, together.low, together.high) == pytest.approx((once.ratio, once.low, once.high))
    apart = skill(*copies)
    assert apart.high - apart.low < (once.high - once.low) / 4


def test_the_same_seed_gives_the_same_interval() -> None:
    parts = _errors(4, 20, (1.0, 1.1))
    assert skill(*parts, seed=3).low == skill(*parts, seed=3).low != skill(*parts, seed=4).low


def test_rows_without_scale_are_left_out() -> None:
    actual, ours, theirs = _errors(5, 20, (1.0, 2.0))
    ours[7] = 1e9
    scale = np.ones(20)
    scale[7] = 0.0
    assert skill(actual, ours, theirs, scale).units == 19
    assert skill(actual, ours, theirs, scale).ratio < 1


def test_a_faultless_opponent_gives_no_ratio() -> None:
    result = skill(np.zeros((8, 1)), np.ones((8, 1)), np.zeros((8, 1)))
    assert math.isnan(result.ratio)


def test_wrong_input_is_refused() -> None:
    actual, ours, theirs = _errors(0, 8, (1.0, 1.0))
    with pytest.raises(ShapeError, match="all three"):
        skill(actual, ours[:3], theirs)
    with pytest.raises(ShapeError, match="scale must be"):
        skill(actual, ours, theirs, scale=[1.0])
    with pytest.raises(ShapeError, match="unit must be"):
        skill(actual, ours, theirs, unit=[1])
    with pytest.raises(InputError, match="nothing to compare"):
        skill(np.full((8, 4), np.nan), ours, theirs)
    with pytest.raises(InputError, match="finite numbers wherever"):
        skill(actual, np.full((8, 4), np.nan), theirs)
