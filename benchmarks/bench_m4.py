"""M4 Hourly and Weekly, the official split: OWA, MASE, sMAPE, MSIS and coverage, whole process.

    python benchmarks/bench_m4.py --data DIR --frequency Hourly --members 3 --max-time 140

DIR holds M4 as published: ``Hourly-train.csv.gz``, ``Hourly-test.csv.gz`` (a row a series, its name first) and the
organisers' ``Hourly-forecast-Naive2.csv.gz``. Nothing is tuned on the test part: ``--validation`` scores the last
horizon of the training part instead, and is what choices were made on. Scores as in Makridakis, Spiliotis &
Assimakopoulos 2020, doi:10.1016/j.ijforecast.2019.04.014: MASE with m = 24 (Hourly) or 1 (Weekly).
"""

# ruff: noqa: E402 (the imports are part of what is timed)
from __future__ import annotations

import time

BEGAN = time.perf_counter()

import argparse
from pathlib import Path

import numpy as np
import polars as pl

from recollect import Forecaster
from recollect.evaluate.baselines import BASELINES
from recollect.evaluate.metrics import owa, scores, seasonal_scale

HORIZON = {"Hourly": 48, "Weekly": 13}
SCORED_SEASON = {"Hourly": 24, "Weekly": 1}


def rows_of(path: Path) -> dict[str, np.ndarray]:
    """Each row's name and its values without the empty cells at the end."""
    table = pl.read_csv(path, infer_schema_length=0)
    numbers = table.select(pl.all().exclude(table.columns[0]).cast(pl.Float64)).to_numpy()
    return {name: values[np.isfinite(values)] for name, values in zip(table[:, 0], numbers, strict=True)}


def long_frame(series: dict[str, np.ndarray]) -> pl.DataFrame:
    """One row for each series and step; M4 gives no dates."""
    names = np.repeat(list(series), [len(y) for y in series.values()])
    return pl.DataFrame({"series": names, "value": np.concatenate(list(series.values()))})


def main() -> None:
    """Fit, forecast, score, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--frequency", choices=HORIZON, default="Hourly")
    parser.add_argument("--members", type=int, default=1)
    parser.add_argument("--max-time", type=float, default=None)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--validation", action="store_true")
    asked = parser.parse_args()
    train = rows_of(asked.data / f"{asked.frequency}-train.csv.gz")
    horizon, season = HORIZON[asked.frequency], SCORED_SEASON[asked.frequency]
    if asked.validation:
        actual = np.stack([y[-horizon:] for y in train.values()])
        train = {name: y[:-horizon] for name, y in train.items()}
    else:
        actual = np.stack(list(rows_of(asked.data / f"{asked.frequency}-test.csv.gz").values()))
    scale = np.array([seasonal_scale(y, season) for y in train.values()])
    forecaster = Forecaster(horizon, ensemble=asked.members, max_time=asked.max_time, seed=asked.seed)
    forecaster.fit(long_frame(train), target="value", series="series")
    found = forecaster.intervals()
    seconds = time.perf_counter() - BEGAN
    model = forecaster.model
    shares = forecaster.settings.shares
    ours = scores(actual, found.point, found.lower, found.upper, shares, scale).overall
    if asked.validation:
        naive2 = scores(actual, reference_points(train, horizon, model.geometry.season), scale=scale).overall
    else:
        path = asked.data / f"{asked.frequency}-forecast-Naive2.csv.gz"
        naive2 = scores(actual, np.stack(list(rows_of(path).values())), scale=scale).overall
    split = "last horizon of the training part" if asked.validation else "official test part"
    print(f"M4 {asked.frequency}, {len(train)} series, horizon {horizon}, {split}")
    print(f"{model.geometry}, logarithms: {model.scaling.log}")
    print("epochs kept:", [f"{r.best_epoch}/{r.epochs} ({r.stopped})" for r in model.records])
    print("                     sMAPE    MASE     OWA    MSIS95  cover80  cover95  seconds")
    report("recollect", ours, naive2, seconds)
    report("seasonal naive" if asked.validation else "Naive2", naive2, naive2, 0.0)


def reference_points(train: dict[str, np.ndarray], horizon: int, season: int) -> np.ndarray:
    """The seasonal naive, in place of the organisers' Naive2 where there is none."""
    return np.stack([BASELINES["seasonal_naive"](y, horizon, season, (0.95,)).point for y in train.values()])


def report(name: str, found: dict[str, float | None], reference: dict[str, float | None], seconds: float) -> None:
    """One line of the table."""
    relative = owa(found["smape"], found["mase"], reference["smape"], reference["mase"])
    intervals = [found.get(key) for key in ("msis_95", "coverage_80", "coverage_95")]
    shown = "  ".join("       " if value is None else f"{value:7.3f}" for value in intervals)
    print(f"{name:18} {found['smape']:7.3f} {found['mase']:7.3f} {relative:7.4f}  {shown}  {seconds:7.1f}")


if __name__ == "__main__":
    main()
