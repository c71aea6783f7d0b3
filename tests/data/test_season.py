from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from recollect.data.inference import infer_schema
from recollect.data.panel import build_panel
from recollect.data.season import infer_season, season_strength
from recollect.data.tables import read_table

REAL: list[tuple[str, dict[str, Any], int]] = [
    ("series/airline_passengers.csv", {}, 12),
    ("series/monthly_car_sales.csv", {}, 12),
    ("series/monthly_sunspots.csv", {}, 1),
    ("series/daily_min_temperatures_melbourne.csv", {}, 365),
    ("series/us_gasoline.csv", {}, 52),
    ("series/PJME_hourly.csv.gz", {}, 24),
    ("series/australian_tourism.csv", {"wide": True}, 4),
    ("ett/ETTm1.csv.gz", {"target": "OT"}, 96),
    ("exchange_rate/exchange_rate.txt.gz", {"wide": True}, 1),
    ("nab/data/realKnownCause/nyc_taxi.csv.gz", {}, 48),
    ("ltsf_illness/illness.csv", {"target": "ILITOTAL"}, 52),
    ("ltsf_weather/weather.csv.gz", {"target": "T (degC)"}, 144),
]


@pytest.mark.parametrize(("file", "options", "season"), REAL, ids=[row[0] for row in REAL])
def test_real_seasons(real_data: Path, file: str, options: dict[str, Any], season: int) -> None:
    frame, _ = read_table(real_data / file)
    panel, _ = build_panel(frame, infer_schema(frame, **options)[0])
    assert infer_season(panel) == season


@pytest.mark.parametrize(("name", "season"), [("Hourly", 24), ("Weekly", 52)])
def test_m4_seasons_without_dates(real_data: Path, name: str, season: int) -> None:
    wide, _ = read_table(real_data / f"m4/{name}-train.csv.gz")
    frame = wide.unpivot(index="V1", value_name="y").drop_nulls().select("V1", "y")
    panel, _ = build_panel(frame, infer_schema(frame, series="V1", target="y")[0])
    assert infer_season(panel) == season


def season_of(y: np.ndarray) -> int:
    frame = pl.DataFrame({"y": y})
    return infer_season(build_panel(frame, infer_schema(frame)[0])[0])


@pytest.mark.parametrize("period", [7, 17, 24, 52])
def test_a_wave_on_a_trend_with_noise_and_gaps(period: int) -> None:
    rng = np.random.default_rng(period)
    t = np.arange(900)
    y = np.sin(2 * np.pi * t / period) + 0.01 * t + 0.3 * rng.standard_normal(900)
    y[rng.integers(1, 899, 100)] = np.nan
    assert season_of(y) == period


@pytest.mark.parametrize("seed", range(5))
def test_a_random_walk_and_noise_have_no_season(seed: int) -> None:
    rng = np.random.default_rng(seed)
    assert season_of(rng.standard_normal(1200)) == 1
    assert season_of(rng.standard_normal(1200).cumsum()) == 1


def test_a_constant_has_no_season() -> None:
    assert season_strength(np.full(100, 3.7), 12) == 0


def test_longer_periods_can_be_left_out() -> None:
    frame = pl.DataFrame({"y": np.sin(np.arange(500) * 2 * np.pi / 24)})
    assert infer_season(build_panel(frame, infer_schema(frame)[0])[0], max_period=20) == 1
