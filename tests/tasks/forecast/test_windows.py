"""Windows gathered by index, against a plain loop over Python lists."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recollect.data.clock import Clock
from recollect.data.panel import Panel
from recollect.data.schema import Schema
from recollect.tasks.forecast.covariates import Covariates
from recollect.tasks.forecast.data import SPREAD_FLOOR, Batch, Rows, Windows
from recollect.tasks.forecast.geometry import Geometry
from recollect.tasks.forecast.scaling import Scaling

VALUE = st.one_of(st.integers(-9, 9).map(float), st.just(np.nan))


def windows_of(values: list[list[float]], geometry: Geometry) -> Windows:
    """The values as they are: z is y."""
    lengths = np.array([len(v) for v in values])
    count, total = len(values), int(lengths.sum())
    panel = Panel(
        Schema("y", Clock(), series="id"), Clock(), tuple(map(str, range(count))), np.zeros(count, np.int64),
        np.concatenate([[0], np.cumsum(lengths)]), lengths, np.concatenate(values), np.empty((total, 0)),
        np.empty((total, 0)), np.empty((count, 0)), np.empty((count, 0), np.int64),
    )  # fmt: skip
    plain = Scaling(False, np.zeros(count), np.ones(count), np.ones(count))
    return Windows(panel, geometry, plain, Covariates.learn(panel, panel.ends))


def at(y: list[float], step: int, oldest: int) -> float:
    return y[step] if max(oldest, 0) <= step < len(y) else np.nan


@given(
    st.lists(st.lists(VALUE, min_size=1, max_size=14), min_size=1, max_size=3),
    st.integers(1, 4),
    st.integers(1, 5),
    st.integers(1, 3),
    st.integers(1, 3),
    st.sets(st.integers(1, 5), min_size=1),
    st.one_of(st.none(), st.integers(2, 9)),
    st.integers(0, 99),
)
@settings(max_examples=150, deadline=None)
def test_every_number_of_a_batch(values, horizon, window, stride, steps, lags, lookback, draw) -> None:
    g = Geometry(horizon, 1, window, stride, steps, tuple(sorted(lags)), lookback)
    random = np.random.default_rng(draw)
    series = random.integers(0, len(values), 4)
    origins = np.array([random.integers(0, len(values[n]) + 1) for n in series])
    limits = np.array([random.integers(0, len(values[n]) + 1) for n in series])
    batch = windows_of(values, g).batch(series, origins, limits)
    for row, (n, origin, limit) in enumerate(zip(series, origins, limits, strict=True)):
        oldest = -99 if lookback is None else origin - lookback
        for s in range(steps):
            place = int(origin) - (steps - 1 - s) * stride
            known = [at(values[n], step, oldest) for step in range(place - window, place)]
            seen = [v for v in known if not np.isnan(v)]
            level = sum(seen) / max(len(seen), 1)
            spread = (sum((v - level) ** 2 for v in seen) / max(len(seen), 1) + SPREAD_FLOOR**2) ** 0.5
            expected = [0.0 if np.isnan(v) else (v - level) / spread for v in known]
            assert batch.window[row, s].tolist() == pytest.approx(expected, abs=2e-4)
            assert batch.seen[row, s].tolist() == [float(not np.isnan(v)) for v in known]
            assert (float(batch.level[row, s]), float(batch.spread[row, s])) == pytest.approx((level, spread), rel=1e-4)
            for c, lag in enumerate(g.lags):
                for k in range(horizon):
                    naive = at(values[n], place - lag + k % lag, oldest)
                    assert bool(batch.closed[row, s, c, k] < 0) == bool(np.isnan(naive))
                    told = 0.0 if np.isnan(naive) else (naive - level) / spread
                    assert float(batch.naive[row, s, c, k]) == pytest.approx(told, abs=2e-4)
            for k in range(horizon):
                target = at(values[n], place + k, -99) if place > 0 and place + k < limit else np.nan
                if batch.weight[row, s, k] > 0:
                    assert float(batch.target[row, s, k]) == pytest.approx((target - level) / spread, abs=2e-4)
                else:
                    assert np.isnan(target) or lookback is not None, "only a look-back may leave out more"


GEOMETRY = Geometry(horizon=3, season=1, window=4, stride=2, steps=3, lags=(1, 3))


def test_no_number_is_ever_missing() -> None:
    """A series that is all gap, one of a single value, and origins before anything is known."""
    windows = windows_of([[np.nan] * 9, [5.0], [1.0, np.nan, 2.0]], GEOMETRY)
    batch = windows.batch(np.array([0, 0, 1, 1, 2]), np.array([0, 9, 0, 1, 2]), np.array([9, 9, 1, 1, 3]))
    for field in fields(Batch):
        assert torch.isfinite(getattr(batch, field.name).float()).all(), field.name


def test_a_window_depends_neither_on_its_level_nor_its_spread() -> None:
    y = [3.0, -1.0, 4.0, 1.0, 5.0, 9.0, -2.0, 6.0, 5.0, 3.0]
    origin = np.array([10])
    a = windows_of([y], GEOMETRY).batch(np.array([0]), origin)
    b = windows_of([[100 * v + 5000 for v in y]], GEOMETRY).batch(np.array([0]), origin)
    assert torch.allclose(a.window, b.window, atol=2e-3) and torch.allclose(a.naive, b.naive, atol=1e-2)


def test_neighbouring_series_do_not_leak_into_each_other() -> None:
    inner = [1.0, 2.0, 3.0, 4.0, 5.0]
    row = np.array([1]), np.array([4]), np.array([5])
    a = windows_of([[7.0] * 9, inner, [7.0] * 9], GEOMETRY).batch(*row)
    b = windows_of([[-1e6] * 9, inner, [np.nan] * 9], GEOMETRY).batch(*row)
    assert all(torch.equal(getattr(a, f.name), getattr(b, f.name)) for f in fields(Batch))


def test_what_was_not_observed_has_no_weight_whatever_its_place_holds() -> None:
    y = [1.0, 2.0, np.nan, 4.0, 5.0, np.nan, 7.0, 8.0]
    batch = windows_of([y], replace(GEOMETRY, steps=1)).batch(np.array([0]), np.array([4]), np.array([7]))
    assert (batch.weight[0, 0] > 0).tolist() == [True, False, True]
    limited = windows_of([y], replace(GEOMETRY, steps=1)).batch(np.array([0]), np.array([4]), np.array([6]))
    assert (limited.weight[0, 0] > 0).tolist() == [True, False, False]


def test_without_limits_there_are_no_targets() -> None:
    batch = windows_of([[1.0, 2.0]], GEOMETRY).batch(np.array([0]), np.array([2]))
    assert batch.target.numel() == batch.weight.numel() == 0


def test_actual_values_end_where_a_row_may_see_no_further() -> None:
    windows = windows_of([[1.0, 2.0, np.nan, 4.0, 5.0], [9.0]], GEOMETRY)
    found = windows.actual(Rows(np.array([0, 0, 1]), np.array([1, 3, 1]), np.array([4, 4, 1])))
    expected = [[2.0, np.nan, 4.0], [4.0, np.nan, np.nan], [np.nan] * 3]
    assert np.array_equal(found, expected, equal_nan=True)


def test_parts_are_slices() -> None:
    rows = Rows(np.arange(5), np.arange(5) * 2, np.arange(5) * 3)
    part = rows.part(1, 3)
    assert len(rows) == 5 and len(part) == 2
    assert part.origins.tolist() == [2, 4] and part.limits.tolist() == [3, 6]
