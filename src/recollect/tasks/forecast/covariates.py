"""Covariates of a panel as the network reads them: standardised, with a mark where they are missing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recollect.data.panel import Panel
from recollect.tasks.forecast.geometry import Geometry

__all__ = ["CovariateTensors", "Covariates"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Covariates:
    """Mean and deviation [c] of each numeric covariate, learnt before the cut."""

    known: tuple[Floats, Floats]
    past: tuple[Floats, Floats]
    static: tuple[Floats, Floats]

    @classmethod
    def learn(cls, panel: Panel, cuts: NDArray[np.int64]) -> Covariates:
        """From the first ``cuts[n]`` steps of every series and from nothing after them."""
        lengths = np.diff(panel.offsets)
        step = np.arange(len(panel.target)) - np.repeat(panel.offsets[:-1], lengths)
        before = step < np.repeat(cuts, lengths)
        return cls(_moments(panel.known[before]), _moments(panel.past[before]), _moments(panel.static))

    @property
    def counts(self) -> tuple[int, int, int]:
        """How many known, past and static columns there are."""
        return len(self.known[0]), len(self.past[0]), len(self.static[0])

    def tensors(self, panel: Panel) -> CovariateTensors:
        """The panel's covariates, standardised."""
        known, past = _standard(panel.known, self.known), _standard(panel.past, self.past)
        return CovariateTensors(known, past, _standard(panel.static, self.static), torch.from_numpy(panel.groups))


@dataclass(frozen=True)
class CovariateTensors:
    """``known`` and ``past`` [total, 2 c]: value and mark of absence; ``static`` [N, 2 c]; ``groups`` [N, c]."""

    known: Tensor
    past: Tensor
    static: Tensor
    groups: Tensor

    def gather(self, first: Tensor, rows: Tensor, places: Tensor, geometry: Geometry) -> tuple[Tensor, Tensor]:
        """What an origin at ``places`` [B, S] may see: the newest patch [B, S, p * c] and the horizon's [B, S, K, c].

        ``first`` [B, 1] is where each series begins in the flat arrays and ``rows`` [B, 1] how long it is; a step
        outside is absent.
        """
        newest, horizon = torch.arange(-geometry.stride, 0), torch.arange(geometry.horizon)
        patch = [self._at(values, first, rows, places, newest).flatten(2) for values in (self.known, self.past)]
        return torch.cat(patch, 2), self._at(self.known, first, rows, places, horizon)

    @staticmethod
    def _at(values: Tensor, first: Tensor, rows: Tensor, places: Tensor, shifts: Tensor) -> Tensor:
        if not values.shape[1]:
            return values.new_zeros(*places.shape, len(shifts), 0)
        step = places[..., None] + shifts
        inside = (step >= 0) & (step < rows[..., None])
        gathered = values[(first[..., None] + step).clamp(0, len(values) - 1)]
        absent = torch.zeros(values.shape[1])
        absent[values.shape[1] // 2 :] = 1.0
        return torch.where(inside[..., None], gathered, absent)


def _moments(values: Floats) -> tuple[Floats, Floats]:
    seen = np.isfinite(values)
    count = np.maximum(seen.sum(0), 1)
    mean = np.where(seen, values, 0.0).sum(0) / count
    deviation = np.sqrt(np.where(seen, (values - mean) ** 2, 0.0).sum(0) / count)
    return mean, np.where(deviation > 0, deviation, 1.0)


def _standard(values: Floats, moments: tuple[Floats, Floats]) -> Tensor:
    mean, deviation = moments
    scaled = (values - mean) / deviation
    absent = ~np.isfinite(scaled)
    return torch.from_numpy(np.concatenate([np.where(absent, 0.0, scaled), absent], 1).astype(np.float32))
