"""Memory that a fit and a forecast need, as a multiple of the data: many short series, and one very long one.

    python benchmarks/bench_memory.py
    python benchmarks/bench_memory.py --series 1 --points 5000000 --max-time 60

A file of hourly random walks with a daily season is written first. A fresh process then trains a small model (the
baseline: what Python, torch and polars hold once warm), reads the file, fits for one epoch or ``--max-time`` and
predicts. Growth is the peak of its resident memory over the baseline; data are the bytes of the table as read
(series, time and value, 8 bytes each). Fails if growth is above 3 times the data plus the model's weights.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

FACTOR = 3


def write(path: Path, series: int, points: int) -> None:
    random = np.random.default_rng(0)
    times = np.datetime64(datetime(1970, 1, 1), "us") + np.arange(points) * np.timedelta64(timedelta(hours=1))
    daily = 3 * np.sin(np.arange(points) * 2 * np.pi / 24)
    values = np.cumsum(random.normal(size=(series, points)) * 0.3, axis=1) + daily + 50
    columns = {"id": np.repeat(np.arange(series), points), "time": np.tile(times, series), "value": values.ravel()}
    pl.DataFrame(columns).write_parquet(path)


def peak() -> float:
    """MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measured(path: Path, max_time: float | None) -> dict[str, float]:
    from recollect import Forecaster

    def fit(frame: pl.DataFrame, **limits: float) -> Forecaster:
        return Forecaster(24, **limits).fit(frame, target="value", series="id", time="time")

    fit(pl.read_parquet(path, n_rows=400).with_columns(id=pl.lit(0)), max_epochs=1).predict()
    baseline = peak()
    frame = pl.read_parquet(path)
    began = time.perf_counter()
    made = fit(frame, max_time=max_time) if max_time else fit(frame, max_epochs=1)
    fitted = time.perf_counter()
    after_fit = peak()
    found = made.predict()
    assert found["forecast"].is_finite().all()
    weights = sum(p.numel() * p.element_size() for network in made.model.networks for p in network.parameters())
    return {
        "data": frame.estimated_size("mb"),
        "model": weights / 2**20,
        "baseline": baseline,
        "growth in fit": after_fit - baseline,
        "growth": peak() - baseline,
        "fit seconds": fitted - began,
        "predict seconds": time.perf_counter() - fitted,
        "steps": made.model.records[0].steps,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=10_000)
    parser.add_argument("--points", type=int, default=500)
    parser.add_argument("--max-time", type=float, help="seconds of training; without it one epoch is trained")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        print(json.dumps(measured(given.child, given.max_time)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "walks.parquet"
        write(path, given.series, given.points)
        command = [sys.executable, __file__, "--child", str(path)]
        command += ["--max-time", str(given.max_time)] if given.max_time else []
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found = json.loads(done.stdout.splitlines()[-1])
    allowed = FACTOR * found["data"] + found["model"]
    print(f"{given.series:,} series of {given.points:,} hours; MB where nothing else is said")
    for name, value in found.items():
        print(f"{name:>16} {value:10.1f}")
    print(f"{'allowed':>16} {allowed:10.1f}   {'held' if found['growth'] <= allowed else 'BROKEN'}")
    return int(found["growth"] > allowed)


if __name__ == "__main__":
    sys.exit(main())
