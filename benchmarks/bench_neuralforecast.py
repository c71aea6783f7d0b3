"""M4 Hourly, the official split: our forecaster against the LSTM of NeuralForecast, one after the other on one machine.

    python benchmarks/bench_neuralforecast.py --data DIR --python PATH_TO_PYTHON_WITH_NEURALFORECAST

DIR as for bench_m4.py. NeuralForecast may live in this environment or in another, which ``--python`` names; what it
runs is neuralforecast_m4.py. Both get the same file and as many threads as torch takes here (OMP_NUM_THREADS counts).
Ours also makes intervals in its time; theirs, with its default loss, makes none. A whole process is everything from
its first line (ours) or its start (theirs): imports, reading, fit, forecast.
"""

# ruff: noqa: E402 (the imports are part of what is timed)
from __future__ import annotations

import time

BEGAN = time.perf_counter()

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from bench_m4 import HORIZON, SCORED_SEASON, long_frame, reference_points, rows_of

import recollect
from recollect import Forecaster
from recollect.evaluate.metrics import scores, seasonal_scale

STEPS_AHEAD, SEASON = HORIZON["Hourly"], SCORED_SEASON["Hourly"]
THEIRS = Path(__file__).parent / "neuralforecast_m4.py"


class Outcome(NamedTuple):
    """Points [N, K], and the seconds of fit and forecast and of the whole process."""

    points: np.ndarray
    seconds: float
    whole: float


def ours(train: dict[str, np.ndarray], members: int, max_time: float | None, seed: int) -> Outcome:
    """Our forecaster, in this process."""
    frame = long_frame(train)
    began = time.perf_counter()
    forecaster = Forecaster(STEPS_AHEAD, ensemble=members, max_time=max_time, seed=seed)
    points = forecaster.fit(frame, target="value", series="series").intervals().point
    ended = time.perf_counter()
    return Outcome(points, ended - began, ended - BEGAN)


def theirs(python: str, path: Path, names: list[str], steps: int) -> Outcome:
    """NeuralForecast, in a process of its own; its rows in the order of ``names``."""
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "forecasts.npz"
        began = time.perf_counter()
        command = [python, str(THEIRS), str(path), str(STEPS_AHEAD), str(steps), str(torch.get_num_threads()), str(out)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=place)
        whole = time.perf_counter() - began
        if done.returncode:
            sys.exit(f"NeuralForecast failed:\n{done.stderr}")
        found = np.load(out)
    row = {name: number for number, name in enumerate(found["names"])}
    return Outcome(found["points"][[row[name] for name in names]], float(found["seconds"]), whole)


def versions(python: str) -> str:
    """Versions in that interpreter, or an empty string where NeuralForecast is not there."""
    probe = "from importlib.metadata import version as v; print(*(f'{p} {v(p)}' for p in ('neuralforecast', 'torch')))"
    found = subprocess.run([python, "-c", probe], capture_output=True, text=True, check=False)
    return "" if found.returncode else found.stdout.strip()


def main() -> None:
    """Both fits, one after the other, and the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--python", default=sys.executable, help="the interpreter that has NeuralForecast")
    parser.add_argument("--members", type=int, default=1)
    parser.add_argument("--max-time", type=float, default=None)
    parser.add_argument("--steps", type=int, default=1000, help="of NeuralForecast's training; its default is 1000")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    known = versions(asked.python)
    if not known:
        print("passed over, because NeuralForecast is not here: pip install neuralforecast, or name another --python")
        return
    path = asked.data / "Hourly-train.csv.gz"
    train, test = rows_of(path), rows_of(asked.data / "Hourly-test.csv.gz")
    mine = ours(train, asked.members, asked.max_time, asked.seed)
    print(f"{date.today()}, {platform.machine()}, {os.cpu_count()} cores, threads of each: {torch.get_num_threads()}")
    print(f"recollect {recollect.__version__} torch {torch.__version__}; {known}")
    print(
        f"M4 Hourly, {len(train)} series, official test part, horizon {STEPS_AHEAD}; MASE with m = {SEASON}; sMAPE in %"
    )
    print(f"recollect: {asked.members} member(s), seed {asked.seed}; NeuralForecast: {asked.steps} steps\n", flush=True)
    other = theirs(asked.python, path, list(train), asked.steps)
    naive = Outcome(reference_points(train, STEPS_AHEAD, SEASON), 0.0, 0.0)
    actual = np.stack([test[name] for name in train])
    scale = np.array([seasonal_scale(y, SEASON) for y in train.values()])
    table({"recollect": mine, "NeuralForecast LSTM": other, "seasonal naive": naive}, actual, scale)


def table(rows: dict[str, Outcome], actual: np.ndarray, scale: np.ndarray) -> None:
    """Scores and seconds of each, and last the second row over the first."""
    print("| | sMAPE | MASE | fit + predict, s | whole process, s |\n|---|---|---|---|---|")
    found = []
    for name, (points, seconds, whole) in rows.items():
        overall = scores(actual, points, scale=scale).overall
        found.append(np.array([overall["smape"], overall["mase"], seconds, whole], dtype=np.float64))
        spent = f"{seconds:.1f} | {whole:.1f}" if whole else "|"
        print(f"| {name} | {found[-1][0]:.2f} | {found[-1][1]:.3f} | {spent} |")
    print("| theirs / ours | " + " | ".join(f"{ratio:.2f}" for ratio in found[1] / found[0]) + " |")


if __name__ == "__main__":
    main()
