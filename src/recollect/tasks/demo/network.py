"""The demo's network: one LSTM layer that reads a window, one linear unit that says what comes next."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from recollect.nn import LSTM

__all__ = ["NextValue"]


class NextValue(nn.Module):
    """Windows [B, T] -> the next value of each [B]: LSTM(1, H), then Linear(H, 1) on its last output.

    ``cell`` "rnn" makes it the plain network that LSTMs replaced.
    """

    def __init__(self, hidden_size: int, activation: str, generator: torch.Generator, cell: str = "lstm") -> None:
        super().__init__()
        self.lstm = LSTM(1, hidden_size, cell=cell, activation=activation)
        self.head = nn.Linear(hidden_size, 1)
        self.lstm.reset_parameters(generator)
        nn.init.xavier_uniform_(self.head.weight, generator=generator)
        nn.init.zeros_(self.head.bias)

    def forward(self, windows: Tensor) -> Tensor:
        """Read each window from its first value to its last."""
        _, state = self.lstm(windows.T[..., None])
        next_value: Tensor = self.head(state.h[0])[:, 0]
        return next_value
