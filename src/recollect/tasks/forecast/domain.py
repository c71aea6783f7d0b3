"""Whether the target is modelled in logarithms: what the user said, or what validation says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recollect.core.errors import DataError
from recollect.core.seeds import derive_seed
from recollect.data.panel import Panel
from recollect.tasks.forecast.birth import WHOLENESS
from recollect.tasks.forecast.covariates import Covariates
from recollect.tasks.forecast.data import Rows, Windows
from recollect.tasks.forecast.geometry import Geometry
from recollect.tasks.forecast.learning import Draws
from recollect.tasks.forecast.scaling import Scaling
from recollect.tasks.forecast.settings import Settings

__all__ = ["choose_log"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
PROBE_ROWS = 2048
RIDGE = 1e-2  # of the mean squared input


def choose_log(panel: Panel, settings: Settings, geometry: Geometry, cuts: Ints, judged: Rows) -> bool:
    """True if logarithms forecast the validation rows better, by a ridge regression fitted with and without them.

    Better is a smaller product of the error in seasonal naive errors and the symmetric relative error. Only a target
    that is positive throughout training and validation can be had in logarithms; what comes later is not looked at.

    Raises DataError for the domain "positive" or "nonnegative" or "count" where the data contradict it.
    """
    _check_domain(settings.domain, panel)
    if settings.domain != "auto":
        return settings.domain == "positive"
    ends = cuts.copy()
    ends[judged.series] = judged.limits
    if any((panel.history(n)[: int(ends[n])] <= 0).any() for n in range(len(panel))):
        return False
    plain, logged = (_probe(panel, settings, geometry, cuts, judged, log) for log in (False, True))
    return logged < plain


def _check_domain(domain: str, panel: Panel) -> None:
    name, low = panel.schema.target, float(np.nanmin(panel.target, initial=np.inf))
    if domain == "positive" and low <= 0:
        raise DataError(f'"{name}" goes down to {low:g}, and domain "positive" takes values above 0 only')
    if domain in ("nonnegative", "count") and low < 0:
        raise DataError(f'"{name}" goes down to {low:g}, and domain "{domain}" takes no value below 0')
    if domain == "count" and (panel.target[np.isfinite(panel.target)] % 1).any():
        raise DataError(f'"{name}" holds fractions, and domain "count" takes whole numbers; use "nonnegative"')


def _probe(panel: Panel, settings: Settings, geometry: Geometry, cuts: Ints, judged: Rows, log: bool) -> float:
    scaling = Scaling.learn(panel, cuts, geometry.season, log=log)
    # One origin a row: the regression remembers nothing.
    windows = Windows(panel, replace(geometry, steps=1), scaling, Covariates.learn(panel, cuts))
    draws = Draws(
        windows, cuts, count=1, size=min(PROBE_ROWS, max(int(cuts.sum()), 16)), seed=derive_seed(settings.seed, "probe")
    )
    batch = next(iter(draws))
    x, y, weight = (t[:, -1].double().numpy() for t in (batch.window, batch.target, batch.weight))
    weight = weight * batch.seen[:, -1].double().mean(-1, keepdim=True).numpy() ** WHOLENESS
    whole = (weight > 0).all(1)
    x, y, weight = (x[whole], y[whole], weight[whole].mean(1)) if whole.any() else (x, y, weight.mean(1))
    x = np.column_stack([x, np.ones(len(x))])
    gram = (x * weight[:, None]).T @ x
    gram[np.diag_indices_from(gram)] += RIDGE * np.trace(gram) / len(gram)
    matrix = np.linalg.solve(gram, (x * weight[:, None]).T @ y)
    exam = windows.batch(judged.series, judged.origins)
    inputs, level, spread = (t[:, -1].double().numpy() for t in (exam.window, exam.level, exam.spread))
    z = np.column_stack([inputs, np.ones(len(inputs))]) @ matrix * spread + level
    forecast, actual = scaling.invert(z, judged.series), scaling.invert(windows.actual(judged), judged.series)
    error = np.abs(forecast - actual)
    scaled = np.nanmean(error / scaling.unit[judged.series][:, None])
    relative = np.nanmean(error / np.maximum(np.abs(forecast) + np.abs(actual), 1e-12))
    return float(scaled * relative)
