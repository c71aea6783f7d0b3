"""An endless stream, one step at a time: the state is all that is kept, and the result is the whole sequence's."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from recollect import LSTM, LSTMState


def sensor(steps: int) -> Iterator[Tensor]:
    """Stand-in for a source that never ends: one observation of 3 features at a time, [I]."""
    generator = torch.Generator().manual_seed(7)
    for _ in range(steps):
        yield torch.randn(3, generator=generator)


if __name__ == "__main__":
    lstm = LSTM(input_size=3, hidden_size=16, num_layers=2)
    state: LSTMState | None = None
    with torch.no_grad():
        for observation in sensor(1000):
            output, state = lstm.step(observation, state)
        whole, _ = lstm(torch.stack(list(sensor(1000))))
    print(f"after 1000 steps, one by one: {output[:3].tolist()}")
    print(f"the same sequence at once:    {whole[-1, :3].tolist()}")
