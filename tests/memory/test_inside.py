"""Everything at once, of a layer of one's own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from recollect.core.errors import ShapeError
from recollect.memory import half_life, injection, look_inside, reach, record
from recollect.nn import LSTM


def test_it_holds_what_each_part_says_alone(make: Callable, normal: Callable) -> None:
    layer, x = make("lstm", num_layers=2), normal(40, 3)
    before = torch.get_rng_state()
    other = LSTM(3, 4, cell="rnn")
    torch.set_rng_state(before)
    found = look_inside(layer, x.numpy(), others={"other": other}, seed=5)
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_array_equal(found.half_life.median, half_life(record(layer, x)).median)
    assert found.measured is not None and found.seasonal is None
    np.testing.assert_array_equal(found.measured.remaining, injection(layer, x, found.recording).remaining)
    assert list(found.reach) == ["this LSTM, trained", "other", "an LSTM, untrained", "a plain RNN, untrained"]
    np.testing.assert_array_equal(found.reach["other"].norm, reach(other, x, steps=20).norm)
    again = look_inside(layer, x.numpy(), seed=6).reach
    assert (again["an LSTM, untrained"].norm != found.reach["an LSTM, untrained"].norm).any()
    assert (again["this LSTM, trained"].norm == found.reach["this LSTM, trained"].norm).all()


def test_the_newest_steps_of_the_last_layer(make: Callable, normal: Callable) -> None:
    layer, x = make("lstm", num_layers=2), normal(40, 3)
    found = look_inside(layer, x.numpy())
    newest = found.newest(10, stride=7)
    for name in "ifgoch":
        np.testing.assert_array_equal(newest["values"][name], found.recording[name][30:, 1, 0])
    np.testing.assert_array_equal(newest["before"], found.recording["c"][29, 1, 0])
    np.testing.assert_array_equal(newest["half_life"][1], 7 * found.half_life.median[1])
    assert sorted(newest["order"]) == [0, 1, 2, 3]
    assert (np.diff(found.half_life.closed[1, newest["order"]]) >= 0).all()
    assert newest["steps"] == 40
    np.testing.assert_array_equal(found.newest(99)["before"], np.zeros(4))


def test_a_unit_that_repeats_is_seasonal_and_one_that_wanders_is_not() -> None:
    """The cell is what is read, g = tanh(x): the first unit reads the season, the second noise."""
    layer = LSTM(2, 2)
    W, R, b, *_ = layer.weights(0)
    with torch.no_grad():
        for weight in (W, R, b):
            weight.zero_()
        W[4, 0] = W[5, 1] = 1.0  # g, after i and f of two units each
        b[:2], b[2:4] = 50.0, -50.0
    place = np.arange(60) % 6
    x = np.stack([np.cos(place), np.random.default_rng(0).normal(size=60)], axis=1)
    seasonal = look_inside(layer, x, place=place).seasonal
    assert seasonal is not None
    assert seasonal[0, 0] == pytest.approx(1, abs=1e-6) and seasonal[0, 1] < 0.2
    np.testing.assert_array_equal(look_inside(layer, x, place=7 * place - 2).seasonal, seasonal)  # names are free
    assert look_inside(layer, x[:17], place=place[:17]).seasonal is None  # fewer than three seasons
    with pytest.raises(ShapeError, match=r"place has the shape \[59\], and must be \[60\]"):
        look_inside(layer, x, place=place[1:])


def test_one_step_can_be_looked_at_and_two_rows_cannot(make: Callable, normal: Callable) -> None:
    assert look_inside(make("lstm"), normal(1, 3).numpy()).measured is None
    with pytest.raises(ShapeError, match=r"one row \[T, I\]"):
        look_inside(make("lstm"), normal(5, 2, 3).numpy())
