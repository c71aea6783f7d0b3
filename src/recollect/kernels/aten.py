"""PyTorch's own fused LSTM (oneDNN on a CPU, cuDNN on a GPU) on our weights, ragged batches included."""

from __future__ import annotations

import torch
from torch import Tensor

from recollect.core.state import LSTMState
from recollect.kernels.contract import Case, Layer, Path, Weights
from recollect.kernels.reference import REFERENCE

__all__ = ["ATEN"]

SHUT = 1e4  # sigmoid(1e4) is 1 and sigmoid(-1e4) is 0 to the last bit in every float type, and half precision holds it


def _run(layer: Layer, x: Tensor, state: LSTMState, lengths: Tensor | None) -> tuple[Tensor, LSTMState]:
    if not x.numel():
        return REFERENCE.run(layer, x, state, lengths)
    weights, reverse = layer.weights, layer.reverse
    if lengths is not None:
        x = x.masked_fill((_clock(x) >= lengths)[..., None], 0)
    if lengths is None:
        output, last = _fused(x.flip(0) if reverse else x, state, weights)
        return (output.flip(0) if reverse else output), last
    if reverse:
        output, last = _ragged(_reversed(x, lengths), state, weights, lengths)
        return _reversed(output, lengths), last
    return _ragged(x, state, weights, lengths)


def _ragged(x: Tensor, state: LSTMState, weights: Weights, lengths: Tensor) -> tuple[Tensor, LSTMState]:
    """Run a padded batch at full speed, and still end each row at its own end.

    PyTorch's fused path knows no lengths, and its packed one is two to five times slower. So one more input says that a
    row is over; its weight opens the forget gate and shuts the input gate for good, and the cell keeps its value. The
    output at a row's end is then all that is left to look up.
    """
    H = weights.R.shape[0] // 4
    over = _clock(x) >= lengths
    hold = torch.cat(
        [weights.W.new_full((H, 1), -SHUT), weights.W.new_full((H, 1), SHUT), weights.W.new_zeros(2 * H, 1)]
    )
    held = Weights(torch.cat([weights.W, hold], dim=1), *weights[1:])
    output, last = _fused(torch.cat([x, over[..., None].to(x.dtype)], dim=2), state, held)
    ends = (lengths - 1).clamp(min=0)[None, :, None].expand(1, -1, output.shape[2])
    any_step = (lengths > 0)[:, None]
    h = torch.where(any_step, output.gather(0, ends)[0], state.h)
    c = torch.where(any_step, last.c, state.c)
    return output.masked_fill(over[..., None], 0), LSTMState(h, c)


def _fused(x: Tensor, state: LSTMState, weights: Weights) -> tuple[Tensor, LSTMState]:
    projection = [] if weights.P is None else [weights.P]
    pieces = [weights.W, weights.R, *projection, weights.b, torch.zeros_like(weights.b)]  # torch's second bias
    W, R, *projection, bias, second = _beside(pieces) if x.is_cuda else pieces
    flat = [W, R, bias, second, *projection]
    training = torch.is_grad_enabled()  # without it cuDNN keeps nothing for the backward pass
    # biases, one layer, no dropout, training, one direction, time first
    output, h, c = torch._VF.lstm(x, (state.h[None], state.c[None]), flat, True, 1, 0.0, training, False, False)
    return output, LSTMState(h[0], c[0])


def _beside(values: list[Tensor]) -> list[Tensor]:
    """The same values in one piece of memory, in cuDNN's order: it would copy them itself, and warn of it."""
    whole = torch.cat([value.flatten() for value in values])
    parts = torch.split(whole, [value.numel() for value in values])
    return [part.view_as(value) for part, value in zip(parts, values, strict=True)]


def _reversed(x: Tensor, lengths: Tensor) -> Tensor:
    """Each row's own steps in the opposite order, its padding where it was."""
    time = _clock(x)
    places = torch.where(time < lengths, lengths - 1 - time, time)
    return x.gather(0, places[..., None].expand_as(x))


def _clock(x: Tensor) -> Tensor:
    return torch.arange(len(x), device=x.device)[:, None]


def _refuses(case: Case) -> str:
    if (case.cell, case.activation) != ("lstm", "tanh"):
        return f"PyTorch has no fused {case.cell} with {case.activation}"
    if case.regularised:
        return "PyTorch has no zoneout and no mask on the output before"
    if case.transformed:
        return "a fused path has no rule for vmap, torch.func or forward-mode differentiation"
    if case.projected and case.device == "cpu" and case.dtype is not torch.float64:
        return "oneDNN has no projection"  # torch then falls back by itself, with a warning
    if case.device == "cpu" and torch.compiler.is_dynamo_compiling() and torch.is_grad_enabled():
        return "torch.compile has no backward pass for oneDNN's LSTM"
    return ""


ATEN = Path("aten", "the lstm cell with tanh, by oneDNN on a CPU and cuDNN on a GPU", _refuses, _run)
