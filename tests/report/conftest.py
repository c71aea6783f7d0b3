"""A layer of three units over four seasons, made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from recollect.report.portrait import Portrait


@pytest.fixture
def portrait() -> Portrait:
    """16 steps of 13 weeks; unit 2 is a sprinter that follows the season, unit 1 is never seen to lose its half."""
    T, weeks = 16, np.datetime64("2020-01-04", "D") + 7 * np.arange(16 * 13)
    random = np.random.default_rng(0)
    values = {name: random.uniform(0.05, 0.95, (T, 3)) for name in "ifo"}
    values["g"] = random.uniform(-1, 1, (T, 3))
    before = np.array([0.5, -0.25, 0.0])
    held, cells = before, []
    for t in range(T):
        held = values["f"][t] * held + values["i"][t] * values["g"][t]
        cells.append(held)
    values["c"] = np.stack(cells)
    values["h"] = values["o"] * np.tanh(values["c"])
    return Portrait(
        name="load <b>& $x$",
        series_times=weeks,
        series=np.where(np.arange(len(weeks)) == 25, np.nan, np.sin(np.arange(len(weeks)) / 8)),
        times=weeks[12::13],
        values=values,
        before=before,
        half_life=np.array([[20.0, 300.0, 2.0], [40.0, np.inf, 3.0], [60.0, np.inf, 5.0]]),
        measured=np.array([50.0, np.inf, 4.0]),
        order=np.array([2, 0, 1]),
        seasonal=np.array([0.1, 0.0, 0.9]),
        reach={"ours": np.array([4.0, 2.0, 0.1]), "other": np.array([1.0, 0.1, 0.01])},
        warnings=("layer 0: 1 of 3 units never closes its forget gate",),
        steps=40,
        span=13,
        season=52,
        reads=182,
        what="week",
    )
