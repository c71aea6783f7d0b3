"""Reach: how much an output still depends on inputs of k steps ago."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from recollect.core.errors import ShapeError
from recollect.core.state import LSTMState
from recollect.memory.reading import (
    BYTES,
    Floats,
    Ints,
    Piece,
    Values,
    check_forwards,
    evaluating,
    place,
    spread,
    time_first,
)
from recollect.nn.lstm import LSTM

__all__ = ["Reach", "reach"]

ROOM = 2**28  # bytes that the way back may keep


@dataclass(frozen=True)
class Reach:
    """How strongly outputs depend on inputs before them.

    Attributes:
        norm: [K + 1], the mean over the origins of || d h[t] / d x[t-k] ||, k = 0 ... K.
        each: [n, K + 1], the same of each origin.
        origins: [n], the steps t.
    """

    norm: Floats
    each: Floats
    origins: Ints


def reach(lstm: LSTM, x: Values, *, steps: int = 100, origins: int = 8, gaps: Values | None = None) -> Reach:
    """The Frobenius norm of the derivative of an output by the input k steps before it, exact, by autograd:

        norm[k] = || d h[t] / d x[t-k] ||_F = sqrt( sum over outputs j and features i of (d h_j[t] / d x_i[t-k])^2 )

    for k = 0 ... K, K = ``steps`` or T - 1 if that is less, at ``origins`` steps t evenly spread over t >= K, rows in
    turn. h is what the layer gives, the output of its last layer. Each output goes back in a row of its own, all in one
    batch. For comparison give a layer of the same size with cell="rnn".

    Pascanu, Mikolov & Bengio 2013, "On the difficulty of training recurrent neural networks", section 2 (how it
    vanishes), after Hochreiter 1991 and Bengio, Simard & Frasconi 1994.

    Raises InputError for a bidirectional layer, ShapeError for x without a step and as ``LSTM.forward``.
    """
    check_forwards(lstm, "reach")
    read = time_first(lstm, x, gaps)
    T = len(read.x)
    if not T:
        raise ShapeError("x has no step: give at least one")
    K = min(steps, T - 1)
    at = K + spread(T - K, origins)
    each, state, now = np.empty((len(at), K + 1)), None, 0
    with evaluating(lstm):
        for n, t in enumerate(at.tolist()):
            state, now = _advanced(lstm, read, now, t - K, state), t - K
            row = n % read.x.shape[1]
            first = None if state is None else LSTMState(*(value[:, row : row + 1] for value in state))
            each[n] = _norms(lstm, read.row(row).part(t - K, t + 1), first)[::-1]
    return Reach(each.mean(0), each, at)


def _advanced(lstm: LSTM, read: Piece, now: int, to: int, state: LSTMState | None) -> LSTMState | None:
    """The state before step ``to``, from that before step ``now``."""
    most = max(1, BYTES // (4 * read.x.shape[1] * lstm.hidden_size))
    for start in range(now, to, most):
        _, state = _forward(lstm, read.part(start, min(start + most, to)), state)
    return state


def _forward(lstm: LSTM, piece: Piece, state: LSTMState | None) -> tuple[Tensor, LSTMState]:
    x, gaps = place(lstm, piece.x), None if piece.gaps is None else place(lstm, piece.gaps)
    if lstm.batch_first:
        x, gaps = x.swapaxes(0, 1), None if gaps is None else gaps.swapaxes(0, 1)
    output, last = lstm(x, state, None, gaps)
    return (output.swapaxes(0, 1) if lstm.batch_first else output), last


def _norms(lstm: LSTM, piece: Piece, state: LSTMState | None) -> Floats:
    """|| d h[last] / d x[s] || for each step s of ``piece``, one row."""
    squares = np.zeros(len(piece.x))
    outputs = torch.arange(lstm.proj_size or lstm.hidden_size)
    most = max(1, ROOM // (24 * len(piece.x) * lstm.num_layers * lstm.hidden_size))
    with torch.enable_grad():
        for some in torch.split(outputs, most):
            rows = len(some)
            x = place(lstm, piece.x).repeat(1, rows, 1).requires_grad_()
            gaps = None if piece.gaps is None else place(lstm, piece.gaps).repeat(1, rows)
            first = None if state is None else LSTMState(*(value.repeat(1, rows, 1) for value in state))
            output, _ = _forward(lstm, Piece(x, gaps), first)
            (slope,) = torch.autograd.grad(output[-1, torch.arange(rows), some].sum(), x)
            squares += slope.double().square().sum((1, 2)).cpu().numpy()
    return np.sqrt(squares)
