"""What a text generator's LSTM keeps while it reads, for how long, and which units follow quotes, brackets, lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from recollect.core.errors import DataError
from recollect.memory import (
    HalfLife,
    Recording,
    Tracks,
    brackets,
    half_life,
    line_length,
    line_position,
    quotes,
    record,
    tracks,
)
from recollect.memory.reading import Floats
from recollect.tasks.text.data import Tokens
from recollect.tasks.text.model import Model

__all__ = ["MOST", "PROPERTIES", "Memory", "look_inside"]

MOST, FEWEST = 10_000, 100  # tokens
PROPERTIES: dict[str, Callable[[Sequence[str]], Floats]] = {
    "being inside quotes": quotes,
    "how many brackets are open": brackets,
    "the place in the line": line_position,
    "the length of the line": line_length,
}


@dataclass(frozen=True)
class Memory:
    """What was seen while a text of T tokens was read. L layers, H units; unit n is unit n % H of layer n // H.

    Attributes:
        tokens: [T], the text of each.
        recording: every gate, cell and output, [T, L, 1, H].
        half_life: for how many tokens each unit keeps half of what it holds, by its gates.
        signals: [T] each, the properties of the text that are not always the same in it.
        follows: for each of them, how closely each of the L * H cells follows it.
    """

    tokens: tuple[str, ...]
    recording: Recording
    half_life: HalfLife
    signals: dict[str, Floats]
    follows: dict[str, Tracks]

    def cell(self, unit: int) -> Floats:
        """The cell [T] of unit n."""
        hidden = self.recording.shape[3]
        found: Floats = self.recording["c"][:, unit // hidden, 0, unit % hidden]
        return found


def look_inside(model: Model, text: Tokens) -> Memory:
    """Read the first ``MOST`` tokens of ``text`` and keep what is seen; raises DataError for fewer than ``FEWEST``."""
    if len(text) < FEWEST:
        raise DataError(f"the text has {len(text)} tokens, too few to tell what is kept: give at least {FEWEST}")
    ids = np.asarray(text[:MOST], np.int64)
    letters = tuple(model.tokenizer.decode([token]) for token in ids.tolist())
    with torch.no_grad():
        recording = record(model.network.lstm, model.network.embedding(torch.from_numpy(ids)))
    signals = {name: signal(letters) for name, signal in PROPERTIES.items()}
    signals = {name: values for name, values in signals.items() if np.ptp(values)}
    cells = recording["c"][:, :, 0].reshape(len(ids), -1)
    follows = {name: tracks(cells, values) for name, values in signals.items()}
    return Memory(letters, recording, half_life(recording), signals, follows)
