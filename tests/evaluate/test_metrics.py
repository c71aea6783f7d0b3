"""Scores against hand-worked cases, plain loops, and the published table of the M4 competition."""

from __future__ import annotations

import csv
import gzip
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recollect.core.errors import InputError, ShapeError
from recollect.evaluate.metrics import Scores, owa, percent, scores, seasonal_scale

LEVELS = (0.8, 0.95)


def _example(seed: int, rows: int = 6, steps: int = 4, gaps: bool = True) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    actual = random.normal(10, 3, (rows, steps))
    if gaps:
        actual[random.random((rows, steps)) < 0.3] = np.nan
        actual[0, 0] = 10.0
    forecast = random.normal(10, 3, (rows, steps))
    half = np.sort(random.uniform(0.5, 5, (rows, steps, 2)), axis=2)
    lower, upper = forecast[..., None] - half, forecast[..., None] + half
    scale = random.uniform(0.5, 2, rows)
    return {"actual": actual, "forecast": forecast, "lower": lower, "upper": upper, "scale": scale}


def _score(part: dict[str, np.ndarray], series_index: np.ndarray | None = None) -> Scores:
    return scores(**part, levels=LEVELS, series_index=series_index)


def test_a_case_worked_by_hand() -> None:
    result = scores(
        [[10.0, 20.0, math.nan]],
        [[12.0, 20.0, 5.0]],
        [[[11.0], [18.0], [0.0]]],
        [[[14.0], [23.0], [9.0]]],
        levels=(0.8,),
        scale=[4.0],
    ).overall
    assert result["mae"] == 1.0
    assert result["mse"] == 2.0
    assert result["rmse"] == pytest.approx(math.sqrt(2))
    assert result["mase"] == 0.25
    assert result["smape"] == pytest.approx((200 * 2 / 22 + 0) / 2)
    assert result["rse"] == pytest.approx(math.sqrt(4 / 50))
    assert result["coverage_80"] == 0.5
    assert result["msis_80"] == pytest.approx(((3 + 10 * 1) + 5) / 2 / 4)
    median, tenth, ninetieth = 1.0, 0.9 * 1 + 0.1 * 2, 0.1 * 4 + 0.1 * 3
    lower_tail = 0.9 * 1 + 0.1 * 2
    assert tenth == lower_tail
    upper_tail = (1 - 0.9) * 4 + (1 - 0.9) * 3
    assert ninetieth == pytest.approx(upper_tail)
    assert result["wql"] == pytest.approx(2 * (median + lower_tail + upper_tail) / 3 / 30)


@given(st.integers(0, 2**32 - 1))
def test_every_score_equals_a_plain_loop(seed: int) -> None:
    part = _example(seed)
    expected = _looped(part)
    result = _score(part).overall
    for name, value in expected.items():
        assert result[name] == pytest.approx(value), name


def _looped(part: dict[str, np.ndarray]) -> dict[str, float]:
    rows: dict[str, list[float]] = {"smape": [], "mase": [], "msis_95": []}
    errors, covered, truths = [], [], []
    quantiles: dict[float, list[float]] = {q: [] for q in (0.025, 0.1, 0.5, 0.9, 0.975)}
    for i, row in enumerate(part["actual"]):
        mine: dict[str, list[float]] = {name: [] for name in rows}
        for k, y in enumerate(row):
            if math.isnan(y):
                continue
            f, (l80, l95), (u80, u95) = part["forecast"][i, k], part["lower"][i, k], part["upper"][i, k]
            a = part["scale"][i]
            errors.append(y - f)
            truths.append(y)
            covered.append(l80 <= y <= u80)
            mine["smape"].append(200 * abs(y - f) / (abs(y) + abs(f)))
            mine["mase"].append(abs(y - f) / a)
            penalty = 40 * (l95 - y) if y < l95 else 40 * (y - u95) if y > u95 else 0.0
            mine["msis_95"].append((u95 - l95 + penalty) / a)
            for q, x in zip(quantiles, (l95, l80, f, u80, u95), strict=True):
                quantiles[q].append(q * (y - x) if y >= x else (1 - q) * (x - y))
        for name, values in mine.items():
            if values:
                rows[name].append(sum(values) / len(values))
    result = {name: sum(values) / len(values) for name, values in rows.items()}
    result["mae"] = sum(map(abs, errors)) / len(errors)
    result["mse"] = sum(e * e for e in errors) / len(errors)
    result["coverage_80"] = sum(covered) / len(covered)
    result["wql"] = sum(2 * sum(v) / sum(map(abs, truths)) for v in quantiles.values()) / 5
    return result


def test_horizons_and_series_are_scores_of_their_own_parts() -> None:
    part = _example(3, rows=8)
    series = np.array([0, 0, 2, 2, 2, 3, 3, 0])
    whole = _score(part)
    for k in range(4):
        column = {name: v if name == "scale" else v[:, k : k + 1] for name, v in part.items()}
        for name, value in _score(column).overall.items():
            assert whole.by_horizon[name][k] == pytest.approx(value), (name, k)
    by_series = whole.by_series(series)
    for n in (0, 2, 3):
        rows = {name: v[series == n] for name, v in part.items()}
        alone = _score(rows, np.zeros((series == n).sum(), int)).overall
        for name, value in alone.items():
            assert by_series[name][n] == pytest.approx(value), (name, n)
    assert all(math.isnan(values[1]) for values in by_series.values())


def test_series_count_alike_however_many_origins_each_has() -> None:
    actual, forecast = np.zeros((4, 1)), np.array([[1.0], [1.0], [1.0], [5.0]])
    result = scores(actual, forecast, scale=np.ones(4), series_index=[0, 0, 0, 1])
    assert result.overall["mase"] == 3.0
    assert result.overall["mae"] == 2.0


def test_what_cannot_be_computed_is_none_with_a_reason() -> None:
    result = scores([[3.0, 3.0]], [[3.0, 4.0]], scale=[0.0])
    assert result.overall["mase"] is None and "no in-sample error" in result.reasons["mase"]
    assert result.overall["rse"] is None and "all actual values are equal" in result.reasons["rse"]
    assert result.unscaled_rows == 1
    assert "mae" not in result.reasons
    assert scores([[3.0]], [[3.0]]).reasons["mase"] == "no scale was given"
    zeros = scores([[0.0]], [[1.0]], scale=[1.0])
    assert zeros.overall["wql"] is None and "zero" in zeros.reasons["wql"]
    unknown = scores([[math.nan]], [[1.0]], scale=[1.0])
    assert set(unknown.overall.values()) == {None} and unknown.points == 0
    assert set(unknown.reasons.values()) == {"no actual value is known"}


def test_rows_without_scale_are_left_out_and_counted() -> None:
    result = scores([[1.0], [1.0], [1.0]], [[2.0], [9.0], [9.0]], scale=[0.5, 0.0, math.nan])
    assert result.overall["mase"] == 2.0
    assert result.unscaled_rows == 2


def test_smape_of_zero_by_zero_is_zero() -> None:
    assert scores([[0.0, 1.0]], [[0.0, 1.0]], scale=[1.0]).overall["smape"] == 0.0


def test_json_holds_no_nan() -> None:
    part = _example(1)
    part["actual"][:, 2] = np.nan
    text = json.dumps(_score(part).to_json(), allow_nan=False)
    assert json.loads(text)["by_horizon"]["mase"][2] is None


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"forecast": np.zeros((2, 3))}, ShapeError, r"must both be \[M, K\]"),
        ({"lower": np.zeros((6, 4, 1))}, ShapeError, r"must be \[M, K, Lv\] = \(6, 4, 2\)"),
        ({"scale": np.ones(5)}, ShapeError, r"scale must be \[M\] = \(6,\)"),
        ({"forecast": np.full((6, 4), np.nan)}, InputError, "forecast holds"),
        ({"upper": np.full((6, 4, 2), np.inf)}, InputError, "upper holds"),
        ({"levels": (80, 95)}, InputError, "between 0 and 1"),
        ({"series_index": np.zeros(3, int)}, ShapeError, r"series_index has shape \(3,\)"),
        ({"series_index": np.zeros(6)}, ShapeError, "integers from 0"),
    ],
)
def test_wrong_input_is_refused(change: dict[str, object], error: type[Exception], message: str) -> None:
    given_all: dict[str, object] = {**_example(0), "levels": LEVELS, **change}
    with pytest.raises(error, match=message):
        scores(**given_all)  # type: ignore[arg-type]


def test_by_series_refuses_too_few_labels() -> None:
    with pytest.raises(ShapeError, match="series_index has 2 rows"):
        _score(_example(0, gaps=False)).by_series([0, 1])


def test_seasonal_scale() -> None:
    assert seasonal_scale([1.0, 5.0, 2.0, math.nan, 5.0, 1.0], 2) == 2.0  # |2 - 1| and |5 - 2|; the gap is left out
    assert math.isnan(seasonal_scale([1.0, 2.0], 2))
    assert seasonal_scale([1.0, 2.0, 1.0, 2.0], 2) == 0.0
    with pytest.raises(InputError, match="at least 1 step"):
        seasonal_scale([1.0, 2.0], 0)


def test_owa_and_names() -> None:
    assert owa(13.912, 1.193, 18.383, 2.395) == pytest.approx(0.6275, abs=5e-4)
    with pytest.raises(InputError, match="above 0"):
        owa(1.0, 1.0, 0.0, 1.0)
    assert [percent(level) for level in (0.8, 0.95, 0.995, 0.29)] == ["80", "95", "99.5", "29"]


def _read(path: Path) -> list[np.ndarray]:
    with gzip.open(path, "rt") as file:
        return [np.array([float(v) for v in row[1:] if v]) for row in list(csv.reader(file))[1:]]


@pytest.mark.parametrize(
    ("group", "season", "method"), [("Hourly", 24, "sNaive"), ("Hourly", 24, "Naive2"), ("Weekly", 1, "Naive2")]
)
def test_the_published_table_of_m4(real_data: Path, group: str, season: int, method: str) -> None:
    folder = real_data / "m4"
    train, test = _read(folder / f"{group}-train.csv.gz"), np.stack(_read(folder / f"{group}-test.csv.gz"))
    forecast = np.stack(_read(folder / f"{group}-forecast-{method}.csv.gz"))
    with open(folder / "published_scores.csv") as file:
        published = next(row for row in csv.DictReader(file) if row["method"] == method)
    result = scores(test, forecast, scale=[seasonal_scale(series, season) for series in train]).overall
    assert result["smape"] == pytest.approx(float(published[f"sMAPE_{group}"]), abs=6e-4)
    assert result["mase"] == pytest.approx(float(published[f"MASE_{group}"]), abs=6e-4)
