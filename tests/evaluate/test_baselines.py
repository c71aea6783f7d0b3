"""Baselines against plain loops and cases worked by hand; every listed baseline keeps the same laws."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recollect.core.errors import InputError, MissingExtraError
from recollect.evaluate.baselines import BASELINES, seasonal_naive_batch

LEVELS = (0.8, 0.95)
Z80 = 1.2815515655446004


def _monthly(years: int = 8, noise: float = 0.3) -> np.ndarray:
    month = np.arange(12 * years)
    random = np.random.default_rng(5)
    return np.asarray(50 + 0.1 * month + 8 * np.sin(2 * np.pi * month / 12) + random.normal(0, noise, len(month)))


def _looped(history: list[float], origin: int, step: int, season: int) -> float:
    seen = history[:origin]
    place = origin + step - 1
    same = [t for t in range(place % season, origin, season) if not math.isnan(seen[t])]
    anywhere = [t for t in range(origin) if not math.isnan(seen[t])]
    return seen[same[-1] if same else anywhere[-1]]


@given(st.integers(0, 2**32 - 1), st.integers(0, 9), st.integers(1, 20))
def test_batch_equals_a_plain_loop(seed: int, season: int, horizon: int) -> None:
    random = np.random.default_rng(seed)
    history = random.normal(size=25)
    history[random.random(25) < 0.4] = np.nan
    history[:2] = 1.0, 2.0
    origins = np.arange(2, 26)
    point, lower, upper = seasonal_naive_batch(history, origins, horizon, season, LEVELS)
    for row, origin in enumerate(origins):
        expected = [_looped(history.tolist(), origin, k, max(season, 1)) for k in range(1, horizon + 1)]
        assert point[row].tolist() == expected
    assert np.isfinite(lower).all() and np.isfinite(upper).all()


@given(st.integers(0, 2**32 - 1), st.integers(1, 8))
def test_nothing_after_an_origin_reaches_it(seed: int, season: int) -> None:
    random = np.random.default_rng(seed)
    history = random.normal(size=30)
    changed = history.copy()
    changed[17:] = random.normal(size=13) * 1e6
    before = seasonal_naive_batch(history, [9, 17], 6, season, LEVELS)
    after = seasonal_naive_batch(changed, [9, 17], 6, season, LEVELS)
    for one, other in zip(before, after, strict=True):
        assert np.array_equal(one, other)


def test_seasonal_intervals_by_hand() -> None:
    history = [1.0, 10.0, 2.0, 12.0]  # changes over the season: 1 and 2, so sigma^2 = 2.5
    result = BASELINES["seasonal_naive"](history, 5, 2, (0.8,))
    assert result.point.tolist() == [2.0, 12.0, 2.0, 12.0, 2.0]
    half = Z80 * math.sqrt(2.5) * np.sqrt([1, 1, 2, 2, 3])
    assert result.upper[:, 0] - result.point == pytest.approx(half)
    assert result.point - result.lower[:, 0] == pytest.approx(half)


def test_without_a_pair_over_the_season_sigma_is_that_of_neighbours() -> None:
    result = BASELINES["seasonal_naive"]([1.0, 3.0, 7.0], 2, 12, (0.8,))
    assert result.point.tolist() == [7.0, 7.0]
    assert result.upper[0, 0] - 7.0 == pytest.approx(Z80 * math.sqrt((4 + 16) / 2))


def test_naive_widens_with_the_root_of_the_step() -> None:
    result = BASELINES["naive"]([1.0, 2.0, math.nan, 4.0, math.nan], 4, 12, (0.8,))
    assert result.point.tolist() == [4.0] * 4
    widths = result.upper[:, 0] - result.lower[:, 0]
    assert widths / widths[0] == pytest.approx(np.sqrt([1, 2, 3, 4]))


def test_drift_goes_on_along_the_line_through_the_ends() -> None:
    result = BASELINES["drift"]([math.nan, 2.0, 5.0, math.nan, 8.0, math.nan], 3, 1, (0.8,))
    assert result.point == pytest.approx([12.0, 14.0, 16.0])
    sigma = math.sqrt(((5 - 2 - 2) ** 2 / 1 + (8 - 5 - 4) ** 2 / 2) / 2)
    assert result.upper[1, 0] - 14.0 == pytest.approx(Z80 * sigma * math.sqrt(2 * (1 + 2 / 3)))


def test_ets_and_theta_follow_trend_and_season() -> None:
    history, truth = _monthly()[:84], _monthly()[84:]
    naive_error = np.abs(BASELINES["seasonal_naive"](history, 12, 12, LEVELS).point - truth).mean()
    for name in ("ets", "theta"):
        result = BASELINES[name](history, 12, 12, LEVELS)
        assert np.abs(result.point - truth).mean() < 0.6 * naive_error, name
        assert result.note == ""


def test_ets_of_a_random_walk_is_nearly_the_naive() -> None:
    walk = np.cumsum(np.random.default_rng(2).normal(size=300))
    result = BASELINES["ets"](walk, 4, 1, (0.8,))
    assert result.point == pytest.approx(np.full(4, walk[-1]), abs=0.4)
    half = (result.upper - result.lower)[:, 0] / 2
    assert half == pytest.approx(Z80 * np.sqrt([1, 2, 3, 4]), rel=0.15)


@pytest.mark.parametrize("name", ["ets", "theta"])
def test_filled_gaps_are_told(name: str) -> None:
    history = _monthly()
    history[[20, 50, 51]] = np.nan
    result = BASELINES[name](history, 6, 12, LEVELS)
    assert result.note.startswith(f"{name}: 3 missing values filled")


@pytest.mark.parametrize("name", ["ets", "theta"])
def test_where_a_model_cannot_be_fitted_the_stand_in_is_told(name: str) -> None:
    result = BASELINES[name]([1.0, 2.0], 3, 1, LEVELS)
    assert "seasonal naive instead" in result.note
    assert result.point.tolist() == [2.0, 2.0, 2.0]


@pytest.mark.parametrize("name", sorted(BASELINES))
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), length=st.integers(4, 40), season=st.sampled_from([0, 1, 4, 12]))
def test_laws_of_every_baseline(name: str, seed: int, length: int, season: int) -> None:
    history = np.cumsum(np.random.default_rng(seed).normal(size=length))
    history[1] = np.nan
    result = BASELINES[name](history, 5, season, LEVELS)
    assert result.point.shape == (5,)
    assert result.lower.shape == result.upper.shape == (5, 2)
    stacked = np.c_[result.lower[:, ::-1], result.point, result.upper]
    assert np.isfinite(stacked).all()
    assert (np.diff(stacked, axis=1) >= 0).all()


@pytest.mark.parametrize("name", sorted(BASELINES))
def test_a_constant_series_stays_where_it_is(name: str) -> None:
    result = BASELINES[name](np.full(30, 7.0), 4, 4, LEVELS)
    assert result.point == pytest.approx(np.full(4, 7.0))


@pytest.mark.parametrize("name", sorted(BASELINES))
def test_too_little_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="2 observed values before its origin"):
        BASELINES[name]([math.nan, 3.0], 4, 1, LEVELS)


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(InputError, match="horizon of at least 1"):
        seasonal_naive_batch([1.0, 2.0], [2], 0, 1, LEVELS)
    with pytest.raises(InputError, match="between 0 and 2, not 3"):
        seasonal_naive_batch([1.0, 2.0], [3], 1, 1, LEVELS)


def test_an_absent_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "statsmodels.tsa.api", None)
    with pytest.raises(MissingExtraError, match=r"recollect\[statistics\]"):
        BASELINES["theta"]([1.0, 2.0, 3.0], 1, 1, ())
