"""The comic strip has the numbers of the step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.axes import Axes

from recollect.report.portrait import Portrait
from recollect.report.step import step_figure


def bars(axes: Axes) -> list[float]:
    return [float(bar.get_y() + bar.get_height()) for bar in axes.patches]


@pytest.mark.parametrize("step", [0, 5])
def test_the_acts_are_the_equations(portrait: Portrait, step: int) -> None:
    context, forget, store, output = step_figure(portrait, 1, step).axes
    i, f, o, c = (portrait.values[name][step, 1] for name in "ifoc")
    before = portrait.values["c"][step - 1, 1] if step else -0.25
    assert bars(forget) == pytest.approx([before, f * before])
    assert bars(store) == pytest.approx([f * before, c, c])
    assert bars(output) == pytest.approx([np.tanh(c), o * np.tanh(c)])
    values = {**portrait.values, "h": portrait.values["o"] * np.maximum(portrait.values["c"], 0)}
    plain = step_figure(replace(portrait, activation="relu", values=values), 1, step).axes[3]
    assert bars(plain) == pytest.approx([max(c, 0), o * max(c, 0)])
    assert f"By relu, the cell is {max(c, 0):.2f}" in plain.texts[-1].get_text()
    assert f"f = {f:.2f}" in forget.texts[-1].get_text()
    assert f"i = {i:.2f}" in store.texts[-1].get_text()
    assert portrait.when(step) in context.get_title("left")
