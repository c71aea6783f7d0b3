"""Layer normalisation inside the step: gates that do not saturate, whatever the scale of the weights."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from recollect.core.state import LSTMState
from recollect.kernels.contract import Seen, Tensors, Weights
from recollect.nn.variants.lstm import Squash, projected

__all__ = ["EPSILON", "layernorm", "normalised"]

EPSILON = 1e-5


def normalised(x: Tensor, weights: Weights) -> Tensor:
    """LN(W x[t]; gain_x) + b, what x contributes: [T, B, I] -> [T, B, 4H]; gain_x is the first four rows of E."""
    assert weights.E is not None
    return _norm(F.linear(x, weights.W), weights.E[:4].flatten()) + weights.b


def layernorm(seen: Seen, state: LSTMState, weights: Weights, squash: Squash) -> tuple[Tensors, LSTMState]:
    """One step of the LSTM with layer normalisation; gates i f g o, ``weights.E`` = gain_x, gain_h, gain_c, bias_c.

        preact = LN(W x; gain_x) + LN(R h; gain_h) + b          i, f, o = sigmoid, g = squash of their quarters
        c = f * c + i * g        h = o * squash(LN(c; gain_c) + bias_c), times P where there is a projection
        LN(v; gain) = gain * (v - mean(v)) / sqrt(var(v) + 1e-5)

    mean and var run over the whole vector, 4H values before the gates and H in the cell; gain_x and gain_h take four
    rows of E each, one for each gate. Ba, Kiros & Hinton 2016, "Layer normalization", supplement, equations 20 to 22.
    """
    assert weights.E is not None
    i, f, g, o = (seen.wx + _norm(seen.rh, weights.E[4:8].flatten())).chunk(4, dim=-1)
    i, f, g, o = i.sigmoid(), f.sigmoid(), squash(g), o.sigmoid()
    c = f * state.c + i * g
    shown = o * squash(_norm(c, weights.E[8], weights.E[9]))
    return (i, f, g, o), LSTMState(projected(shown, weights), c)


def _norm(v: Tensor, gain: Tensor, bias: Tensor | None = None) -> Tensor:
    return F.layer_norm(v, v.shape[-1:], gain, bias, EPSILON)
