"""Dynamic evaluation: a network that goes on learning from the text that it is tested on, once it has foretold it."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.utils import clip_grad_norm_

from recollect.core.state import LSTMState
from recollect.tasks.text.data import Tokens
from recollect.tasks.text.network import TextNetwork, surprise

__all__ = ["dynamic"]

STRETCH, RATE, CLIP = 64, 0.05, 1.0


def dynamic(network: TextNetwork, text: Tokens) -> Iterator[NDArray[np.float32]]:
    """-log p in nats of all tokens but the first, the state carried, and a step of gradient descent on each stretch.

    No token is learned from before it has been scored. ``network`` itself stays as it was. Krause, Kahembwe, Murray &
    Renals 2018, "Dynamic evaluation of neural sequence models", arXiv:1709.07432, section 3, by plain descent.
    """
    learner = deepcopy(network).eval()
    learner.requires_grad_(True)
    state = learner.empty(1)
    for first in range(0, len(text) - 1, STRETCH):
        tokens = torch.from_numpy(text[first : first + STRETCH + 1].astype(np.int64))[:, None]
        with torch.enable_grad():
            read = learner(tokens[:-1], state)
            costs = surprise(read.logits, tokens[1:])
            learner.zero_grad()
            torch.autograd.backward(costs.mean())
        clip_grad_norm_(learner.parameters(), CLIP)
        with torch.no_grad():
            for weight in learner.parameters():
                weight.sub_(RATE * weight.grad if weight.grad is not None else 0)
        state = LSTMState(read.state.h.detach(), read.state.c.detach())
        yield costs.detach()[:, 0].numpy()
