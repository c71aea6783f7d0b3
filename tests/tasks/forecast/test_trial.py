"""How many past origins a history holds, and what is said of them."""

from __future__ import annotations

import numpy as np
import pytest

from recollect.core.errors import InputError
from recollect.tasks.forecast.settings import Settings
from recollect.tasks.forecast.trial import headlines, hold_trial, plan_trial
from recollect.train.record import Record


@pytest.mark.parametrize(
    ("length", "horizon", "asked", "folds"),
    [
        (100, 5, 10, 10),
        (100, 5, 50, 10),
        (144, 36, 10, 2),
        (20, 10, 10, 1),
        (19, 10, 10, 0),
        (4, 1, 3, 1),
        (3, 1, 3, 0),
    ],
)
def test_origins_leave_half_of_the_history_and_a_horizon(make_panel, length, horizon, asked, folds) -> None:
    plan, why = plan_trial(make_panel([np.arange(length)]), horizon, asked)
    assert (0 if plan is None else len(plan.origins)) == folds
    if plan is None:
        assert why.startswith(f"no test on the past: {length} steps")
    else:
        assert plan.origins[0, 0] >= max(length // 2, horizon)
        assert (why == "") == (folds == asked)
        assert plan.origins[-1, 0] == length - horizon


def test_series_that_ended_long_ago_do_not_count(make_panel) -> None:
    panel = make_panel([np.arange(500), np.arange(60)], starts=[0, 5000])
    plan, _ = plan_trial(panel, 5, 10)
    assert plan is not None
    assert len(plan.origins) == 6
    assert plan.rows(panel, range(6)).series.tolist() == [1] * 6


def test_no_folds_are_refused(make_panel) -> None:
    with pytest.raises(InputError, match="--folds is 0"):
        plan_trial(make_panel([np.arange(50)]), 5, 0)


def test_the_trials_season_is_that_of_the_time_before_it(make_panel, tiny: Settings) -> None:
    season = Settings(horizon=4, hidden_size=8, max_epochs=1)
    early, late = np.sin(np.arange(120) * np.pi / 6), np.sin(np.arange(120) * np.pi / 3)
    first = hold_trial(make_panel([np.r_[early, late]], timed=False), season, folds=10)
    assert first.season == 12
    assert hold_trial(make_panel([early], timed=False), tiny, folds=2).season == tiny.season


def test_few_series_are_compared_by_origin_and_many_by_series(make_panel, waves, tiny: Settings) -> None:
    few = hold_trial(make_panel(waves, timed=False), tiny, folds=5)
    assert few.skill is not None
    assert few.backtest is not None
    assert few.skill.units == len(np.unique(few.backtest.origins))
    many = hold_trial(make_panel([wave[:60] for wave in [*waves, *waves, *waves]]), tiny, folds=2)
    assert many.skill is not None
    assert many.skill.units == 9


def test_an_interrupted_training_is_admitted(make_panel, waves, tiny: Settings) -> None:
    trial = hold_trial(make_panel(waves), tiny, folds=2)
    assert "interrupted" not in " ".join(headlines(trial, [Record(stopped="done")]))
    assert "final model was interrupted" in headlines(trial, [Record(stopped="interrupted")])[-1]
