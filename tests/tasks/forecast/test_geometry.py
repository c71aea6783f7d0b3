from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recollect.core.errors import ArtifactError, InputError
from recollect.tasks.forecast.geometry import Geometry, plan_geometry

PLANS = given(
    horizon=st.integers(1, 1000),
    season=st.one_of(st.integers(1, 400), st.sampled_from([24, 168, 365, 1440])),
    length=st.integers(2, 100_000),
    lookback=st.one_of(st.none(), st.integers(2, 2000)),
)


@PLANS
@settings(deadline=None)
def test_every_plan_fits_its_data(horizon: int, season: int, length: int, lookback: int | None) -> None:
    g = plan_geometry(horizon, season, length, lookback)
    assert g.horizon == horizon and g.season == season
    assert g.window >= 2 and g.stride >= 1 and g.steps >= 1
    assert g.window <= max(length, lookback or 0)
    assert g.stride == 1 or season % g.stride == 0
    assert 1 in g.lags and list(g.lags) == sorted(set(g.lags)), "the last value is always a naive forecast"
    if lookback is not None:
        assert max(g.window, *g.lags) <= lookback


@PLANS
@settings(deadline=None)
def test_a_row_reaches_as_far_as_its_first_step_needs(horizon, season, length, lookback) -> None:
    g = plan_geometry(horizon, season, length, lookback)
    assert g.lead == max(g.window, *g.lags)
    assert g.reach == g.lead + (g.steps - 1) * g.stride


def test_a_patch_lies_within_the_lookback() -> None:
    g = plan_geometry(48, 24, 1000, lookback=6)
    assert g.stride <= 6


def test_a_seasonal_series_is_compared_with_its_last_season() -> None:
    assert {1, 24} <= set(plan_geometry(48, 24, 700).lags)
    assert set(plan_geometry(6, 1, 700).lags) == {1}


@pytest.mark.parametrize("lookback", [1, 0, -5])
def test_a_lookback_must_leave_a_change_to_see(lookback: int) -> None:
    with pytest.raises(InputError, match=f"lookback is {lookback}"):
        plan_geometry(3, 1, 100, lookback)


def test_survives_json() -> None:
    g = plan_geometry(48, 24, 700, 400)
    assert Geometry.from_json(json.loads(json.dumps(g.to_json()))) == g


@pytest.mark.parametrize("data", [None, [], {}, {"horizon": 3}])
def test_anything_else_is_refused(data: object) -> None:
    with pytest.raises(ArtifactError, match="saved geometry"):
        Geometry.from_json(data)


@pytest.mark.parametrize("change", [{"lags": 3}, {"window": None, "lags": None}])
def test_so_are_values_of_a_wrong_type(change: dict[str, object]) -> None:
    with pytest.raises(ArtifactError, match="saved geometry"):
        Geometry.from_json(plan_geometry(3, 1, 100).to_json() | change)
