"""How surprised a network is by every token of a text."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from recollect.core.state import LSTMState
from recollect.tasks.text.data import Tokens
from recollect.tasks.text.network import TextNetwork, surprise

__all__ = ["carried", "windowed"]

MOST_LOGITS = 4_000_000  # at once
LONGEST = 4096


@torch.no_grad()
def carried(
    network: TextNetwork, text: Tokens, state: LSTMState | None = None
) -> Iterator[tuple[NDArray[np.float32], LSTMState]]:
    """-log p in nats of all tokens but the first, in pieces, the state carried on from ``state``, and the state."""
    size = max(1, min(LONGEST, MOST_LOGITS // network.shape.vocabulary))
    for first in range(0, len(text) - 1, size):
        tokens = torch.from_numpy(text[first : first + size + 1].astype(np.int64))[:, None]
        read = network(tokens[:-1], state)
        state = read.state
        yield surprise(read.logits, tokens[1:])[:, 0].numpy(), read.state


@torch.no_grad()
def windowed(network: TextNetwork, text: Tokens, length: int) -> Iterator[NDArray[np.float32]]:
    """The same, forgetting all every ``length`` tokens: a window reads from nothing, whatever stood before it."""
    rows = max(1, MOST_LOGITS // (length * network.shape.vocabulary))
    whole = (len(text) - 1) // length
    for first in range(0, whole, rows):
        count = min(rows, whole - first)
        at = (first + np.arange(count)) * length + np.arange(length + 1)[:, None]
        tokens = torch.from_numpy(text[at].astype(np.int64))
        yield surprise(network(tokens[:-1]).logits, tokens[1:]).T.flatten().numpy()
    if len(text) - 1 > whole * length:  # the last window is shorter
        yield from (found for found, _ in carried(network, text[whole * length :]))
