"""Record: gates, cell and output of a layer at every step, for inputs of any length, in memory or in files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from torch import Tensor

from recollect.core.errors import InputError, OutputError
from recollect.core.files import staged_folder
from recollect.core.state import LSTMState
from recollect.memory.reading import (
    BYTES,
    Floats,
    Piece,
    Values,
    check_forwards,
    evaluating,
    pieces,
    place,
    time_first,
    traced,
)
from recollect.memory.recording import MANIFEST, Recording
from recollect.nn.cells import CELLS
from recollect.nn.lstm import LSTM
from recollect.nn.variants.decay import fading

__all__ = ["record"]

Given = Values | Iterable[Values]


def record(
    lstm: LSTM,
    x: Given,
    *,
    gaps: Given | None = None,
    state: LSTMState | None = None,
    folder: Path | str | None = None,
) -> Recording:
    """Read ``x`` and keep everything that ``LSTM.trace`` shows: each [T, L, B, H] in float32, B = 1 for one row.

    ``x`` is an array, a memory map or a tensor [T, B, I] ([B, T, I] with batch_first, [T, I] for one row), or an
    iterable of such chunks, one after the other in time; ``gaps`` come as x does, for the cell that reads them.
    ``state`` is where to begin, [L, B, H] each, zeros if None. The layer is read in evaluation, in pieces of some 4 MB
    of trace, and the state goes from one to the next: what is kept equals the trace of the whole at once, to the bit
    where the compiled kernels compute it. Of the decay cell the share gamma [T, L, B, H] that each gap leaves of the
    cell is kept too.

    With ``folder``, each quantity is written to a file there, ``f.npy`` and so on, piece by piece, and all are put in
    place when they are whole: what this takes of memory does not grow with T. Without it the arrays lie in memory.

    Raises InputError for a bidirectional layer or an x without a step, ShapeError as ``LSTM.forward``, OutputError
    where the folder cannot be written.
    """
    check_forwards(lstm, "record")
    noise, found = lstm.regularize, _read(lstm, _chunks(lstm, x, gaps), state)
    share = 0.0 if noise is None else noise.zoneout_cell if CELLS[lstm.cell].has_c else noise.zoneout_output
    if folder is None:
        kept = list(found)
        return Recording(lstm.cell, share, {name: np.concatenate([piece[name] for piece in kept]) for name in kept[0]})
    with staged_folder(Path(folder)) as stage:
        shapes = _write(stage, found)
        about = {"cell": lstm.cell, "zoneout": share, "shapes": shapes}
        with _writing(stage):
            (stage / MANIFEST).write_text(json.dumps(about), encoding="utf-8")
    return Recording.open(folder)


def _chunks(lstm: LSTM, x: Given, gaps: Given | None) -> Iterator[Piece]:
    def chunks(given: Given) -> Iterable[Values]:
        return [given] if isinstance(given, np.ndarray | Tensor) else given

    if gaps is None:
        yield from (time_first(lstm, values, None) for values in chunks(x))
        return
    for values, between in zip_longest(chunks(x), chunks(gaps)):
        if values is None or between is None:
            raise InputError(f"{'gaps' if values is None else 'x'} come in more chunks than the other: give as many")
        yield time_first(lstm, values, between)


def _read(lstm: LSTM, given: Iterator[Piece], state: LSTMState | None) -> Iterator[dict[str, Floats]]:
    """The trace by name, piece by piece, in float32."""
    kind, steps = CELLS[lstm.cell], 0
    with evaluating(lstm):
        for piece in pieces(given, BYTES // (4 * len(kind.trace._fields) * lstm.num_layers * lstm.hidden_size)):
            values, state = traced(lstm, piece, state)
            if kind.reads_gaps and piece.gaps is not None:
                gap = place(lstm, piece.gaps)[..., None]
                values["gamma"] = torch.stack([fading(gap, lstm.weights(k)) for k in range(lstm.num_layers)], dim=1)
            steps += len(piece.x)
            yield {name: value.float().cpu().numpy() for name, value in values.items()}
    if not steps:
        raise InputError("x has no step: there is nothing to record")


def _write(stage: Path, found: Iterator[dict[str, Floats]]) -> dict[str, list[int]]:
    """Each quantity into a .npy file of its own, whose head is written anew when its length is known; the shapes."""
    files: dict[str, BinaryIO] = {}
    shapes: dict[str, list[int]] = {}
    with ExitStack() as stack:
        for values in found:
            with _writing(stage):
                for name, value in values.items():
                    if name not in files:
                        files[name] = stack.enter_context((stage / f"{name}.npy").open("wb"))
                        shapes[name] = [0, *value.shape[1:]]
                        _head(files[name], shapes[name])
                    value.tofile(files[name])
                    shapes[name][0] += len(value)
        with _writing(stage):
            for name, file in files.items():
                file.seek(0)
                _head(file, shapes[name])
    return shapes


@contextmanager
def _writing(stage: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot write the recording to {stage.parent}: {error.strerror or error}") from error


def _head(file: BinaryIO, shape: list[int]) -> None:
    # numpy leaves room in the head for the first size to grow to any number of digits.
    about = {"descr": np.dtype(np.float32).str, "fortran_order": False, "shape": tuple(shape)}
    np.lib.format.write_array_header_1_0(file, about)
