"""The picture shows what was measured, where it was, beside what can be had without memory."""

from __future__ import annotations

import numpy as np

from recollect.tasks.laboratory.plots import success
from recollect.tasks.laboratory.results import Case, Result


def result(task: str, cell: str, lag: int, seed: int, value: float) -> Result:
    return Result(Case(task, cell, lag, seed), False, 5, 10, "done", 1.0, value, 1 / 6, 0.01, {"mse": value})


SOME = [
    result("adding", cell, lag, seed, start + 0.01 * seed + lag / 10_000)
    for cell, start in (("lstm", 0.0), ("rnn", 0.1)) for lag in (50, 100) for seed in (0, 1, 5)
]  # fmt: skip


def test_each_seed_is_a_point_and_the_median_a_line():
    (axes,) = success(SOME).axes
    points = [line for line in axes.lines if line.get_linestyle() == "None"]
    assert sorted(y for line in points for y in line.get_ydata()) == sorted(one.measure for one in SOME)
    medians = [list(line.get_ydata()) for line in axes.lines if len(line.get_xdata()) == 2]
    np.testing.assert_allclose(medians, [[0.015, 0.02], [0.115, 0.12]])
    for line in points:
        assert min(abs(line.get_xdata()[0] / lag - 1) for lag in (50, 100)) < 0.1


def test_the_lines_of_no_memory_and_of_solved_are_there():
    (axes,) = success(SOME).axes
    chance, bar = axes.lines[:2]
    assert np.allclose(chance.get_ydata(), 1 / 6) and np.allclose(bar.get_ydata(), 0.01)
    assert axes.get_ylabel() == "mean squared error" and axes.get_xlabel() == "lag: steps"


def test_a_legend_names_the_cells_that_are_drawn_and_no_other():
    (legend,) = success(SOME).legends
    assert [text.get_text() for text in legend.get_texts()] == ["lstm", "rnn", "without memory", "solved below"]


def test_the_line_of_copying_falls_with_the_lag():
    figure = success([*SOME, result("copying", "lstm", 20, 0, 0.5), result("copying", "lstm", 80, 0, 0.2)])
    chance = figure.axes[1].lines[0]
    assert np.interp(80, *chance.get_data()) < 0.26 and np.interp(20, *chance.get_data()) > 0.5
