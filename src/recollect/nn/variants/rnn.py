"""The simple recurrent network: what LSTMs replaced, for comparison."""

from __future__ import annotations

from recollect.core.state import LSTMState
from recollect.kernels.contract import Seen, Tensors, Weights
from recollect.nn.variants.lstm import Squash

__all__ = ["rnn"]


def rnn(seen: Seen, state: LSTMState, weights: Weights, squash: Squash) -> tuple[Tensors, LSTMState]:
    """One step of the simple recurrent network, h = squash(W x + R h + b); no gates.

    Elman 1990, "Finding structure in time", section 3, with squash = tanh; relu as in Le, Jaitly & Hinton 2015, "A
    simple way to initialize recurrent networks of rectified linear units".
    """
    return (), LSTMState(squash(seen.wx + seen.rh), state.c)
