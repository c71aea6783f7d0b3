"""Times and durations in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recollect.report.portrait import Portrait


@pytest.mark.parametrize(
    ("steps", "words"),
    [(1, "one week"), (6.24, "6.2 weeks"), (52, "52 weeks"), (228.4, "228 weeks"), (np.inf, "longer than the record")],
)
def test_durations(portrait: Portrait, steps: float, words: str) -> None:
    assert portrait.lasting(steps) == words


def test_a_clock_of_odd_steps_keeps_its_words(portrait: Portrait) -> None:
    assert replace(portrait, what="steps of 15 minutes").lasting(8) == "8 steps of 15 minutes"


def test_moments(portrait: Portrait) -> None:
    assert portrait.when(0) == "2020-03-28"
    hours = np.datetime64("2020-03-28T00:00:00.000000") + np.timedelta64(3600, "s") * np.arange(2)
    assert [replace(portrait, times=hours).when(t) for t in (0, 1)] == ["2020-03-28", "2020-03-28 01:00"]
    assert replace(portrait, times=np.arange(40, 56)).when(2) == "step 42"
