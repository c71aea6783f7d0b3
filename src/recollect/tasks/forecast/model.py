"""A fitted model: from rows of a panel to forecasts in the user's unit."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recollect.core.errors import DataError
from recollect.data.panel import Panel
from recollect.data.schema import Schema
from recollect.evaluate.conformal import Conformal, scores_of
from recollect.tasks.forecast.covariates import Covariates
from recollect.tasks.forecast.data import Rows, Windows
from recollect.tasks.forecast.geometry import Geometry
from recollect.tasks.forecast.learning import quantiles_at
from recollect.tasks.forecast.ledger import Ledger
from recollect.tasks.forecast.network import ForecastNetwork
from recollect.tasks.forecast.results import Intervals
from recollect.tasks.forecast.scaling import Scaling
from recollect.tasks.forecast.settings import Settings
from recollect.train.record import Record

__all__ = ["Model"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Model:
    """Everything that was learnt.

    ``names`` [N] are the series that ``scaling`` [N] knows; another series is scaled by its own history.
    ``calibration`` is that of the ``ledger``.
    """

    settings: Settings
    schema: Schema
    geometry: Geometry
    names: tuple[str, ...]
    scaling: Scaling
    covariates: Covariates
    masked: bool
    networks: tuple[ForecastNetwork, ...]
    calibration: Conformal
    ledger: Ledger
    records: tuple[Record, ...]

    def windows(self, panel: Panel, ends: Ints) -> Windows:
        """``panel`` as the networks read it; a series not seen in training is scaled by its first ``ends[n]`` steps."""
        return Windows(panel, self.geometry, self.aligned(panel, ends), self.covariates)

    def check(self, panel: Panel) -> None:
        """Raise DataError for values that a model in logarithms cannot read."""
        low = float(np.nanmin(panel.target, initial=np.inf))
        if self.scaling.log and low <= 0:
            raise DataError(
                f'"{self.schema.target}" goes down to {low:g}, and this model reads logarithms of values above 0, as '
                'its training had: leave empty what was not observed, or train again with domain "nonnegative"'
            )

    def aligned(self, panel: Panel, ends: Ints) -> Scaling:
        """The scaling in the order of the panel's series."""
        if panel.names == self.names:
            return self.scaling
        own = Scaling.learn(panel, ends, self.geometry.season, log=self.scaling.log)
        at = self.places(panel)
        seen = at >= 0
        for target, source in (
            (own.center, self.scaling.center),
            (own.scale, self.scaling.scale),
            (own.unit, self.scaling.unit),
        ):
            target[seen] = source[at[seen]]
        return own

    def places(self, panel: Panel) -> Ints:
        """Which of ``names`` each of the panel's series is, -1 for one that is none of them."""
        place = {name: n for n, name in enumerate(self.names)}
        return np.array([place.get(name, -1) for name in panel.names], np.int64)

    def renewed(self, panel: Panel, ends: Ints | None = None, windows: Windows | None = None) -> Model:
        """This model, its intervals calibrated by what ``panel`` tells of its forecasts since they last were.

        Nothing after the first ``ends[n]`` steps (all by default) is seen; ``windows`` are those of ``panel``. Where
        nothing new is told, the calibration stays as it is, to the bit. Raises DataError as ``check``.
        """
        ends = panel.ends if ends is None else ends
        at = self.places(panel)
        rows = self.ledger.due(panel, ends, at)
        if not len(rows):
            return self
        if windows is None:
            self.check(panel)
            windows = self.windows(panel, ends)
        z, _, spread = quantiles_at(self.networks, windows, rows)
        truth = np.where(self.ledger.untold(panel, rows, at), windows.actual(rows), np.nan)
        scores = scores_of(*split_quantiles(z), truth, spread, self.settings.shares)
        if np.isnan(scores).all():
            return self
        ledger = self.ledger.entered(panel, ends, rows, at, scores)
        return replace(self, ledger=ledger, calibration=Conformal.of(ledger.outcomes.scores, self.settings.shares))

    def ahead(self, panel: Panel) -> Intervals:
        """The forecast [N, K] after the last observation of every series; raises DataError as ``check``."""
        self.check(panel)
        rows = Rows(np.arange(len(panel)), panel.ends, panel.ends)
        return self.forecast(self.windows(panel, panel.ends), rows)

    def forecast(self, windows: Windows, rows: Rows) -> Intervals:
        """Point and calibrated intervals for every row, in the user's unit."""
        z, _, spread = quantiles_at(self.networks, windows, rows)
        return self.finish(windows.scaling, z, spread, rows.series)

    def finish(self, scaling: Scaling, z: Floats, spread: Floats, series: Ints) -> Intervals:
        """Calibrate quantiles ``z`` [M, Q, K] of origins with ``spread`` [M] and bring them to the user's unit."""
        half = len(self.settings.levels)
        point = z[:, half]
        lower, upper = split_quantiles(z)
        lower, upper = self.calibration.apply(lower, upper, spread, point)
        found = Intervals(*(scaling.invert(values, series) for values in (point, lower, upper)))
        if self.settings.domain in ("nonnegative", "count"):
            found = Intervals(*(np.maximum(values, 0.0) for values in (found.point, found.lower, found.upper)))
        if self.settings.domain == "count":
            found = replace(found, point=np.round(found.point), lower=np.floor(found.lower), upper=np.ceil(found.upper))
        return found


def split_quantiles(quantiles: Floats) -> tuple[Floats, Floats]:
    """Lower and upper ends [M, K, Lv], narrowest interval first, of quantiles [M, Q, K] in ascending order."""
    half = quantiles.shape[1] // 2
    lower, upper = quantiles[:, :half][:, ::-1], quantiles[:, half + 1 :]
    return lower.transpose(0, 2, 1), upper.transpose(0, 2, 1)
