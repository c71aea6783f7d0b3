"""Scores, worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from recollect.tasks.laboratory.data import NOTHING, Batch
from recollect.tasks.laboratory.problems import TASKS
from recollect.tasks.laboratory.reber import SYMBOLS
from recollect.tasks.laboratory.scoring import score_adding, score_classes, score_copying, score_reber


def test_adding_misses_from_four_hundredths_on_the_scale_of_the_paper():
    batch = Batch(np.zeros((1, 4, 2), np.float32), np.array([1.0, 1, 1, 1], np.float32), np.ones(4, np.int64))
    said = np.array([[1.0], [1.07], [0.9], [1.2]], np.float32)
    assert score_adding(said, batch) == pytest.approx({"mse": (0.07**2 + 0.1**2 + 0.2**2) / 4, "missed": 0.5}, rel=1e-5)


def test_a_class_is_wrong_by_the_largest_output_and_unsure_where_one_is_three_tenths_off():
    batch = Batch(np.zeros((1, 3, 1), np.float32), np.array([0, 0, 0]), np.ones(3, np.int64))
    said = np.log(np.array([[0.71, 0.29], [0.69, 0.31], [0.4, 0.6]], np.float32))
    assert score_classes(said, batch) == pytest.approx({"wrong": 1 / 3, "unsure": 2 / 3})


def test_who_knows_all_of_copying_but_the_symbols_reaches_the_baseline_of_the_paper():
    lag, rows = 30, 16
    task = TASKS["copying"]
    batch = task.draw(np.random.default_rng(0), rows, lag)
    said = np.full((lag + 20, rows, 10), -1e4, np.float32)
    said[: lag + 10, :, 8] = 0
    said[lag + 10 :, :, :8] = 0
    scores = score_copying(said, batch)
    assert scores["cross_entropy"] == pytest.approx(10 * math.log(8) / 50) == pytest.approx(task.chance(lag))
    assert scores["forgotten"] == pytest.approx(7 / 8, abs=0.08)
    assert score_copying(np.eye(10, dtype=np.float32)[batch.y] * 1e4, batch) == {"cross_entropy": 0, "forgotten": 0}


def reber(*said: str) -> dict[str, float]:
    """The scores of predictions for BTBTXSETE and BPBPVVEPE, of which the first has one symbol less to read."""
    words = ("BTBTXSETE", "BPBPTVVEPE")
    numbers = np.full((10, 2), NOTHING)
    for b, word in enumerate(words):
        numbers[: len(word), b] = [SYMBOLS.index(s) for s in word]
    lengths = np.array([8, 9])
    x = np.eye(7, dtype=np.float32)[numbers[:-1]]
    x[np.arange(9)[:, None] >= lengths] = 0
    outputs = np.zeros((9, 2, 7), np.float32)
    for b, word in enumerate(said):
        for t, symbol in enumerate(word):
            outputs[t, b, SYMBOLS.index(symbol)] = 1
    return score_reber(outputs, Batch(x, numbers[1:], lengths))


def test_a_reber_prediction_may_be_any_legal_symbol():
    assert reber("TBTXSETE", "PBPTVVEPE") == {"strings": 0, "echo": 0, "illegal": 0}
    assert reber("PBPSSETE", "TBTVTPEPE") == {"strings": 0, "echo": 0, "illegal": 0}


def test_the_echo_counts_apart_from_the_rest_of_the_grammar():
    assert reber("TBTXSEPE", "PBPTVVEPE") == {"strings": 0.5, "echo": 0.5, "illegal": 0}
    assert reber("TBTXSETE", "XBPTVVEPE") == pytest.approx({"strings": 0.5, "echo": 0, "illegal": 1 / 15})
    assert reber("TBTXSEPE", "PBPTVVETT") == pytest.approx({"strings": 1, "echo": 1, "illegal": 1 / 15})
