"""ETTh1 with a look-back of 96, the literature's protocol: MSE and MAE over all seven channels at one horizon.

    python benchmarks/bench_ett.py --data FILE --horizons 96 192 336 720

FILE is ETTh1 as published (a date column and seven channels). The first 8,640 rows train, the next 2,880 stop training
early and calibrate, and every origin of the 2,880 after them is scored; channels are z-scored by the training part and
are seven series for one model (Zhou et al. 2021, arXiv:2012.07436, section 5.1; windows as in arXiv:2205.13504). The
linear model beside it is a ridge regression of the next steps on the look-back, one for all channels, fitted on the
training part with each window's mean and deviation taken out. ``--validation`` scores the validation part instead.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recollect.core.errors import DataError
from recollect.data.inference import infer_schema
from recollect.data.panel import Panel, build_panel
from recollect.data.tables import read_table
from recollect.tasks.forecast.data import Rows
from recollect.tasks.forecast.fitting import fit_model
from recollect.tasks.forecast.settings import Settings

LOOKBACK, TRAIN, PART = 96, 8640, 2880
Floats = NDArray[np.float64]


def main() -> None:
    """Fit and score each horizon."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--horizons", type=int, nargs="+", default=[96, 192, 336, 720])
    parser.add_argument("--members", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--validation", action="store_true")
    asked = parser.parse_args()
    table, _ = read_table(asked.data)
    if len(table) < TRAIN + 2 * PART:
        raise DataError(f"{asked.data} has {len(table)} rows, and the protocol needs {TRAIN + 2 * PART}")
    channels = [name for name, kind in table.schema.items() if kind.is_numeric()]
    z = table.select(channels).head(TRAIN + 2 * PART).to_numpy()
    z = (z - z[:TRAIN].mean(0)) / z[:TRAIN].std(0)
    first = TRAIN + (0 if asked.validation else PART)
    part = "validation part" if asked.validation else "test part"
    print(f"{asked.data.name}, {len(channels)} channels, look-back {LOOKBACK}, all origins of the {part}")
    print("horizon      MSE     MAE  |  ridge MSE     MAE  |  naive MSE     MAE  |  seconds")
    for horizon in asked.horizons:
        began = time.perf_counter()
        origins = np.arange(first, first + PART - horizon + 1)
        ours = forecasts(panel_of(z, channels), origins, horizon, asked.members, asked.seed)
        seconds = time.perf_counter() - began
        linear, naive = ridge(z, origins, horizon), np.stack([z[o - 24 + np.arange(horizon) % 24] for o in origins])
        actual = np.stack([z[o : o + horizon] for o in origins])  # [M, K, channels]
        shown = "  |  ".join(
            f"{np.mean((actual - f) ** 2):9.4f} {np.abs(actual - f).mean():7.4f}" for f in (ours, linear, naive)
        )
        print(f"{horizon:7} {shown}  |  {seconds:7.1f}", flush=True)


def panel_of(z: Floats, channels: list[str]) -> Panel:
    """Each channel a series."""
    frame = pl.DataFrame(z, schema=channels, orient="row")
    schema, _ = infer_schema(frame, wide=True)
    return build_panel(frame, schema)[0]


def forecasts(panel: Panel, origins: NDArray[np.int64], horizon: int, members: int, seed: int) -> Floats:
    """Ours, [M, K, channels], in z; the early-stopping part is the PART steps after TRAIN."""
    settings = Settings(horizon, lookback=LOOKBACK, ensemble=members, seed=seed)
    ends = np.full(len(panel), TRAIN + PART)
    model = fit_model(panel, settings, ends, 24, validation=PART)
    windows, found = model.windows(panel, ends), []
    for n in range(len(panel)):
        rows = Rows(np.full(len(origins), n), origins, np.full(len(origins), TRAIN + 2 * PART))
        found.append(model.forecast(windows, rows).point)
    return np.stack(found, -1)


def ridge(z: Floats, origins: NDArray[np.int64], horizon: int) -> Floats:
    """The linear model's forecasts, [M, K, channels]."""
    size, gram, moment = LOOKBACK, np.zeros((LOOKBACK, LOOKBACK)), np.zeros((LOOKBACK, horizon))
    for channel in z[:TRAIN].T:
        window = np.lib.stride_tricks.sliding_window_view(channel, size + horizon)
        mean, spread = moments(window[:, :size])
        scaled = (window - mean) / spread
        gram, moment = gram + scaled[:, :size].T @ scaled[:, :size], moment + scaled[:, :size].T @ scaled[:, size:]
    matrix = np.linalg.solve(gram + 0.1 * np.eye(size), moment)
    found = []
    for channel in z.T:
        window = np.stack([channel[o - size : o] for o in origins])
        mean, spread = moments(window)
        found.append((window - mean) / spread @ matrix * spread + mean)
    return np.stack(found, -1)


def moments(window: Floats) -> tuple[Floats, Floats]:
    """Mean and floored deviation of each row, [M, 1]."""
    return window.mean(1, keepdims=True), window.std(1, keepdims=True) + 0.01


if __name__ == "__main__":
    main()
