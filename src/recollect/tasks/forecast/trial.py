"""The test on the past: how many origins the history holds, and what their forecasts say."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recollect.core.errors import DataError, InputError, MissingExtraError
from recollect.data.panel import Panel
from recollect.data.season import infer_season
from recollect.evaluate.statistics import Skill, skill
from recollect.report.words import coverage_sentence, trust_sentences
from recollect.tasks.forecast.backtest import Plan, backtest_panel, origins_of
from recollect.tasks.forecast.results import Backtest
from recollect.tasks.forecast.settings import Settings
from recollect.train.progress import Progress
from recollect.train.record import Record
from recollect.train.resuming import Checkpoints

__all__ = ["Trial", "headlines", "hold_trial", "plan_trial", "sentence"]

FEWEST_SERIES = 6  # below it the origins, not the series, are what a bootstrap can resample


@dataclass(frozen=True)
class Trial:
    """A backtest with ``folds`` origins, or None and in ``why`` the reason.

    ``skill`` compares with the seasonal naive; None where that cannot be done. ``why`` also says where fewer origins
    were taken than asked for. ``season`` is what was found before the first origin.
    """

    folds: int
    why: str
    season: int = 1
    backtest: Backtest | None = None
    skill: Skill | None = None


def hold_trial(
    panel: Panel,
    settings: Settings,
    *,
    folds: int,
    refit: bool = False,
    baselines: str = "naive",
    checkpoints: Checkpoints | None = None,
    progress: Callable[[str], Progress] | None = None,
) -> Trial:
    """Backtest at ``folds`` origins a horizon apart, or at as many as leave half of the history to learn from.

    The season is found again before the first origin, so that nothing after it is known. Raises InputError for
    ``folds`` below 1 and MissingExtraError before any training.
    """
    if baselines == "all" and importlib.util.find_spec("statsmodels") is None:
        raise MissingExtraError("comparing with ETS and Theta", "statsmodels", "statistics")
    plan, why = plan_trial(panel, settings.horizon, folds)
    if plan is None:
        return Trial(0, why)
    before = replace(panel, ends=np.minimum(plan.origins[0], panel.ends))
    season = settings.season or infer_season(before)
    count = len(plan.origins)
    backtest = backtest_panel(
        panel, settings, season, folds=count, refit=refit, baselines=baselines, checkpoints=checkpoints,
        progress=progress,
    )  # fmt: skip
    return Trial(count, why, season, backtest, _skill(backtest))


def headlines(trial: Trial, records: Sequence[Record] = ()) -> tuple[str, ...]:
    """How far to trust the forecast of the model with these ``records``, in sentences; the first is the one to read."""
    said = []
    if trial.backtest is not None:
        ours, shares = trial.backtest.scores["recollect"], [level / 100 for level in trial.backtest.levels]
        if trial.skill is None:
            said += [
                "The seasonal naive makes no error here, so that nothing can be better.",
                coverage_sentence(ours, shares),
            ]
        else:
            said += trust_sentences(ours, trial.skill, shares, trial.folds)
    said += [sentence(trial.why)] if trial.why else []
    stages = (("the test on the past", trial.backtest.records if trial.backtest else ()), ("the final model", records))
    for stage, told in stages:
        if any(record.stopped == "interrupted" for record in told):
            said.append(f"The training of {stage} was interrupted: it has learnt less than it could.")
    return tuple(said)


def sentence(text: str) -> str:
    """``text`` with a capital and a full stop."""
    return f"{text[:1].upper()}{text[1:]}."


def plan_trial(panel: Panel, horizon: int, folds: int) -> tuple[Plan | None, str]:
    """The origins to test at, or None, and a sentence where they are not as many as asked for."""
    if folds < 1:
        raise InputError(f"--folds is {folds}, and must be at least 1")
    plans = {count: _plan(panel, horizon, count) for count in range(1, folds + 1)}
    last = plans[1]
    tested = last.rows(panel, range(1)).series if last else np.empty(0, np.int64)
    longest = int(panel.ends[tested].max(initial=0))
    for count, plan in sorted(plans.items(), reverse=True):
        known = plan.rows(panel, range(1)).origins.max(initial=0) if plan else 0
        if known >= max(longest // 2, horizon, 3):
            return plan, "" if count == folds else _fewer(count, folds, longest)
    return None, (
        f"no test on the past: {longest or int(panel.ends.max()):,} steps of history are too few to learn from one "
        f"part and forecast {horizon} steps of the other; {max(2 * horizon, horizon + 3)} would do"
    )


def _plan(panel: Panel, horizon: int, folds: int) -> Plan | None:
    try:
        return origins_of(panel, horizon, folds, horizon)
    except DataError:
        return None


def _fewer(count: int, folds: int, longest: int) -> str:
    origins = f"{count} past origin{'s' * (count > 1)}, not {folds}"
    return f"the test takes {origins}: more would leave less than half of the {longest:,} steps to learn from"


def _skill(backtest: Backtest) -> Skill | None:
    """The bootstrap resamples series where there are many, else origins: stretches that do not overlap."""
    panel, series = backtest.panel, backtest.series
    many = len(np.unique(series)) >= FEWEST_SERIES
    unit: NDArray[np.int64] = series if many else panel.starts[series] + backtest.origins
    naive = backtest.forecasts["seasonal naive"].point
    try:
        return skill(backtest.actual, backtest.ours.point, naive, backtest.scale, unit)
    except InputError:  # nothing to compare: every series repeats exactly, or nothing was observed
        return None
