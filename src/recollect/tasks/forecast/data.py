"""Windows on a panel, gathered by index: no window is ever materialised before its batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recollect.data.panel import Panel
from recollect.tasks.forecast.covariates import Covariates
from recollect.tasks.forecast.geometry import Geometry
from recollect.tasks.forecast.scaling import Scaling

__all__ = ["Batch", "Rows", "Windows"]

Ints = NDArray[np.int64]
SPREAD_FLOOR = 0.1  # of the seasonal naive error: a flat window must not blow noise up


@dataclass(frozen=True)
class Rows:
    """Forecasts to make: the series [M], the origin [M] (steps known) and where its targets end [M]."""

    series: Ints
    origins: Ints
    limits: Ints

    def __len__(self) -> int:
        return len(self.series)

    def part(self, first: int, end: int) -> Rows:
        """Rows from first to before end."""
        return Rows(self.series[first:end], self.origins[first:end], self.limits[first:end])


@dataclass(frozen=True)
class Batch:
    """B rows of S origins each, the last one the row's own; values normalised by each origin's level and spread.

    Attributes:
        window: [B, S, W] the newest values, 0 where not observed.
        seen: [B, S, W] 1 where observed.
        naive: [B, S, C, K] the naive forecasts, one for each lag.
        closed: [B, S, C, K] 0 where a naive forecast exists, a large negative number where it does not.
        level, spread: [B, S, 1] mean and root mean square deviation of the window, in z.
        past: [B, S, p * c] covariates of the newest patch; known: [B, S, K, c] those of the horizon.
        static: [B, c] numbers and groups: [B, c] category codes of the series.
        target: [B, S, K], and weight: [B, S, K], 0 where not observed or not to be seen; empty without targets.
    """

    window: Tensor
    seen: Tensor
    naive: Tensor
    closed: Tensor
    level: Tensor
    spread: Tensor
    past: Tensor
    known: Tensor
    static: Tensor
    groups: Tensor
    target: Tensor
    weight: Tensor


class Windows:
    """A panel as the network reads it."""

    def __init__(self, panel: Panel, geometry: Geometry, scaling: Scaling, covariates: Covariates) -> None:
        self.geometry, self.scaling = geometry, scaling
        self.offsets = panel.offsets
        self.z = torch.from_numpy(scaling.transform(panel))
        self.covariates = covariates.tensors(panel)
        lags, steps = geometry.lags, torch.arange(geometry.horizon)
        # Where in the lead lies the value that lag L repeats at step k.
        self.repeats = torch.stack([geometry.lead - lag + steps % lag for lag in lags])  # [C, K]

    def batch(self, series: Ints, origins: Ints, limits: Ints | None = None) -> Batch:
        """Rows for the origins [B] of the series [B]; an origin is the number of steps known at it.

        ``limits`` [B]: targets from this step of the series on are not seen; without it there are no targets.
        """
        g = self.geometry
        first = torch.from_numpy(self.offsets[series])[:, None]
        rows = torch.from_numpy(self.offsets[series + 1] - self.offsets[series])[:, None]
        origin = torch.from_numpy(origins)[:, None]
        step = origin - g.reach + torch.arange(g.reach)  # [B, reach], steps of the series
        known = step >= (0 if g.lookback is None else (origin - g.lookback).clamp(min=0))
        values = torch.where(known, self.z[(first + step).clamp(min=0)], torch.nan)
        leads = values.unfold(1, g.lead, g.stride)  # [B, S, lead]
        window = leads[..., g.lead - g.window :]
        seen = (~window.isnan()).float()
        window = window.nan_to_num()
        count = seen.sum(-1, keepdim=True).clamp(min=1)
        level = window.sum(-1, keepdim=True) / count
        window = (window - level) * seen
        spread = (window.square().sum(-1, keepdim=True) / count + SPREAD_FLOOR**2).sqrt()
        naive = (leads[..., self.repeats] - level[..., None]) / spread[..., None]
        closed = naive.isnan()
        places = origin + torch.arange(1 - g.steps, 1) * g.stride  # [B, S]
        target, weight = self._targets(series, first, places, level, spread, limits)
        past, ahead = self.covariates.gather(first, rows, places, g)
        return Batch(
            window / spread, seen, naive.nan_to_num(), closed * -1e4, level, spread, past, ahead,
            self.covariates.static[series], self.covariates.groups[series], target, weight,
        )  # fmt: skip

    def actual(self, rows: Rows) -> NDArray[np.float64]:
        """What happened after each origin, [M, K] in z; NaN where not observed or not to be seen."""
        step = rows.origins[:, None] + np.arange(self.geometry.horizon)
        place = np.minimum(self.offsets[rows.series][:, None] + step, len(self.z) - 1)
        values = self.z.numpy()[place].astype(np.float64)
        return np.where(step < rows.limits[:, None], values, np.nan)

    def _targets(
        self, series: Ints, first: Tensor, places: Tensor, level: Tensor, spread: Tensor, limits: Ints | None
    ) -> tuple[Tensor, Tensor]:
        """Targets and their weights: half by the error in seasonal naive errors, half by the relative error.

        Weights depend on the origin alone, so that quantiles stay quantiles.
        """
        if limits is None:
            return torch.empty(0), torch.empty(0)
        step = places[..., None] + torch.arange(self.geometry.horizon)  # [B, S, K]
        allowed = (step < torch.from_numpy(limits)[:, None, None]) & (places[..., None] > 0)
        value = self.z[(first[..., None] + step).clamp(min=0, max=len(self.z) - 1)]
        target = torch.where(allowed, (value - level) / spread, torch.nan)
        scale, center, unit = (
            torch.from_numpy(a[series])[:, None, None]
            for a in (self.scaling.scale, self.scaling.center, self.scaling.unit)
        )
        middle = level * scale + center
        slope = middle.exp() if self.scaling.log else torch.ones_like(middle)
        size = slope if self.scaling.log else middle.abs()
        error = spread * scale * slope
        # Bounded: one odd window must not own the gradient.
        weight = (error / unit).clamp(max=10.0) + 10 * (error / torch.maximum(size, unit)).clamp(max=1.0)
        return target.nan_to_num(), torch.where(target.isnan(), 0.0, weight.float())
