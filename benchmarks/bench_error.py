"""How far the outputs of a thousand steps are from float64, by our kernels and by torch.nn.LSTM, both in float32.

    python benchmarks/bench_error.py

Both have the same weights, as torch draws them; the means over five seeds of the largest and of the mean error.
"""

from __future__ import annotations

import torch
from torch import Tensor

from recollect.nn import LSTM

STEPS, ROWS, INPUTS, SEEDS = 1000, 4, 8, 5


def errors(hidden_size: int, seed: int) -> list[Tensor]:
    """Largest and mean error, ours and torch's."""
    torch.manual_seed(seed)
    peer, x = torch.nn.LSTM(INPUTS, hidden_size), torch.randn(STEPS, ROWS, INPUTS)
    found, theirs = LSTM.from_torch(peer)(x)[0], peer(x)[0]
    exact = peer.double()(x.double())[0]
    off = [(value - exact).abs() for value in (found, theirs)]
    return [measure(value) for measure in (torch.max, torch.mean) for value in off]


@torch.no_grad()
def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    print("| H | largest error, ours | torch | mean error, ours | torch |\n|---|---|---|---|---|")
    for hidden_size in (8, 32, 64, 128, 256):
        means = torch.tensor([errors(hidden_size, seed) for seed in range(SEEDS)]).mean(0)
        print(f"| {hidden_size} | {' | '.join(f'{value:.2e}' for value in means.tolist())} |")


if __name__ == "__main__":
    main()
