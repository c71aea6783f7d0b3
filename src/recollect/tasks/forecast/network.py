"""The forecasting network: an LSTM that corrects the best mixture of naive forecasts."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recollect.core.state import LSTMState
from recollect.nn import LSTM
from recollect.tasks.forecast.data import Batch
from recollect.tasks.forecast.geometry import Geometry

__all__ = ["ForecastNetwork", "pinball"]

GROUP_SIZE = 8  # of a category's embedding
AHEAD_SIZE = 32  # of the layer that reads known covariates


class ForecastNetwork(nn.Module):
    """Quantiles of the next K values at every one of S origins, in units of the origin's level and spread.

        h = LSTM(window, spread, covariates)                    [B, S, H], origins p steps apart
        median = sum_c softmax(a + A h)_c naive_c  +  M window  +  D h
        median = n + w (median - n)        with n the newborn's median and the trust w in [0, 1]
        next quantile outwards = the one before +- softplus(U h)

    Every horizon reads the last state and the newest values (Wen et al. 2017, arXiv:1711.11053, section 3: forking
    sequences); quantiles never cross. The newborn is a mixture of naive forecasts and a linear model (see
    ``birth``), A and D zero. After training the trust is what serves best on forecasts that trained nothing, so that
    a random walk is left one.
    """

    def __init__(
        self,
        geometry: Geometry,
        quantiles: tuple[float, ...],
        *,
        hidden_size: int,
        num_layers: int,
        dropout: float,
        covariates: tuple[int, int, int] = (0, 0, 0),
        groups: tuple[int, ...] = (),
        masked: bool = False,
    ) -> None:
        """``covariates`` counts the known, past and static columns; ``masked`` lets the LSTM see what is missing."""
        super().__init__()
        g, known, past, static = geometry, *covariates
        self.geometry, self.quantiles, self.masked = g, quantiles, masked
        self.embeddings = nn.ModuleList(nn.Embedding(size, GROUP_SIZE, padding_idx=0) for size in groups)
        inputs = g.window * (2 if masked else 1) + 2 + 2 * g.stride * (known + past) + 2 * static
        inputs += GROUP_SIZE * len(groups)
        self.lstm = LSTM(inputs, hidden_size, num_layers, dropout=dropout if num_layers > 1 else 0.0)
        self.dropout = nn.Dropout(dropout)
        self.born_mix = nn.Buffer(torch.zeros(len(g.lags), g.horizon))
        self.born_weight = nn.Buffer(torch.zeros(g.horizon, g.window))
        self.born_bias = nn.Buffer(torch.zeros(g.horizon))
        self.trust = nn.Buffer(torch.ones(()))
        count = len(quantiles)
        self.mix = _zero(nn.Linear(hidden_size, len(g.lags) * g.horizon))
        self.linear = _zero(nn.Linear(g.window, g.horizon))
        self.head = _zero(nn.Linear(hidden_size, count * g.horizon))
        self.ahead = nn.Linear(2 * known, AHEAD_SIZE) if known else None
        self.context = nn.Linear(hidden_size, AHEAD_SIZE, bias=False) if known else None
        self.ahead_head = _zero(nn.Linear(AHEAD_SIZE, count)) if known else None

    def forward(self, batch: Batch) -> Tensor:
        """Quantiles [B, S, Q, K], ascending along Q."""
        hidden, _ = self.lstm(self.inputs(batch).transpose(0, 1))
        return self.read(hidden.transpose(0, 1), batch)

    def step(self, batch: Batch, state: LSTMState | None) -> tuple[Tensor, LSTMState]:
        """Quantiles [B, 1, Q, K] at the single origin of each row, with the state carried on."""
        hidden, state = self.lstm(self.inputs(batch).transpose(0, 1), state)
        return self.read(hidden.transpose(0, 1), batch), state

    def inputs(self, batch: Batch) -> Tensor:
        """What the LSTM reads, [B, S, I]."""
        steps = batch.window.shape[1]
        parts = [batch.window, batch.spread.log(), batch.seen.mean(-1, keepdim=True), batch.past]
        if self.masked:
            parts.append(batch.seen)
        constant = [batch.static, *(e(batch.groups[:, i]) for i, e in enumerate(self.embeddings))]
        return torch.cat(parts + [c[:, None].expand(-1, steps, -1) for c in constant if c.shape[-1]], -1)

    def read(self, hidden: Tensor, batch: Batch) -> Tensor:
        """Quantiles [B, S, Q, K] from the states [B, S, H]."""
        hidden = self.dropout(hidden)
        rows, steps, lags, horizon = batch.naive.shape
        shares = torch.softmax(self.mix(hidden).view(rows, steps, lags, horizon) + batch.closed, 2)
        out = self.head(hidden).view(rows, steps, len(self.quantiles), horizon)
        if self.ahead is not None and self.context is not None and self.ahead_head is not None:
            seen = F.gelu(self.ahead(batch.known) + self.context(hidden)[:, :, None])
            out = out + self.ahead_head(seen).transpose(2, 3)
        median = (shares * batch.naive).sum(2) + self.linear(batch.window) + out[:, :, 0]
        if not self.training:
            median = torch.lerp(self.newborn(batch), median, self.trust)
        half = len(self.quantiles) // 2
        gaps = F.softplus(out[:, :, 1:]).unbind(2)
        lower, upper = [median], [median]
        for below, above in zip(gaps[:half], gaps[half:], strict=True):
            lower.append(lower[-1] - below)
            upper.append(upper[-1] + above)
        return torch.stack(lower[:0:-1] + upper, 2)

    def newborn(self, batch: Batch) -> Tensor:
        """The median before training, [B, S, K]: see ``birth``."""
        mixture = (torch.softmax(self.born_mix + batch.closed, 2) * batch.naive).sum(2)
        return mixture + F.linear(batch.window, self.born_weight, self.born_bias)


class _Pinball(torch.autograd.Function):
    """The weighted pinball sum with its gradient found on the way: one pass in place of a dozen."""

    @staticmethod
    def forward(
        ctx: torch.autograd.function.FunctionCtx, forecast: Tensor, target: Tensor, weight: Tensor, quantiles: Tensor
    ) -> Tensor:
        error = target[:, :, None] - forecast
        slope = (quantiles[:, None] - (error < 0).to(error.dtype)).mul_(weight[:, :, None])
        ctx.save_for_backward(slope)
        return (slope * error).sum()

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        (slope,) = ctx.saved_tensors  # type: ignore[attr-defined]
        return slope * -gradient, None, None, None


def pinball(forecast: Tensor, target: Tensor, weight: Tensor, quantiles: Tensor) -> Tensor:
    """Mean over seen targets of the weighted quantile loss, summed over quantiles; a scalar.

        loss = weight * max(q (y - f), (q - 1) (y - f))

    ``forecast`` [B, S, Q, K], ``target`` and ``weight`` [B, S, K], ``quantiles`` [Q]. Koenker & Bassett 1978,
    doi:10.2307/1913643, eq. 3.1.
    """
    total: Tensor = _Pinball.apply(forecast, target, weight, quantiles)  # type: ignore[no-untyped-call]
    return total / weight.sum().clamp(min=1e-9)


def _zero(layer: nn.Linear) -> nn.Linear:
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
