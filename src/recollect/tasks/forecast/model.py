"""A fitted model: from rows of a panel to forecasts in the user's unit."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recollect.core.errors import DataError
from recollect.data.panel import Panel
from recollect.data.schema import Schema
from recollect.evaluate.conformal import Conformal
from recollect.tasks.forecast.covariates import Covariates
from recollect.tasks.forecast.data import Rows, Windows
from recollect.tasks.forecast.geometry import Geometry
from recollect.tasks.forecast.learning import quantiles_at
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
        place = {name: n for n, name in enumerate(self.names)}
        at = np.array([place.get(name, -1) for name in panel.names])
        seen = at >= 0
        for target, source in (
            (own.center, self.scaling.center),
            (own.scale, self.scaling.scale),
            (own.unit, self.scaling.unit),
        ):
            target[seen] = source[at[seen]]
        return own

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
