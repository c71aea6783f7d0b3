"""recollect.nn.LSTM against torch.nn.LSTM on a CUDA device: training, ragged training, inference, trace.

    python benchmarks/bench_lstm_cuda.py

Both take turns in one process after warm-up; a time is the best of many between two synchronisations. Ragged lengths
are uniform in T/4..T; torch packs its rows within the call, as who uses it must. A trace stands beside a loop of
LSTMCell, which is what gives gates and cells without us.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import date

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from recollect.kernels.contract import Case
from recollect.kernels.dispatch import chosen
from recollect.nn import LSTM

SHAPES = ((1, 100, 64, 128), (32, 100, 64, 128), (64, 168, 64, 256), (64, 100, 256, 512), (256, 100, 256, 1024))
Work = Callable[[], object]


def in_turns(works: list[Work], seconds: float = 1.0) -> list[float]:
    """The best time of each in milliseconds, one after the other, for so long in all."""
    for work in works:
        work(), work()
    best, began = [math.inf] * len(works), time.perf_counter()
    while time.perf_counter() - began < seconds:
        for k, work in enumerate(works):
            torch.cuda.synchronize()
            start = time.perf_counter()
            work()
            torch.cuda.synchronize()
            best[k] = min(best[k], 1000 * (time.perf_counter() - start))
    return best


def trained(module: nn.Module, read: Callable[[], Tensor], dy: Tensor) -> Work:
    """Forward, and backward into the gradients of the weights."""

    def step() -> None:
        module.zero_grad()
        (read() * dy).sum().backward()

    return step


def quiet(read: Work) -> Work:
    """The same without gradients."""

    def work() -> None:
        with torch.no_grad():
            read()

    return work


def packed(module: nn.LSTM, x: Tensor, lengths: Tensor) -> Tensor:
    """What torch does with rows of different lengths."""
    output, _ = module(pack_padded_sequence(x, lengths, enforce_sorted=False))
    return pad_packed_sequence(output, total_length=len(x))[0]


def by_cells(cell: nn.LSTMCell, x: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Every h and c by a loop."""
    state, seen = None, []
    for step in x:
        state = cell(step, state)
        seen.append(state)
    return seen


def measured(B: int, T: int, I: int, H: int) -> list[list[float]]:  # noqa: E741
    """Milliseconds, ours and the other's, of each of the four."""
    torch.manual_seed(0)
    theirs, cell = nn.LSTM(I, H).cuda(), nn.LSTMCell(I, H).cuda()
    ours = LSTM.from_torch(theirs)
    x, dy = torch.randn(T, B, I, device="cuda"), torch.randn(T, B, H, device="cuda")
    lengths = torch.randint(T // 4, T + 1, (B,))
    ragged = [
        trained(ours, lambda: ours(x, None, lengths)[0], dy),
        trained(theirs, lambda: packed(theirs, x, lengths), dy),
    ]
    return [
        in_turns([trained(ours, lambda: ours(x)[0], dy), trained(theirs, lambda: theirs(x)[0], dy)]),
        in_turns(ragged),
        in_turns([quiet(lambda: ours(x)), quiet(lambda: theirs(x))]),
        in_turns([quiet(lambda: ours.trace(x)), quiet(lambda: by_cells(cell, x))]),
    ]


def main() -> None:
    """Print the table."""
    if not torch.cuda.is_available():
        print("passed over: torch sees no CUDA device")
        return
    print(f"{date.today()}, {torch.cuda.get_device_name()}, torch {torch.__version__}, float32 as cuDNN takes it")
    print(chosen(Case("lstm", "tanh", torch.float32, "cuda")).reason)
    print("\nmilliseconds, ours / torch's; trace: ours / a loop of LSTMCell\n")
    print("| B | T | I | H | training | ragged training | inference | trace |\n" + "|---" * 8 + "|")
    for shape in SHAPES:
        cells = [f"{ours:.2f} / {other:.2f} ({other / ours:.2f})" for ours, other in measured(*shape)]
        print("| " + " | ".join([*map(str, shape), *cells]) + " |", flush=True)


if __name__ == "__main__":
    main()
