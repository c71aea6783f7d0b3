"""The sequences: what is asked can be told from what is read, by other means, and lags are as asked."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recollect.tasks.laboratory import data
from recollect.tasks.laboratory.data import Batch
from recollect.tasks.laboratory.problems import TASKS

SEEDS, LAGS = st.integers(0, 2**32), st.integers(10, 60)


def draw(name: str, seed: int, lag: int, rows: int = 8) -> Batch:
    return TASKS[name].draw(np.random.default_rng(seed), rows, lag)


def words(batch: Batch, alphabet: str) -> list[str]:
    """Each row of one-hot steps as a string; a step that is all off ends it."""
    rows = []
    for b, length in enumerate(batch.lengths):
        assert (batch.x[:length, b].sum(-1) == 1).all() and set(np.unique(batch.x[:, b])) <= {0, 1}
        assert not batch.x[length:, b].any()
        rows.append("".join(alphabet[k] for k in batch.x[:length, b].argmax(-1)))
    return rows


@given(SEEDS, st.integers(2, 60))
def test_adding_marks_one_number_of_each_half_and_asks_for_their_sum(seed, lag):
    x, y, lengths = draw("adding", seed, lag)
    assert x.shape == (lag, 8, 2) and (lengths == lag).all()
    for b in range(8):
        marked = [t for t in range(lag) if x[t, b, 1]]
        assert len(marked) == 2 and marked[0] < lag // 2 <= marked[1]
        assert y[b] == pytest.approx(float(x[marked[0], b, 0]) + float(x[marked[1], b, 0]), abs=1e-6)
    assert (x[..., 0] >= 0).all() and (x[..., 0] <= 1).all() and set(np.unique(x[..., 1])) <= {0, 1}


def test_who_says_one_errs_by_a_sixth_in_the_square():
    y = draw("adding", 0, 20, 20_000).y
    assert np.square(y - 1).mean() == pytest.approx(TASKS["adding"].chance(20), rel=0.03)


@given(SEEDS, LAGS)
def test_temporal_order_asks_for_the_two_symbols_in_their_order(seed, lag):
    batch = draw("order", seed, lag)
    for word, said in zip(words(batch, "EBXYabcd"), batch.y, strict=True):
        assert lag + 1 <= len(word) <= lag + lag // 10 + 1
        assert (word[0], word[-1]) == ("E", "B") and set(word[1:-1]) <= set("XYabcd")
        (first, one), (second, other) = [(t, s) for t, s in enumerate(word) if s in "XY"]
        assert lag // 10 <= first <= lag // 5 and lag // 2 <= second <= 3 * lag // 5
        assert ["XX", "XY", "YX", "YY"][said] == one + other


@given(SEEDS, LAGS)
def test_noise_free_sequences_ask_at_e_for_what_came_behind_b(seed, lag):
    alphabet = "." * data.DISTRACTORS + "bexy"
    batch = draw("noise-free", seed, lag)
    for word, said in zip(words(batch, alphabet), batch.y, strict=True):
        assert word[0] == "b" and word[1] == "xy"[said] and word[-1] == "e"
        assert set(word[2:-1]) == {"."} and len(word[2:-1]) >= lag


def test_a_tenth_of_the_noise_free_sequences_have_no_distractor_too_many():
    assert (draw("noise-free", 1, 10, 5000).lengths == 13).mean() == pytest.approx(0.1, abs=0.015)


@given(SEEDS, LAGS)
def test_noisy_sequences_end_as_lengths_say(seed, lag):
    batch = draw("noisy", seed, lag)
    assert ((lag <= batch.lengths) & (batch.lengths <= lag + lag // 10)).all()
    for b, length in enumerate(batch.lengths):
        assert batch.x[:length, b].all() and not batch.x[length:, b].any()


def test_noisy_sequences_tell_the_class_by_the_first_three_steps_alone():
    batch = draw("noisy", 2, 10, 20_000)
    sign = 1 - 2 * batch.y
    assert (batch.x[:3, :, 0] * sign).mean(1) == pytest.approx([1, 1, 1], abs=0.02)
    assert (batch.x[3:10, :, 0] * sign).mean(1) == pytest.approx(np.zeros(7), abs=0.02)
    assert batch.x[3:10].var() == pytest.approx(0.2, rel=0.03)


@given(SEEDS, LAGS)
def test_copying_asks_for_the_ten_symbols_after_the_sign(seed, lag):
    batch = draw("copying", seed, lag)
    for b, word in enumerate(words(batch, "01234567_!")):
        said = word[:10]
        assert set(said) <= set("01234567") and word[10:] == "_" * (lag - 1) + "!" + "_" * 10
        assert "".join("01234567_"[k] for k in batch.y[:, b]) == "_" * (lag + 10) + said


@pytest.mark.parametrize("name", TASKS)
def test_the_same_seed_gives_the_same_bits_and_another_others(name):
    one, same, other = draw(name, 3, 20), draw(name, 3, 20), draw(name, 4, 20)
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))
    assert one.x.shape != other.x.shape or not np.array_equal(one.x, other.x)
    assert one.x.dtype == np.float32 and one.x.shape[2] == TASKS[name].inputs


@pytest.mark.parametrize("name", TASKS)
def test_every_answer_is_as_frequent_as_chance_says(name):
    task, batch = TASKS[name], draw(name, 5, 20, 4000)
    if task.score.__name__ == "score_classes":
        counts = np.bincount(batch.y, minlength=task.outputs) / 4000
        assert counts == pytest.approx(np.full(task.outputs, 1 - task.chance(20)), abs=0.03)


@pytest.mark.parametrize("name", TASKS)
def test_the_shortest_lag_can_be_drawn(name):
    batch = draw(name, 6, TASKS[name].shortest)
    assert len(batch.x) == batch.lengths.max()
