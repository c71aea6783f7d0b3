"""Half-lives: of gates that stand still in closed form, of moving ones by hand, and what the record's end hides."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from recollect.core.errors import InputError
from recollect.memory import Recording, half_life, record
from recollect.memory.half_life import durations, summary
from recollect.nn import LSTM

KEEP = [0.9, 0.2, 0.99, 0.5]


def test_a_gate_that_stands_still_has_its_closed_form(gated: str, still: Callable, normal: Callable, gaps: Callable):
    layer, x = still(gated, KEEP), normal(2000, 3)
    found = half_life(record(layer, x, gaps=gaps(layer, x)))
    true = [math.log(0.5) / math.log(keep) for keep in KEEP]
    for value in (found.median, found.closed, found.low, found.high):
        np.testing.assert_allclose(value[0], true, rtol=1e-5)
    assert found.order.tolist() == [[0, 1], [0, 3], [0, 0], [0, 2]]
    assert found.censored[0].tolist() == pytest.approx([math.ceil(value - 1e-6) / 1999 - 1 / 1999 for value in true])


def test_the_gaps_of_a_decay_cell_count(still: Callable, normal: Callable):
    layer = still("decay", [0.9])
    with torch.no_grad():
        layer.weights(0).E[0] = 0.5
    found = half_life(record(layer, normal(400, 3), gaps=torch.full((400,), 0.2)))
    assert found.median.item() == pytest.approx(math.log(0.5) / (math.log(0.9) - 0.1), rel=1e-5)


def by_hand(f: list[float], t: int) -> tuple[float, bool]:
    left = 1.0
    for k, share in enumerate(f[t + 1 :], 1):
        if left * share <= 0.5:
            return k - 1 + math.log(left * 2) / -math.log(share), True
        left *= share
    return len(f) - 1 - t, False


@pytest.mark.parametrize("size", [2**24, 8 * 2 * 3 * 7])
def test_moving_gates_by_hand_whatever_the_pieces(size: int, small_pieces: Callable[[int], None]):
    small_pieces(size)
    f = np.random.default_rng(0).uniform(0.4, 1, (90, 1, 2, 3)) ** [0.1, 1, 0.02]
    f[40:50] = 1.0
    values = {name: f.astype(np.float32) for name in "ifgoch"}
    found = half_life(Recording("lstm", 0.0, values))
    assert found.origins.tolist() == np.repeat(np.arange(89), 2).tolist()
    for n, (t, row) in enumerate((t, row) for t in range(89) for row in range(2)):
        for unit in range(3):
            steps, seen = by_hand(values["f"][:, 0, row, unit].astype(float).tolist(), t)
            assert found.steps[n, 0, unit] == pytest.approx(steps, rel=1e-6)
            assert found.seen[n, 0, unit] == seen
    np.testing.assert_allclose(found.closed, math.log(0.5) / np.log(values["f"].astype(float)).mean((0, 2)))
    fewer = half_life(Recording("lstm", 0.0, values), origins=20)
    assert fewer.origins[::2].tolist() == [0, 10, 20, 29, 39, 49, 59, 68, 78, 88]


def test_what_outlasts_the_record_is_infinite_and_counted(still: Callable, normal: Callable):
    keepers = still("lstm", [0.9999, 0.8])
    with torch.no_grad():
        keepers.weights(0).b[2] = 100.0  # open for good: the logarithm is zero
    found = half_life(record(keepers, normal(100, 3)))
    assert np.isinf(found.median[0, 0]) and found.censored[0, 0] == 1 and np.isinf(found.closed[0, 0])
    assert found.order.tolist() == [[0, 1], [0, 0]]
    shut = still("lstm", [0.5])
    with torch.no_grad():
        shut.weights(0).b[1] = -200.0
    assert 0 < half_life(record(shut, normal(100, 3))).median.item() < 0.01


def test_ends_that_are_not_seen_count_while_they_are_followed():
    """Kaplan and Meier: of 4 alive one ends at 2, one is lost at 3, of 2 one ends at 5, the last is lost at 9."""
    steps, seen = np.array([9.0, 2, 5, 3])[:, None, None], np.array([False, True, True, False])[:, None, None]
    found = summary(np.arange(4), steps, seen, None)
    assert (found.low.item(), found.median.item(), found.high.item()) == (2, 5, math.inf)  # 3/4, then 3/4 * 1/2
    assert found.censored.item() == 0.5
    tied = summary(np.arange(2), np.array([5.0, 5.0])[:, None, None], np.array([False, True])[:, None, None], None)
    assert (tied.median.item(), tied.high.item()) == (5, math.inf)  # who is lost at 5 was alive at 5


def test_shares_fall_to_a_half_on_a_line_of_logarithms():
    steps, seen = durations(np.array([[1, 1, 1, 1], [0.5, 0.8, 2, 0], [0.1, 0.4, 0.9, 0.9]]))
    assert steps[:3].tolist() == pytest.approx([1, 1 + math.log(0.8 * 2) / math.log(0.8 / 0.4), 2])
    assert 0 < steps[3] < 0.01
    assert seen.tolist() == [True, True, False, True]


def test_a_cell_without_a_gate_has_none(normal: Callable[..., Tensor]):
    with pytest.raises(InputError, match="the rnn cell has no gate that keeps"):
        half_life(record(LSTM(3, 4, cell="rnn"), normal(9, 3)))
