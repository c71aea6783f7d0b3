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
        next quantile outwards = the one before +- softplus(U h)

    Every horizon reads the last state and the newest values (Wen et al. 2017, arXiv:1711.11053, section 3: forking
    sequences); quantiles never cross. Before training it is the mixture of naive forecasts alone: M, A and D are zero.
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
        self.embeddings = nn.ModuleList(nn.Embedding(size, GROUP_SIZE) for size in groups)
        inputs = g.window * (2 if masked else 1) + 2 + 2 * g.stride * (known + past) + 2 * static
        inputs += GROUP_SIZE * len(groups)
        self.lstm = LSTM(inputs, hidden_size, num_layers, dropout=dropout if num_layers > 1 else 0.0)
        self.dropout = nn.Dropout(dropout)
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
        half = len(self.quantiles) // 2
        gaps = F.softplus(out[:, :, 1:]).unbind(2)
        lower, upper = [median], [median]
        for below, above in zip(gaps[:half], gaps[half:], strict=True):
            lower.append(lower[-1] - below)
            upper.append(upper[-1] + above)
        return torch.stack(lower[:0:-1] + upper, 2)

    @torch.no_grad()
    def be_naive(self, batch: Batch) -> None:
        """Set the biases so that the untrained network is the best naive mixture with its own empirical quantiles.

        A lag's share falls with the fourth power of its mean error on ``batch``; gaps between quantiles are those of
        the mixture's errors.
        """
        seen = batch.weight > 0
        each = batch.weight[:, :, None] * seen[:, :, None] * (batch.closed == 0)
        error = (each * (batch.naive - batch.target[:, :, None]).abs()).sum((0, 1))
        error = error / each.sum((0, 1)).clamp(min=1e-9)  # [C, K]
        never = each.sum((0, 1)) == 0
        share = -4 * torch.log(error.clamp(min=1e-6) / error.masked_fill(never, torch.inf).amin(0).clamp(min=1e-6))
        self.mix.bias.copy_(share.masked_fill(never, -8.0).clamp(min=-8.0).flatten())
        median = self.read(torch.zeros(*batch.window.shape[:2], self.lstm.hidden_size), batch)[
            :, :, len(self.quantiles) // 2
        ]
        left = (batch.target - median)[seen]
        if not left.numel():
            return
        marks = torch.quantile(left[:: max(1, left.numel() // 100_000)], torch.tensor(self.quantiles))
        gaps = marks.diff().clamp(min=1e-3)
        half = len(self.quantiles) // 2
        bias = self.head.bias.view(len(self.quantiles), -1)
        ordered = torch.cat([gaps[:half].flip(0), gaps[half:]])
        bias[1:] = torch.log(torch.expm1(ordered))[:, None]


class _Pinball(torch.autograd.Function):
    """The weighted pinball sum with its gradient found on the way: one pass in place of a dozen."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: torch.autograd.function.FunctionCtx, forecast: Tensor, target: Tensor, weight: Tensor, quantiles: Tensor
    ) -> Tensor:
        error = target[:, :, None] - forecast
        slope = (quantiles[:, None] - (error < 0).to(error.dtype)).mul_(weight[:, :, None])
        ctx.save_for_backward(slope)
        return (slope * error).sum()

    @staticmethod
    def backward(  # type: ignore[override]
        ctx: torch.autograd.function.FunctionCtx, gradient: Tensor
    ) -> tuple[Tensor, None, None, None]:
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
