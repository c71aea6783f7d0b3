"""The state carried forward: one observation at a time, at a cost that does not grow with the past."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recollect.core.state import LSTMState
from recollect.data.joining import join_panels, tail_of
from recollect.data.panel import Panel
from recollect.tasks.forecast.data import Batch, Windows
from recollect.tasks.forecast.model import Model
from recollect.tasks.forecast.network import ForecastNetwork
from recollect.tasks.forecast.results import Intervals

__all__ = ["Stream"]

Ints = NDArray[np.int64]


class Stream:
    """Every series of a panel at its newest observation.

    The LSTM steps in strides of p observations, so that p states stand side by side, one for each phase of the
    stride; an observation moves the one whose turn it is. With a lookback every state begins anew within it, so that
    nothing older acts. ``panel`` is cut to what a new start can see.
    """

    def __init__(self, model: Model, panel: Panel) -> None:
        """Start from the last S strides of every series, as ``predict`` does."""
        self.model, self.panel = model, panel
        self.scaling = model.aligned(panel, panel.ends)
        p, n = model.geometry.stride, len(panel)
        self.states = [_empty(network, n * p) for network in model.networks]
        windows = Windows(panel, model.geometry, self.scaling, model.covariates)
        series = np.arange(n)
        self.quantiles, self.spread = self._advance(windows, series, panel.ends, carry=False)
        for back in range(1, p):
            self._advance(windows, series, panel.ends - back, carry=False)
        self._trim()

    def update(self, newer: Panel) -> None:
        """Read the newer observations of some or all series; raises DataError if one is not after the last."""
        self.model.check(newer)
        panel = join_panels(self.panel, newer)
        before, geometry = self.panel.ends, self.model.geometry
        carry = geometry.lookback is None
        geometry = replace(geometry, steps=1) if carry else geometry
        windows = Windows(panel, geometry, self.scaling, self.model.covariates)
        for step in range(1, int((panel.ends - before).max(initial=0)) + 1):
            series = np.flatnonzero(before + step <= panel.ends)
            quantiles, spread = self._advance(windows, series, before[series] + step, carry=carry, panel=panel)
            self.quantiles[series], self.spread[series] = quantiles, spread
        self.panel = panel
        self._trim()

    def forecast(self) -> Intervals:
        """Point and intervals [N, K] from the newest observation of every series."""
        return self.model.finish(self.scaling, self.quantiles, self.spread, np.arange(len(self.panel)))

    @torch.no_grad()
    def _advance(
        self, windows: Windows, series: Ints, origins: Ints, *, carry: bool, panel: Panel | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Move the states whose turn it is, from where they are or from nothing; quantiles in z and spread."""
        stride = self.model.geometry.stride
        starts = (panel or self.panel).starts[series]
        place = torch.from_numpy(series * stride + (starts + origins) % stride)
        batch = windows.batch(series, origins)
        each = [
            _step(network, batch, state, place, carry)
            for network, state in zip(self.model.networks, self.states, strict=True)
        ]
        level, spread = batch.level[:, -1].double(), batch.spread[:, -1].double()
        quantiles = torch.stack(each).mean(0) * spread[..., None] + level[..., None]
        return quantiles.numpy(), spread[:, 0].numpy()

    def _trim(self) -> None:
        self.panel = tail_of(self.panel, self.model.geometry.reach + self.model.geometry.stride)


def _step(network: ForecastNetwork, batch: Batch, state: LSTMState, place: Tensor, carry: bool) -> Tensor:
    first = LSTMState(state.h[:, place], state.c[:, place]) if carry else None
    quantiles, last = network.step(batch, first)
    state.h[:, place], state.c[:, place] = last.h, last.c
    return quantiles[:, -1].double()


def _empty(network: ForecastNetwork, rows: int) -> LSTMState:
    shape = (network.lstm.num_layers, rows, network.lstm.hidden_size)
    return LSTMState(torch.zeros(shape), torch.zeros(shape))
