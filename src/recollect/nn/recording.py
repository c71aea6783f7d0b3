"""Traces: the room that they take, and what fills it layer by layer."""

from __future__ import annotations

from itertools import count

from torch import Tensor

from recollect.core.state import LSTMState
from recollect.kernels.contract import Layer, Record, Room, Run
from recollect.nn.entering import Entered

__all__ = ["recorder", "room_for"]


def room_for(entered: Entered, gates: int, hidden_size: int) -> Room:
    """Room for the whole trace: gates [n, T, L * D, B, H], c [T, L * D, B, H or 0] and h [T, L * D, B, O]."""
    x, state = entered.x, entered.state
    steps, (entries, rows, outputs) = len(x), state.h.shape
    make = x.new_empty if entered.lengths is None else x.new_zeros
    return Room(
        make(gates, steps, entries, rows, hidden_size),
        make(steps, entries, rows, state.c.shape[2]),
        make(steps, entries, rows, outputs),
    )


def recorder(work: Record, room: Room) -> Run:
    """What computes one layer and direction after the other by ``work``, each into its own part of ``room``."""
    entries = count()

    def recording(layer: Layer, x: Tensor, state: LSTMState, lengths: Tensor | None) -> tuple[Tensor, LSTMState]:
        k = next(entries)
        own = Room(room.gates[:, :, k], room.c[:, k], room.h[:, k])
        return own.h, work(layer, x, state, lengths, own)

    return recording
