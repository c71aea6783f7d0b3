"""A long record on disk: seconds, bytes and the resident memory that it takes, and what half-lives of it take.

    python benchmarks/bench_memory_record.py
    python benchmarks/bench_memory_record.py --steps 10000000 --folder /somewhere/with/16/GB

One row of sines and noise, computed as it is read, goes through LSTM(8, 64). Growth is that of the peak of resident
memory since a first record of 20,000 steps. Fails if the peak is above 500 MB in all.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from recollect.memory import events, gates, half_life, record
from recollect.nn import LSTM

INPUTS, UNITS, CHUNK, MOST = 8, 64, 10_000, 500


def chunks(steps: int) -> Iterator[np.ndarray]:
    random = np.random.default_rng(0)
    for start in range(0, steps, CHUNK):
        time_ = np.arange(start, min(start + CHUNK, steps))[:, None]
        yield np.sin(time_ / 3.0 ** np.arange(INPUTS)) + 0.1 * random.normal(size=(len(time_), INPUTS))


def peak() -> float:
    """MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where to write; a temporary folder by default")
    given = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    lstm = LSTM(INPUTS, UNITS)
    with tempfile.TemporaryDirectory(dir=given.folder) as place:
        record(lstm, chunks(20_000), folder=Path(place) / "short")
        warm = peak()
        print(f"{given.steps:,} steps of {UNITS} units; a warm process holds {warm:.0f} MB")
        print("| what | seconds | growth, MB |\n|---|---|---|")
        began = time.perf_counter()
        found = record(lstm, chunks(given.steps), folder=Path(place) / "long")
        print(f"| record | {time.perf_counter() - began:.1f} | {peak() - warm:.0f} |", flush=True)
        size = sum(file.stat().st_size for file in (Path(place) / "long").iterdir()) / 1e9
        for use in (gates, half_life, events):
            began = time.perf_counter()
            use(found)
            print(f"| {use.__name__} | {time.perf_counter() - began:.1f} | {peak() - warm:.0f} |", flush=True)
    held = peak() <= MOST
    print(f"{size:.1f} GB written; peak {peak():.0f} MB in all: {'held' if held else 'BROKEN'}, at most {MOST} allowed")
    return int(not held)


if __name__ == "__main__":
    sys.exit(main())
