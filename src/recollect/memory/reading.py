"""How this room reads: time first, in evaluation, in pieces, with the state carried from one to the next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from recollect.core.errors import InputError, ShapeError
from recollect.core.state import LSTMState
from recollect.nn.lstm import LSTM

__all__ = [
    "BYTES",
    "Bools",
    "Floats",
    "Ints",
    "Piece",
    "Values",
    "check_forwards",
    "evaluating",
    "largest",
    "pieces",
    "place",
    "spread",
    "time_first",
    "traced",
]

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Values = NDArray[Any] | Tensor

BYTES = 2**22  # what a piece of a long record may take
FEW = 16  # the kernels sum in another order where steps times rows are fewer than 9, and the last bits differ


class Piece(NamedTuple):
    """Steps to be read: x [T, B, I], and gaps [T, B] for the cell that reads them."""

    x: Values
    gaps: Values | None

    def part(self, start: int, stop: int) -> Piece:
        """Steps ``start`` to ``stop``, nothing copied."""
        return Piece(self.x[start:stop], None if self.gaps is None else self.gaps[start:stop])

    def copy(self) -> Piece:
        """The same steps in arrays of their own."""
        x, gaps = (v.clone() if isinstance(v, Tensor) else None if v is None else np.array(v) for v in self)
        assert x is not None
        return Piece(x, gaps)

    def row(self, row: int) -> Piece:
        """One row of the batch, as a batch of one."""
        return Piece(self.x[:, row : row + 1], None if self.gaps is None else self.gaps[:, row : row + 1])


def time_first(lstm: LSTM, x: Values, gaps: Values | None) -> Piece:
    """``x`` [T, B, I] ([B, T, I] with batch_first, [T, I] for one row) and its gaps with time first; no copy.

    Raises ShapeError for another number of dimensions, or for gaps that are not as x without I.
    """
    if not 2 <= x.ndim <= 3:
        raise ShapeError(f"x has the shape {list(x.shape)}, and must be [T, B, I], or [T, I] for one row")
    if gaps is not None and tuple(gaps.shape) != tuple(x.shape[:-1]):
        raise ShapeError(f"gaps have the shape {list(gaps.shape)}, and must have {list(x.shape[:-1])}, x without I")
    if x.ndim == 2:
        return Piece(x[:, None], None if gaps is None else gaps[:, None])
    if not lstm.batch_first:
        return Piece(x, gaps)
    return Piece(x.swapaxes(0, 1), None if gaps is None else gaps.swapaxes(0, 1))


def pieces(given: Iterable[Piece], most: int) -> Iterator[Piece]:
    """The same steps in pieces of about ``most`` steps times rows, whatever they came in; none is very short."""
    waiting: Piece | None = None
    for whole in given:
        steps = max(FEW, most // max(1, whole.x.shape[1]))
        for start in range(0, len(whole.x), steps):
            part = whole.part(start, start + steps)
            waiting = part if waiting is None else _joined(waiting, part)
            if len(waiting.x) >= steps + FEW:
                yield waiting.part(0, steps)
                waiting = waiting.part(steps, len(waiting.x))
        waiting = None if waiting is None else waiting.copy()  # who gave the chunk may write the next one over it
    if waiting is not None:
        yield waiting


def _joined(first: Piece, second: Piece) -> Piece:
    def join(a: Values | None, b: Values | None) -> Values | None:
        if a is None or b is None:
            return None
        if isinstance(a, Tensor) and isinstance(b, Tensor):
            return torch.cat([a, b])
        return np.concatenate([np.asarray(a), np.asarray(b)])

    x = join(first.x, second.x)
    assert x is not None
    return Piece(x, join(first.gaps, second.gaps))


def traced(lstm: LSTM, piece: Piece, state: LSTMState | None) -> tuple[dict[str, Tensor], LSTMState]:
    """The trace by name, each [T, L * D, B, H], and the state after the last step, of a layer that reads forwards."""
    x, gaps = place(lstm, piece.x), None if piece.gaps is None else place(lstm, piece.gaps)
    if lstm.batch_first:
        x, gaps = x.swapaxes(0, 1), None if gaps is None else gaps.swapaxes(0, 1)
    values = lstm.trace(x, state, None, gaps)._asdict()
    h = values["h"][-1]
    return values, LSTMState(h, values["c"][-1] if "c" in values else h.new_zeros(*h.shape[:2], 0))


def place(lstm: LSTM, values: Values) -> Tensor:
    """``values`` as a tensor of the dtype and on the device of the layer's weights."""
    weight = lstm.weights(0).W
    return (values if isinstance(values, Tensor) else torch.tensor(np.ascontiguousarray(values))).to(weight)


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Inside, ``module`` stands in evaluation and no gradient is kept; it is left as it was found."""
    training = module.training
    module.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        module.train(training)


def check_forwards(lstm: LSTM, what: str) -> None:
    """Refuse a bidirectional layer, whose state at a step depends on what comes after it."""
    if lstm.bidirectional:
        raise InputError(f"{what} follows a layer from step to step, and this one is bidirectional: use LSTM.trace")


def spread(count: int, most: int) -> Ints:
    """At most ``most`` of the whole numbers below ``count``, evenly spread, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64))


def largest(group: Ints, size: Floats, most: int) -> Ints:
    """Where the ``most`` largest sizes [n] of each group [n] stand, group by group, from the largest on."""
    order = np.lexsort((-size, group))
    ordered = group[order]
    rank = np.arange(len(order)) - np.searchsorted(ordered, ordered)
    return order[rank < most]
