"""What watching the gates costs a training: GateWatch on a batch of 4 rows every 50 steps.

    python benchmarks/bench_memory_gates.py

Steps of training (forward, backward, AdamW) of LSTM(8, H) with a linear head on [T, B] = [100, 32], one thread. Seconds
are of this process' own time, so that what else the machine does counts little; the watch's are the sum of its calls
over ten looks. By default a watch looks every 100 steps, for half of it. Fails if it takes more than 3 % of a step.
"""

from __future__ import annotations

import sys
import time

import torch
from torch import nn

from recollect.memory import GateWatch
from recollect.nn import LSTM

STEPS, ROWS, INPUTS, EVERY, LOOKS, MOST = 100, 32, 8, 50, 10, 3.0


def measured(hidden_size: int, layers: int) -> tuple[float, float]:
    """Milliseconds of a step of training alone, and of the watch for each."""
    torch.manual_seed(0)
    lstm, head = LSTM(INPUTS, hidden_size, num_layers=layers), nn.Linear(hidden_size, 1)
    optimiser = torch.optim.AdamW([*lstm.parameters(), *head.parameters()])
    x, y = torch.randn(STEPS, ROWS, INPUTS), torch.randn(STEPS, ROWS, 1)

    def train() -> None:
        optimiser.zero_grad()
        (head(lstm(x)[0]) - y).square().mean().backward()
        optimiser.step()

    watch = GateWatch(lstm, x[:, :4], every=EVERY)
    watch(), train()  # the first call of each warms up
    spent = {watch: 0.0, train: 0.0}
    for _ in range(EVERY * LOOKS):
        for work in spent:
            began = time.process_time()
            work()
            spent[work] += time.process_time() - began
    return tuple(1e3 * seconds / (EVERY * LOOKS) for seconds in (spent[train], spent[watch]))


def main() -> int:
    torch.set_num_threads(1)
    worst = 0.0
    print("| units | layers | ms a step | ms for the watch | share |\n|---|---|---|---|---|")
    for hidden_size, layers in ((16, 1), (32, 1), (64, 1), (64, 2), (128, 2)):
        step, added = measured(hidden_size, layers)
        worst = max(worst, 100 * added / step)
        print(f"| {hidden_size} | {layers} | {step:.2f} | {added:.3f} | {100 * added / step:.1f} % |", flush=True)
    print(f"{'held' if worst <= MOST else 'BROKEN'}: at most {MOST} % allowed")
    return int(worst > MOST)


if __name__ == "__main__":
    sys.exit(main())
