"""What the compiled kernels save in real work: the demo and M4 Hourly, by our kernels and by torch's own LSTM.

    python benchmarks/bench_paths.py --data DIR

DIR holds m4/Hourly-train.csv.gz. Each piece of work is done by both paths in turns, and the best of the rounds counts:
of the demo the training and the 64 paths of 200 steps, of M4 Hourly (414 series) a fit of so many epochs, with its
validations, and the forecast with intervals. Beside the time stands what came out, which must agree.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from bench_m4 import long_frame, rows_of

from recollect import Forecaster
from recollect.kernels.dispatch import using
from recollect.tasks.demo.data import VALIDATION, WINDOW, make, windows
from recollect.tasks.demo.estimator import Learner

PATHS = ("compiled", "aten")


def demo() -> float:
    """Train and go on; the held-out squared error."""
    series = make("sine", 0)
    learner = Learner().fit(series.values)
    learner.paths(series.values[-WINDOW:], 200)
    inputs, targets = windows(series.values, VALIDATION, len(series.values))
    return float(np.square(learner.predict(inputs) - targets).mean())


def hourly(data: Path, epochs: int) -> float:
    """Fit and forecast M4 Hourly; the mean of the forecasts' medians."""
    frame = long_frame(rows_of(data / "m4" / "Hourly-train.csv.gz"))
    forecaster = Forecaster(48, max_epochs=epochs).fit(frame, target="value", series="series")
    return float(forecaster.intervals().point.mean())


def compare(name: str, work: Callable[[], float], rounds: int) -> None:
    """One line of the table."""
    seconds, found = dict.fromkeys(PATHS, float("inf")), dict.fromkeys(PATHS, 0.0)
    for _ in range(rounds):
        for path in PATHS:
            with using(path):
                began = time.perf_counter()
                found[path] = work()
                seconds[path] = min(seconds[path], time.perf_counter() - began)
    ours, theirs = (seconds[path] for path in PATHS)
    results = ", ".join(f"{found[path]:.6g}" for path in PATHS)
    print(f"| {name} | {theirs:.2f} | {ours:.2f} | {theirs / ours:.2f} | {results} |", flush=True)


def main() -> None:
    """Both, and the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=2, help="of M4 Hourly")
    asked = parser.parse_args()
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    print("| work | torch's LSTM, s | our kernels, s | ratio | what came out: ours, torch's |\n|---|---|---|---|---|")
    compare("demo", demo, asked.rounds)
    compare(f"M4 Hourly, {asked.epochs} epochs", lambda: hourly(asked.data, asked.epochs), asked.rounds)


if __name__ == "__main__":
    main()
