"""The gradients of an LSTM by hand, as docs/explanation/kernel.md derives them, beside autograd and the kernels."""

from __future__ import annotations

import torch
from torch import Tensor

from recollect import LSTM
from recollect.kernels.contract import Case, Weights
from recollect.kernels.dispatch import chosen, using

Kept = list[tuple[Tensor, ...]]


def forward(x: Tensor, lengths: Tensor, weights: Weights) -> tuple[Tensor, Kept]:
    """Read ``x`` [T, B, I]: the outputs [T, B, H], zero past each row's end, and what the way back needs."""
    h = c = x.new_zeros(x.shape[1], weights.R.shape[1])
    outputs: list[Tensor] = []
    kept: Kept = []
    for t in range(len(x)):
        i, f, g, o = (x[t] @ weights.W.T + h @ weights.R.T + weights.b).chunk(4, dim=1)
        i, f, g, o, alive = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid(), (t < lengths)[:, None]
        kept.append((x[t], h, c, i, f, g, o, alive))
        c = torch.where(alive, f * c + i * g, c)
        h = torch.where(alive, o * c.tanh(), h)
        outputs.append(h * alive)
    return torch.stack(outputs), kept


def backward(kept: Kept, dy: Tensor, weights: Weights) -> list[Tensor]:
    """From the gradient of the outputs, those of W, R and b: the derivation, line by line."""
    dW, dR, db = (torch.zeros_like(value) for value in weights[:3])
    dh = dc = torch.zeros_like(dy[0])  # what step t sends to step t - 1; nothing comes from behind the end
    for dy_t, (x_t, h_old, c_old, i, f, g, o, alive) in reversed(list(zip(dy, kept, strict=True))):
        dh = dh + dy_t  # h is read by whoever uses the output, and by the step after through R
        s = (f * c_old + i * g).tanh()
        dc = dc + dh * o * (1 - s * s)  # c is read by the step after, and by h
        da_i, da_f = dc * g * i * (1 - i), dc * c_old * f * (1 - f)
        da_g, da_o = dc * i * (1 - g * g), dh * s * o * (1 - o)
        da = torch.cat([da_i, da_f, da_g, da_o], dim=1) * alive
        dW, dR, db = dW + da.T @ x_t, dR + da.T @ h_old, db + da.sum(0)
        dh, dc = da @ weights.R, dc * f * alive
    return [dW, dR, db]


if __name__ == "__main__":
    lstm = LSTM(input_size=3, hidden_size=20).double()
    x, dy = torch.randn(15, 6, 3, dtype=torch.float64), torch.randn(15, 6, 20, dtype=torch.float64)
    lengths = torch.tensor([15, 4, 0, 9, 15, 1])
    with torch.no_grad():
        ours = backward(forward(x, lengths, lstm.weights(0))[1], dy, lstm.weights(0))
    for path in ("reference", chosen(Case(dtype=torch.float64)).path.name):  # torch.autograd differentiates the first
        with using(path):
            found = torch.autograd.grad(lstm(x, lengths=lengths)[0], lstm.weights(0)[:3], dy)
        for letter, mine, other in zip("WRb", ours, found, strict=True):
            torch.testing.assert_close(mine, other, rtol=1e-10, atol=1e-10)
            print(f"d{letter} by hand and by the {path} path: {(mine - other).abs().max():.1e} apart at most")
