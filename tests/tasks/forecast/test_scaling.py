from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recollect.tasks.forecast.scaling import Scaling


def test_learns_level_and_seasonal_naive_error_of_what_lies_before_the_cut(make_panel) -> None:
    panel = make_panel([[1.0, 2.0, 4.0, 5.0, 1e9], [10.0, 10.0, np.nan, 14.0]])
    scaling = Scaling.learn(panel, np.array([4, 4]), 2, log=False)
    assert scaling.center.tolist() == [3.0, 34 / 3]
    assert scaling.unit.tolist() == [3.0, 4.0], "mean |y[t] - y[t - 2]|: (3 + 3) / 2, and |14 - 10|"
    assert np.array_equal(scaling.scale, scaling.unit)


def test_in_logarithms_the_scale_is_one_of_ratios_and_the_unit_the_users(make_panel) -> None:
    panel = make_panel([np.exp([0.0, 1.0, 2.0, 3.0])])
    scaling = Scaling.learn(panel, np.array([4]), 1, log=True)
    assert scaling.center == pytest.approx([1.5]) and scaling.scale == pytest.approx([1.0])
    assert scaling.unit == pytest.approx([(np.e**3 - 1) / 3])


@pytest.mark.parametrize(
    ("values", "cut", "scale"),
    [
        ([5.0] * 8, 8, 1.0),  # constant
        ([1.0, 3.0] * 4, 8, 1.0),  # the season repeats exactly: mean distance from the mean
        ([5.0, 9.0, 1.0], 0, 1.0),  # nothing before the cut
        ([5.0, 9.0, 1.0], 1, 1.0),
        ([np.nan] * 4 + [7.0], 4, 1.0),
        ([1e12 + 1e-3, 1e12, 1e12 + 1e-3, 1e12], 4, 1.0),  # below the rounding of the data
    ],
)
def test_a_series_without_a_spread_gets_one(make_panel, values: list[float], cut: int, scale: float) -> None:
    scaling = Scaling.learn(make_panel([values]), np.array([cut]), 2, log=False)
    assert scaling.scale.tolist() == [scale] and np.isfinite(scaling.center).all()


@given(
    st.lists(st.floats(1e-6, 1e9), min_size=3, max_size=30),
    st.floats(1e-3, 1e6),
    st.booleans(),
)
@settings(max_examples=100, deadline=None)
def test_inverting_is_exact(values: list[float], stretch: float, log: bool) -> None:
    """In float64, to rounding: 1e-12 of the larger of the value and the scale's own reach."""
    center, scale = float(np.mean(values)) if not log else float(np.log(values).mean()), stretch if not log else 1.7
    scaling = Scaling(log, np.array([0.0, center]), np.array([1.0, scale]), np.ones(2))
    y = np.array(values)
    z = ((np.log(y) if log else y) - center) / scale
    back = scaling.invert(z[None], np.array([1]))[0]
    assert np.allclose(back, y, rtol=1e-12 * (30 if log else 1), atol=0 if log else 1e-12 * (abs(center) + stretch))


def test_transform_and_invert_are_each_others_inverse(make_panel, waves) -> None:
    panel = make_panel(waves)
    for log in (False, True):
        scaling = Scaling.learn(panel, panel.ends, 6, log=log)
        z = scaling.transform(panel)
        assert z.dtype == np.float32
        for n in range(3):
            part = slice(panel.offsets[n], panel.offsets[n + 1])
            back = scaling.invert(z[None, part].astype(np.float64), np.array([n]))[0]
            assert np.allclose(back, panel.target[part], rtol=3e-7 * 20, atol=3e-7 * scaling.scale[n] * 20)


def test_invert_gives_each_row_its_own_series_whatever_follows(make_panel) -> None:
    scaling = Scaling(False, np.array([1.0, 100.0]), np.array([2.0, 10.0]), np.ones(2))
    series = np.array([1, 0, 1])
    assert scaling.invert(np.ones((3, 2)), series).tolist() == [[110.0, 110.0], [3.0, 3.0], [110.0, 110.0]]
    assert scaling.invert(np.ones((3, 2, 4)), series)[:, 1, 3].tolist() == [110.0, 3.0, 110.0]


def test_transform_leaves_gaps_and_the_panel_alone(make_panel) -> None:
    panel = make_panel([[1.0, np.nan, 3.0, 0.0, -2.0]])
    kept = panel.target.copy()
    real = Scaling(False, np.zeros(1), np.ones(1), np.ones(1))
    assert np.isnan(real.transform(panel)).tolist() == [False, True, False, False, False]
    assert np.isnan(replace(real, log=True).transform(panel)).tolist() == [False, True, False, True, True]
    assert np.array_equal(panel.target, kept, equal_nan=True)


def test_a_change_of_unit_changes_no_z(make_panel, waves) -> None:
    plain, other = make_panel(waves), make_panel([w * 1024 for w in waves])
    for log in (False, True):
        a, b = (Scaling.learn(p, p.ends, 6, log=log).transform(p) for p in (plain, other))
        assert np.allclose(a, b, atol=1e-5)
