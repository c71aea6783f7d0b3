"""Forecasts and scores as files that people and programs read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
import polars.selectors as cs

from recollect import __version__
from recollect.tasks.forecast.results import Backtest
from recollect.tasks.forecast.settings import Settings
from recollect.tasks.forecast.trial import Trial

__all__ = ["csv", "scores_json"]

DIGITS = 7


def csv(table: pl.DataFrame) -> str:
    """``table`` as CSV, its forecasts with 7 digits that matter; what was observed stays as it is."""
    ours = cs.float() & (cs.by_name("forecast") | cs.matches("^(lower|upper)_"))
    return table.with_columns(ours.round_sig_figs(DIGITS)).write_csv()


def scores_json(settings: Settings, trial: Trial) -> str:
    """The scores of the test on the past: ours and each baseline's, over all, by step ahead and by series."""
    content: dict[str, object] = {
        "made_with": __version__,
        "horizon": settings.horizon,
        "levels": list(settings.levels),
        "season": trial.season,
        "origins": trial.folds,
    }
    if trial.why:
        content["note"] = trial.why
    backtest = trial.backtest
    content["scores"] = None if backtest is None else {n: _rounded(s.to_json()) for n, s in backtest.scores.items()}
    if backtest is not None:
        content["by_series"] = _by_series(backtest)
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _by_series(backtest: Backtest) -> dict[str, object]:
    content: dict[str, object] = {"series": list(backtest.panel.names)}
    for name, scores in backtest.scores.items():
        content[name] = _rounded(scores.by_series(backtest.series))
    return content


def _rounded(value: object) -> object:
    """Numbers with 7 digits that matter; None where there is none."""
    if isinstance(value, Mapping):
        return {name: _rounded(part) for name, part in value.items()}
    if isinstance(value, np.ndarray) or (isinstance(value, Sequence) and not isinstance(value, str)):
        return [_rounded(part) for part in value]
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None
    return value
