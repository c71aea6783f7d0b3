"""Irregular time: a cell that fades with the time since the step before."""

from __future__ import annotations

import torch
from torch import Tensor

from recollect.core.state import LSTMState
from recollect.kernels.contract import Seen, Tensors, Weights
from recollect.nn.variants.lstm import Squash, lstm

__all__ = ["decay", "fading"]


def decay(seen: Seen, state: LSTMState, weights: Weights, squash: Squash) -> tuple[Tensors, LSTMState]:
    """One step of the LSTM whose cell fades over the gap since the step before; gates i f g o, ``weights.E`` = w, v.

        gamma = exp(-max(0, w * gap + v))       c[t-1] -> gamma * c[t-1]       then a step of the lstm

    In the manner of Che et al. 2018, "Recurrent neural networks for multivariate time series with missing values",
    section on the decay, which fades the state of a GRU so. The slope of max is 0 where its arguments are equal.
    """
    assert seen.gap is not None
    return lstm(seen, LSTMState(state.h, fading(seen.gap, weights) * state.c), weights, squash)


def fading(gap: Tensor, weights: Weights) -> Tensor:
    """gamma, the share of the cell that a gap [..., 1] leaves of each unit: [..., H]."""
    assert weights.E is not None
    w, v = weights.E.unbind(0)
    return torch.exp(-torch.relu(w * gap + v))
