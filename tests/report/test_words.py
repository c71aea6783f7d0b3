"""The sentences that decide whether someone trusts a forecast: each verdict says what the numbers say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recollect.evaluate.metrics import Scores, scores
from recollect.evaluate.statistics import Skill
from recollect.report.words import (
    coverage_sentence,
    number,
    score_table,
    skill_sentence,
    spans,
    steps_sentence,
    trust_sentences,
)


def _skill(ratio: float, low: float, high: float, steps: tuple[tuple[float, float], ...] = ((0.5, 0.8),)) -> Skill:
    lows, highs = np.array(steps).T
    return Skill(ratio, low, high, (lows + highs) / 2, lows, highs, 20)


def _covered(held: int, of: int = 100, level: float = 0.9) -> Scores:
    actual = np.zeros((of, 1))
    centre = np.where(np.arange(of) < held, 0.0, 9.0)[:, None]
    return scores(actual, centre, centre[..., None] - 1, centre[..., None] + 1, (level,), np.ones(of))


@pytest.mark.parametrize(
    ("skill", "words"),
    [
        (_skill(0.71, 0.65, 0.78), "0.71 of the seasonal naive's: better"),
        (_skill(1.2, 1.1, 1.4), "worse. Use the seasonal naive"),
        (_skill(0.99, 0.9, 1.05), "no better, as far as these data can tell"),
        (_skill(0.8, math.nan, math.nan), "too little to tell skill from luck"),
        (_skill(math.nan, math.nan, math.nan), "made no error at all"),
    ],
)
def test_each_verdict_has_its_sentence(skill: Skill, words: str) -> None:
    assert skill_sentence(skill, 5).startswith("On 5 past origins ")
    assert words in skill_sentence(skill, 5)


def test_one_origin_is_singular() -> None:
    assert skill_sentence(_skill(0.8, math.nan, math.nan), 1).startswith("On 1 past origin the")


@pytest.mark.parametrize(
    ("held", "words"), [(80, "90 % are too narrow"), (98, "wider than they need be"), (89, "held 89.0 % of 100 values")]
)
def test_intervals_are_judged(held: int, words: str) -> None:
    sentence = coverage_sentence(_covered(held), (0.9,))
    assert words in sentence
    assert (held == 89) == sentence.endswith("now known.")


def test_without_intervals_nothing_is_said_of_them() -> None:
    assert coverage_sentence(scores([[1.0]], [[1.0]]), (0.9,)) == ""


def test_weak_steps_are_named() -> None:
    good, level, bad = (0.5, 0.8), (0.9, 1.1), (1.2, 1.3)
    assert steps_sentence(_skill(0.9, 0.8, 0.95, (good, level, bad, good, level))).endswith("steps 2–3, 5 ahead.")
    assert steps_sentence(_skill(0.9, 0.8, 0.95, (good, level))).endswith("step 2 ahead.")
    assert steps_sentence(_skill(0.9, 0.8, 0.95, (good, good))) == ""
    assert steps_sentence(_skill(0.99, 0.9, 1.1, (level, bad))) == ""


def test_headlines_leave_out_what_is_not_known() -> None:
    assert len(trust_sentences(_covered(90), _skill(0.7, 0.6, 0.8), (0.9,), 5)) == 2
    assert len(trust_sentences(scores([[1.0]], [[1.0]]), _skill(0.7, 0.6, 0.8), (), 5)) == 1


def test_the_best_of_each_column_stands_out() -> None:
    ours, theirs = _covered(91), _covered(70)
    table = score_table({"LSTM": ours, "seasonal naive": theirs}, "Lower is better.")
    assert [row[0] for row in table.rows] == ["LSTM", "seasonal naive"]
    held = table.columns.index("90 % held")
    assert [row[held] for row in table.rows] == ["91.0 %", "70.0 %"]
    assert {(0, held), (0, table.columns.index("MASE"))} <= table.best
    assert (1, held) not in table.best
    assert "WQL" not in table.columns  # the actual values are all zero: no method has it
    assert table.caption == "Lower is better."


def test_what_only_one_method_lacks_is_a_dash_with_its_reason() -> None:
    with_scale, without = scores([[1.0]], [[2.0]], scale=[1.0]), scores([[1.0]], [[1.5]])
    table = score_table({"LSTM": with_scale, "other": without})
    column = table.columns.index("MASE")
    assert [row[column] for row in table.rows] == ["1", "–"]
    assert (1, column) not in table.best
    assert "mase: no scale was given" in table.caption


def test_one_method_alone_is_not_best() -> None:
    assert score_table({"LSTM": _covered(90)}).best == frozenset()


@given(st.sets(st.integers(1, 60), min_size=1))
def test_spans_hold_exactly_their_numbers(values: set[int]) -> None:
    again: set[int] = set()
    for part in spans(values).split(", "):
        first, _, last = part.partition("–")
        again |= set(range(int(first), int(last or first) + 1))
    assert again == values
    assert len(spans(values).split(", ")) == sum(v + 1 not in values for v in values)


def test_numbers() -> None:
    assert [number(v) for v in (0.71342, 12.345, 12345.6, 0.0)] == ["0.7134", "12.35", "12,346", "0"]
