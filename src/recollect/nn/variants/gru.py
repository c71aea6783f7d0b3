"""The gated recurrent unit: two gates, and the output is the memory."""

from __future__ import annotations

from recollect.core.state import LSTMState
from recollect.kernels.contract import Seen, Tensors, Weights
from recollect.nn.variants.lstm import Squash

__all__ = ["gru"]


def gru(seen: Seen, state: LSTMState, weights: Weights, squash: Squash) -> tuple[Tensors, LSTMState]:
    """One step of the GRU in PyTorch's and cuDNN's form; gates r z n, ``weights.E`` = e, the bias that r multiplies.

        r = sigmoid(W_r x + R_r h + b_r)       what of the past the candidate sees
        z = sigmoid(W_z x + R_z h + b_z)       what to keep
        n = squash(W_n x + b_n + r * (R_n h + e))             the candidate
        h = (1 - z) * n + z * h

    Cho et al. 2014, "Learning phrase representations using RNN encoder-decoder", section 2.3; there r multiplies h
    before R_n, here the product, so that one matrix product serves all three gates.
    """
    assert weights.E is not None
    (wx_r, wx_z, wx_n), (rh_r, rh_z, rh_n) = seen.wx.chunk(3, dim=-1), seen.rh.chunk(3, dim=-1)
    r, z = (wx_r + rh_r).sigmoid(), (wx_z + rh_z).sigmoid()
    n = squash(wx_n + r * (rh_n + weights.E[0]))
    return (r, z, n), LSTMState((1 - z) * n + z * state.h, state.c)
