import numpy as np
import pytest

from recollect.core.errors import InputError
from recollect.tasks.demo.data import POINTS, TRAINING, VALIDATION, make, windows


def test_the_sine_is_a_sine_with_a_little_noise():
    series = make("sine", seed=1)
    both = np.r_[series.values, series.future]
    noise = both - np.sin(0.27 * np.arange(1200))
    assert len(series.values) == 1000 and len(series.future) == 200
    assert noise.std() == pytest.approx(0.02, rel=0.1)
    assert np.array_equal(make("sine", seed=1).values, series.values)
    assert not np.array_equal(make("sine", seed=2).values, series.values)


def test_nyquist_is_the_well_known_series():
    series = make("nyquist", seed=1)
    np.testing.assert_allclose(series.values, np.sin(np.linspace(0, 1000 * np.pi, 1000)), atol=1e-9)
    # A sine obeys x[t+1] + x[t-1] = 2 cos(w) x[t], over the end of the data too.
    both = np.r_[series.values, series.future]
    np.testing.assert_allclose(both[2:] + both[:-2], 2 * np.cos(1000 * np.pi / 999) * both[1:-1], atol=1e-9)


@pytest.mark.parametrize("name", ["sine", "nyquist"])
def test_no_window_comes_twice(name):
    inputs, _ = windows(make(name, seed=0).values, 0, POINTS)
    gaps = np.abs(inputs[:, None, ::7] - inputs[None, :, ::7]).max(axis=2)
    np.fill_diagonal(gaps, 1.0)
    assert gaps.min() > 1e-6


def test_another_name_is_refused():
    with pytest.raises(InputError, match="the series is 'cosine', and may be 'sine' or 'nyquist'"):
        make("cosine", seed=0)


def test_a_target_follows_its_window_and_parts_do_not_overlap():
    values = np.arange(1000.0)
    targets = []
    for begin, end in ((0, TRAINING), (TRAINING, VALIDATION), (VALIDATION, POINTS)):
        inputs, after = windows(values, begin, end)
        assert inputs.shape == (len(after), 50)
        assert np.array_equal(inputs[:, -1] + 1, after) and np.array_equal(inputs[:, 0] + 50, after)
        targets.extend(after)
    assert targets == list(range(50, 1000))
