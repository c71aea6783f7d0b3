"""Injection: the decay of a difference that is laid into one unit's memory, measured, recurrence and all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from recollect.core.errors import InputError, ShapeError
from recollect.core.state import LSTMState
from recollect.memory.half_life import HalfLife, durations, summary
from recollect.memory.reading import (
    BYTES,
    Floats,
    Piece,
    Values,
    check_forwards,
    evaluating,
    place,
    spread,
    time_first,
    traced,
)
from recollect.memory.recording import Recording
from recollect.nn.cells import CELLS
from recollect.nn.lstm import LSTM

__all__ = ["Injection", "injection"]


@dataclass(frozen=True)
class Injection:
    """The measured decay of each layer and unit, beside what its gates alone would do from the same origins.

    Attributes:
        delta: [L, H], what was added to the unit's memory.
        remaining: [K + 1, L, H], the mean over the origins of |difference after k steps| / delta; 1 at k = 0.
        by_gates: [K + 1, L, H], the mean of the products of what keeps; None for the rnn, which has no such gate.
        half_life: of the measured difference, the first time that it is half; censored after K steps.
    """

    delta: Floats
    remaining: Floats
    by_gates: Floats | None
    half_life: HalfLife


def injection(
    lstm: LSTM,
    x: Values,
    recording: Recording,
    *,
    delta: float | None = None,
    origins: int = 16,
    steps: int = 256,
    gaps: Values | None = None,
) -> Injection:
    """Add ``delta`` to the memory of one unit at an origin t, read on, and follow the difference in that unit:

        |c'[t+k] - c[t+k]| / delta,  k = 0 ... K,        c'[t] = c[t] + delta,  h'[t] = h[t]

    with the true inputs x[t+1], x[t+2], ... for both. By the gates alone it would be f[t+1] * ... * f[t+k]; the rest is
    what h and R bring back. The memory is c, or h of a cell without c. ``recording`` is that of ``x`` by ``lstm``;
    by default ``delta`` is the standard deviation of the unit's memory there, or 1 for one that never moves. All
    units are followed in one batch, K = ``steps`` or less (half the record), from ``origins`` evenly spread steps.

    Raises InputError for a bidirectional layer, a single step or a delta of 0, ShapeError where x and recording differ.
    """
    check_forwards(lstm, "injection")
    read = time_first(lstm, x, gaps)
    T, L, B, H = recording.shape
    if (len(read.x), read.x.shape[1]) != (T, B):
        raise ShapeError(
            f"x has {len(read.x)} steps of {read.x.shape[1]} rows, and the recording {T} of {B}: not of this x"
        )
    if T < 2 or delta == 0:
        raise InputError(f"delta is {delta} and T is {T}: a difference that is not 0 is followed over 2 steps or more")
    K = min(steps, max(1, (T - 1) // 2))
    at = spread(T - K, origins)
    added = _deviation(recording) if delta is None else np.full((L, H), float(delta))
    shares, gates = np.empty((len(at), K + 1, L, H)), np.ones((len(at), K + 1, L, H))
    kept = bool(CELLS[lstm.cell].remembers)
    with evaluating(lstm):
        for n, t in enumerate(at.tolist()):
            row = n % B
            shares[n] = _decay(lstm, read.row(row).part(t + 1, t + 1 + K), _state(lstm, recording, t, row), added)
            if kept:
                gates[n, 1:] = np.cumprod(recording.keep(t + 1, t + 1 + K)[:, :, row], axis=0)
    half = summary(at, *durations(shares.swapaxes(0, 1)), None)
    return Injection(added, shares.mean(0), gates.mean(0) if kept else None, half)


def _deviation(recording: Recording) -> Floats:
    name, mean = recording.memory, recording.mean(recording.memory)
    squares = sum(((recording.read(name, *block) - mean[:, None]) ** 2).sum((0, 2)) for block in recording.blocks())
    found = np.sqrt(np.asarray(squares) / (len(recording) * recording.shape[2]))
    return np.where(found > 0, found, 1.0)


def _state(lstm: LSTM, recording: Recording, t: int, row: int) -> LSTMState:
    """The state after step t, [L, 1, ...] each."""
    h = place(lstm, recording["h"][t, :, row : row + 1])
    c = place(lstm, recording["c"][t, :, row : row + 1]) if recording.memory == "c" else h.new_zeros(*h.shape[:2], 0)
    return LSTMState(h, c)


def _decay(lstm: LSTM, piece: Piece, state: LSTMState, added: Floats) -> Floats:
    """The shares [K + 1, L, H] that are left of what was ``added`` to each unit, each in a row of its own."""
    L, H = added.shape
    rows, memory = 1 + L * H, "c" if CELLS[lstm.cell].has_c else "h"
    state = LSTMState(*(value.expand(-1, rows, -1).clone() for value in state))
    layer, unit = (index.ravel() for index in np.indices((L, H)))
    own = torch.arange(1, rows), torch.from_numpy(layer), torch.from_numpy(unit)
    getattr(state, memory)[own[1], own[0], own[2]] += place(lstm, added.ravel())
    found: list[Tensor] = []
    most = max(1, BYTES // (24 * rows * L * H))
    for start in range(0, len(piece.x), most):
        values, state = traced(lstm, _repeated(lstm, piece.part(start, start + most), rows), state)
        value = values[memory]
        found.append(value[:, own[1], own[0], own[2]] - value[:, own[1], 0, own[2]])
    shares = np.abs(torch.cat(found).cpu().double().numpy()).reshape(-1, L, H) / np.abs(added)
    return np.concatenate([np.ones((1, L, H)), shares])


def _repeated(lstm: LSTM, piece: Piece, rows: int) -> Piece:
    x, gaps = place(lstm, piece.x), None if piece.gaps is None else place(lstm, piece.gaps)
    return Piece(x.expand(-1, rows, -1), None if gaps is None else gaps.expand(-1, rows))
