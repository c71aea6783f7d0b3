"""The laboratory's network: one layer of the cell in question, one linear layer that says what it remembers."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from recollect.nn import LSTM
from recollect.nn.cells import CELLS

__all__ = ["Rememberer", "chrono"]


class Rememberer(nn.Module):
    """Sequences [T, B, I] -> [B, O] at each row's end, or [T, B, O]: LSTM(I, H, cell), then Linear(H, O).

    To the decay cell every step comes one unit of time after the one before.
    """

    def __init__(self, inputs: int, outputs: int, hidden_size: int, cell: str, lag: int, seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.lstm = LSTM(inputs, hidden_size, cell=cell)
        self.head = nn.Linear(hidden_size, outputs)
        self.lstm.reset_parameters(generator)
        chrono(self.lstm, lag, generator)
        nn.init.xavier_uniform_(self.head.weight, generator=generator)
        nn.init.zeros_(self.head.bias)

    def forward(self, x: Tensor, lengths: Tensor, everywhere: bool) -> Tensor:
        """Read ``x``; say something at every step if ``everywhere``, else at each row's end."""
        gaps = torch.ones(x.shape[:2]) if CELLS[self.lstm.cell].reads_gaps else None
        output, state = self.lstm(x, lengths=lengths, gaps=gaps)
        said: Tensor = self.head(output if everywhere else state.h[0])
        return said


def chrono(lstm: LSTM, lag: int, generator: torch.Generator) -> None:
    """Let the units of a one-layer ``lstm`` begin with memories of all lengths up to ``lag``, if it has gates.

    The bias b of the gate that keeps is ln u, u uniform in [1, lag]: a unit then keeps for about u steps. An input
    gate beside it has the bias -b, so that what is kept long is written seldom.

    Tallec & Ollivier 2018, "Can recurrent neural networks warp time?", section 2, on chrono initialization.
    """
    kind = CELLS[lstm.cell]
    if kind.remembers is None:
        return
    name, sign = kind.remembers
    H = lstm.hidden_size
    keep = torch.empty(H).uniform_(1, max(lag, 2), generator=generator).log()
    with torch.no_grad():
        bias = lstm.weights(0).b.view(-1, H)
        bias[kind.gates.index(name)] = sign * keep
        if name == "f":
            bias[kind.gates.index("i")] = -keep
