"""From a panel to a fitted model, using nothing after the given ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from recollect.core.errors import DataError, InputError
from recollect.core.seeds import derive_seed
from recollect.data.panel import Panel
from recollect.evaluate.conformal import Conformal, scores_of
from recollect.tasks.forecast.covariates import Covariates
from recollect.tasks.forecast.data import Rows, Windows
from recollect.tasks.forecast.domain import choose_log
from recollect.tasks.forecast.geometry import Geometry, plan_geometry
from recollect.tasks.forecast.learning import quantiles_at, tail_rows, train_member
from recollect.tasks.forecast.ledger import MOST_COUNTED, Ledger
from recollect.tasks.forecast.model import Model, split_quantiles
from recollect.tasks.forecast.network import ForecastNetwork
from recollect.tasks.forecast.resuming import CHANGES, identity
from recollect.tasks.forecast.scaling import Scaling
from recollect.tasks.forecast.settings import Settings
from recollect.train.plan import Plan
from recollect.train.progress import Progress
from recollect.train.record import Record
from recollect.train.resuming import Checkpoints

__all__ = ["fit_model", "tail_lengths"]

Ints = NDArray[np.int64]
LONGEST_TAIL = 2000
MOST_STEPS, FEWEST_STEPS = 48, 8  # of an epoch
BATCH_SIZE = 64


@dataclass(frozen=True)
class _Stage:
    """What every member shares."""

    settings: Settings
    panel: Panel
    geometry: Geometry
    windows: Windows
    covariates: Covariates
    cuts: Ints
    masked: bool
    judged: Rows


def fit_model(
    panel: Panel,
    settings: Settings,
    ends: Ints,
    season: int,
    *,
    validation: int | None = None,
    checkpoints: Checkpoints | None = None,
    progress: Callable[[str], Progress] | None = None,
) -> Model:
    """Train on the first ``ends[n]`` steps of every series and on nothing after them.

    The last ``validation`` of these steps (by default the horizon or a tenth, whichever is longer, at most a third)
    train nothing: they choose the transform, stop training early and calibrate the intervals.

    With ``checkpoints`` a training that was killed goes on to the bits of one that was not, and the seconds that it
    had taken count; they are left for the caller to clear. Everything but the training proper is done again.

    Raises DataError where the series are too short for the horizon.
    """
    began = time.monotonic()
    cuts = ends - tail_lengths(ends, settings.horizon, validation)
    if not ((cuts >= 2) & (cuts < ends)).any():
        raise DataError(
            f"the longest series has {int(ends.max(initial=0))} steps of history, too few to learn to forecast "
            f"{settings.horizon}: at least {3 * settings.horizon} are wanted; give more data or a shorter horizon"
        )
    geometry = plan_geometry(settings.horizon, season, int(np.median(cuts[cuts >= 2])), settings.lookback)
    judged = tail_rows(panel, cuts, ends)
    covariates = Covariates.learn(panel, cuts)
    log = choose_log(panel, settings, geometry, cuts, judged)
    scaling = Scaling.learn(panel, cuts, season, log=log)
    windows = Windows(panel, geometry, scaling, covariates)
    stage = _Stage(settings, panel, geometry, windows, covariates, cuts, _has_gaps(panel, ends), judged)
    behind = [0.0] * settings.ensemble
    if checkpoints:
        behind = checkpoints.open(identity(panel, settings, ends, season, validation), settings.ensemble, CHANGES)
    members = [_train(stage, n, began - sum(behind[:n]), checkpoints, progress) for n in range(settings.ensemble)]
    networks, records = zip(*members, strict=True)
    calibration, ledger = _calibrate(stage, networks, ends)
    return Model(
        settings, panel.schema, geometry, panel.names, scaling, covariates, stage.masked, networks, calibration, ledger,
        records,
    )  # fmt: skip


def tail_lengths(ends: Ints, horizon: int, validation: int | None) -> Ints:
    """How many of each series' steps are kept from training, [N]."""
    if validation is not None:
        if validation < 1:
            raise InputError(f"validation is {validation} steps, and must be at least 1")
        return np.minimum(validation, ends)
    wanted = np.maximum(horizon, np.minimum(ends // 10, max(LONGEST_TAIL, horizon)))
    return np.minimum(wanted, ends // 3)


def _train(
    stage: _Stage,
    member: int,
    began: float,
    checkpoints: Checkpoints | None,
    progress: Callable[[str], Progress] | None,
) -> tuple[ForecastNetwork, Record]:
    """One network, in its share of the time that is left of all that ``began`` then."""
    settings = stage.settings
    network = _network(stage, derive_seed(settings.seed, "weights", member))
    left = None if settings.max_time is None else settings.max_time - (time.monotonic() - began)
    share = None if left is None else max(left / (settings.ensemble - member), 0.05)
    record = train_member(
        network,
        stage.windows,
        stage.cuts,
        stage.judged,
        plan=_plan(settings, stage.geometry, stage.cuts, share),
        batch_size=BATCH_SIZE,
        seed=derive_seed(settings.seed, "member", member),
        checkpoint=checkpoints.path(member) if checkpoints else None,
        progress=progress(f"member {member + 1}" if settings.ensemble > 1 else "training") if progress else None,
    )
    return network, record


def _network(stage: _Stage, seed: int) -> ForecastNetwork:
    """A new member; torch's own generator is left as it was."""
    settings, panel = stage.settings, stage.panel
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return ForecastNetwork(
            stage.geometry,
            settings.quantiles,
            hidden_size=settings.hidden_size,
            num_layers=settings.num_layers,
            dropout=settings.dropout,
            covariates=stage.covariates.counts,
            groups=panel.schema.group_sizes,
            masked=stage.masked,
        )


def _plan(settings: Settings, geometry: Geometry, cuts: Ints, max_time: float | None) -> Plan:
    """An epoch shows every origin about once, within bounds."""
    once = int(cuts.sum()) // (BATCH_SIZE * geometry.steps)
    return Plan(
        max_epochs=settings.max_epochs,
        max_time=max_time,
        learning_rate=5e-3,
        weight_decay=0.01,
        warmup=0.1,
        steps_per_epoch=min(max(once, FEWEST_STEPS), MOST_STEPS),
    )


def _calibrate(stage: _Stage, networks: tuple[ForecastNetwork, ...], ends: Ints) -> tuple[Conformal, Ledger]:
    """By the errors on the tails, which trained nothing."""
    panel, windows, levels = stage.panel, stage.windows, stage.settings.shares
    rows = tail_rows(panel, stage.cuts, ends, MOST_COUNTED)
    quantiles, _, spread = quantiles_at(networks, windows, rows)
    scores = scores_of(*split_quantiles(quantiles), windows.actual(rows), spread, levels)
    return Conformal.of(scores, levels), Ledger.open(panel, stage.geometry, stage.cuts, ends, rows, scores)


def _has_gaps(panel: Panel, ends: Ints) -> bool:
    return any(np.isnan(panel.history(n)[: int(ends[n])]).any() for n in range(len(panel)))
