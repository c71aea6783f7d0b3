"""Forecast a polars frame from Python: two shops, hourly, with a day's and a week's rhythm."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl

from recollect import Forecaster


def sales(shop: str, level: float, seed: int) -> pl.DataFrame:
    """Eight weeks of made-up hourly sales."""
    time = pl.datetime_range(datetime(2024, 1, 1), datetime(2024, 2, 25, 23), "1h", eager=True)
    hour = np.arange(len(time))
    rhythm = 1 + 0.6 * np.sin(2 * np.pi * hour / 24) + 0.3 * np.sin(2 * np.pi * hour / 168)
    noise = np.random.default_rng(seed).normal(scale=0.05, size=len(time))
    return pl.DataFrame({"time": time, "sales": level * np.exp(rhythm + noise)}).with_columns(shop=pl.lit(shop))


if __name__ == "__main__":
    table = pl.concat([sales("north", 20.0, seed=1), sales("south", 300.0, seed=2)])
    model = Forecaster(horizon=24, max_time=10, seed=0).fit(table, target="sales", series="shop")
    print(model.predict())
