"""What bench_lstm.py compares with: torch.nn.LSTM padded and packed, loops that keep every gate, variants by hand."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

__all__ = ["VARIANTS", "gates_loop", "ragged", "variant_loop"]


def ragged(layer: nn.LSTM, x: Tensor, lengths: Tensor) -> Tensor:
    """A ragged batch as users of torch.nn.LSTM read it: packed, read, padded again."""
    packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
    output, _ = layer(packed)
    return pad_packed_sequence(output, total_length=len(x))[0]


def gates_loop(cell: nn.LSTMCell, x: Tensor) -> list[Tensor]:
    """i f g o c h of every step, [T, B, H] each: what one writes today to see inside an LSTM."""
    h = c = x.new_zeros(x.shape[1], cell.hidden_size)
    rows = []
    for x_t in x.unbind(0):
        preact = F.linear(x_t, cell.weight_ih, cell.bias_ih) + F.linear(h, cell.weight_hh, cell.bias_hh)
        i, f, g, o = preact.chunk(4, dim=1)
        i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
        c = f * c + i * g
        h = o * c.tanh()
        rows.append((i, f, g, o, c, h))
    return [torch.stack(column) for column in zip(*rows, strict=True)]


def peephole(wx: Tensor, R: Tensor, E: Tensor) -> Tensor:
    h = c = torch.zeros(wx.shape[1], wx.shape[2] // 4)
    out = []
    for t in range(wx.shape[0]):
        i, f, g, o = (wx[t] + h @ R.t()).chunk(4, 1)
        i, f = torch.sigmoid(i + E[0] * c), torch.sigmoid(f + E[1] * c)
        c = f * c + i * torch.tanh(g)
        h = torch.sigmoid(o + E[2] * c) * torch.tanh(c)
        out.append(h)
    return torch.stack(out)


def coupled(wx: Tensor, R: Tensor, E: Tensor) -> Tensor:
    h = c = torch.zeros(wx.shape[1], wx.shape[2] // 3)
    out = []
    for t in range(wx.shape[0]):
        i, g, o = (wx[t] + h @ R.t()).chunk(3, 1)
        i = torch.sigmoid(i)
        c = (1 - i) * c + i * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        out.append(h)
    return torch.stack(out)


def layernorm(wx: Tensor, R: Tensor, E: Tensor) -> Tensor:
    H = wx.shape[2] // 4
    h = c = torch.zeros(wx.shape[1], H)
    out = []
    wx = torch.layer_norm(wx, [4 * H], E[:4].flatten(), None)
    for t in range(wx.shape[0]):
        i, f, g, o = (wx[t] + torch.layer_norm(h @ R.t(), [4 * H], E[4:8].flatten(), None)).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(torch.layer_norm(c, [H], E[8], E[9]))
        out.append(h)
    return torch.stack(out)


def zoneout(wx: Tensor, R: Tensor, E: Tensor) -> Tensor:
    H = wx.shape[2] // 4
    h = c = torch.zeros(wx.shape[1], H)
    keep_c, keep_h = torch.rand(wx.shape[0], wx.shape[1], H) < 0.1, torch.rand(wx.shape[0], wx.shape[1], H) < 0.1
    out = []
    for t in range(wx.shape[0]):
        i, f, g, o = (wx[t] + h @ R.t()).chunk(4, 1)
        new = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.where(keep_h[t], h, torch.sigmoid(o) * torch.tanh(new))
        c = torch.where(keep_c[t], c, new)
        out.append(h)
    return torch.stack(out)


VARIANTS = {"peephole": peephole, "coupled": coupled, "layernorm": layernorm, "zoneout": zoneout}


def variant_loop(name: str, how: str) -> object:
    """The loop of one variant, by TorchScript or by torch.compile."""
    loop = VARIANTS[name]
    return torch.jit.script(loop) if how == "TorchScript" else torch.compile(loop)
