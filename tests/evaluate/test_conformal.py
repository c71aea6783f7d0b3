"""Calibration: a plain loop, coverage of exchangeable data, and the law that the future changes nothing."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recollect.core.errors import ArtifactError, InputError, ShapeError
from recollect.evaluate.conformal import Conformal, Outcomes, scores_of

LEVELS = (0.8, 0.95)


def _rows(seed: int, rows: int, steps: int = 3, width: float = 1.0) -> dict[str, np.ndarray]:
    """Forecasts whose errors are normal with sd 2 * spread, inside intervals of a wrong width."""
    random = np.random.default_rng(seed)
    spread = random.uniform(0.5, 20, rows)
    point = random.normal(0, 50, (rows, steps))
    actual = point + 2 * spread[:, None] * random.normal(size=(rows, steps))
    half = width * spread[:, None, None] * np.array([1.0, 1.5])
    lower, upper = point[..., None] - half, point[..., None] + half
    return {"lower": lower, "upper": upper, "actual": actual, "spread": spread, "point": point}


def _fit(part: dict[str, np.ndarray]) -> Conformal:
    return Conformal.fit(part["lower"], part["upper"], part["actual"], part["spread"], LEVELS)


def _apply(fitted: Conformal, part: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    return fitted.apply(part["lower"], part["upper"], part["spread"], part["point"])


@given(st.integers(0, 2**32 - 1), st.integers(19, 60))
def test_corrections_equal_a_plain_loop(seed: int, rows: int) -> None:
    part = _rows(seed, rows)
    fitted = _fit(part)
    for k in range(3):
        for i, level in enumerate(LEVELS):
            scores = sorted(
                max(part["lower"][r, k, i] - part["actual"][r, k], part["actual"][r, k] - part["upper"][r, k, i])
                / part["spread"][r]
                for r in range(rows)
            )
            rank = math.ceil(round((rows + 1) * level, 6))
            assert fitted.correction[k, i] == scores[rank - 1]
    assert (fitted.used == rows).all()
    assert (fitted.supported == LEVELS).all()


@pytest.mark.parametrize("width", [0.2, 8.0])  # far too narrow, far too wide
def test_exchangeable_data_are_covered_as_promised(width: float) -> None:
    hits = np.zeros((3, 2))
    fresh, repeats = 50, 120
    for seed in range(repeats):
        part = _rows(seed, 39 + fresh, width=width)
        old, new = ({name: v[cut] for name, v in part.items()} for cut in (slice(39), slice(39, None)))
        low, high = _apply(_fit(old), new)
        hits += ((low <= new["actual"][..., None]) & (new["actual"][..., None] <= high)).mean(axis=0)
    coverage = hits / repeats
    for i, level in enumerate(LEVELS):
        # coverage given the calibration rows is Beta(rank, n + 1 - rank) distributed (Vovk 2012); then fresh rows
        sd = math.sqrt(level * (1 - level) * (1 / 41 + 1 / fresh) / repeats)
        assert (np.abs(coverage[:, i] - level) < 4 * sd).all(), coverage


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.floats(0.01, 30))
def test_intervals_are_nested_finite_and_hold_their_point(seed: int, rows: int, width: float) -> None:
    part = _rows(seed, rows, width=width)
    low, high = _apply(_fit(part), _rows(seed + 1, 7, width=width) | {})
    point = _rows(seed + 1, 7, width=width)["point"]
    stacked = np.concatenate([low[..., ::-1], point[..., None], high], axis=2)
    assert np.isfinite(stacked).all()
    assert (np.diff(stacked, axis=2) >= 0).all()


def test_few_rows_borrow_from_neighbouring_horizons() -> None:
    part = _rows(1, 7, steps=9)
    fitted = _fit(part)
    assert fitted.used[:, 0].tolist() == [7] * 9  # 0.8 needs 4
    assert fitted.used[:, 1].tolist() == [21] * 9 or fitted.used[4, 1] == 21  # 0.95 needs 19
    assert fitted.used[0, 1] == 21 and fitted.used[8, 1] == 21
    scores = np.maximum(part["lower"] - part["actual"][..., None], part["actual"][..., None] - part["upper"])
    near = np.sort((scores / part["spread"][:, None, None])[:, 3:6, 1].ravel())
    assert fitted.correction[4, 1] == near[math.ceil(22 * 0.95) - 1]


def test_far_too_few_rows_take_the_largest_score_and_say_what_it_supports() -> None:
    part = _rows(4, 2, steps=2)
    fitted = _fit(part)
    scores = np.maximum(part["lower"] - part["actual"][..., None], part["actual"][..., None] - part["upper"])
    assert (fitted.correction[:, 1] == (scores / part["spread"][:, None, None])[..., 1].max()).all()
    assert fitted.supported[:, 1] == pytest.approx([0.8, 0.8])


def test_unknown_actual_values_do_not_count() -> None:
    part = _rows(2, 60)
    part["actual"][30:, 1] = np.nan
    less = {name: v[:30, 1:2] if v.ndim > 1 else v[:30] for name, v in part.items()}
    assert (_fit(part).correction[1] == _fit(less).correction[0]).all()
    assert _fit(part).used[:, 0].tolist() == [60, 30, 60]


def test_scores_lead_where_forecasts_do() -> None:
    part = _rows(2, 60)
    part["actual"][30:, 1] = np.nan
    scores = scores_of(part["lower"], part["upper"], part["actual"], part["spread"], LEVELS)
    assert scores.shape == (60, 3, 2) and np.isnan(scores[30:, 1]).all()
    assert np.array_equal(Conformal.of(scores, LEVELS).correction, _fit(part).correction)


def _outcomes(rows: dict[tuple[int, int], list[float]]) -> Outcomes:
    """Of one level, from the scores [K] at (series, origin)."""
    series, origin = np.array(list(rows), np.int64).T
    return Outcomes(np.array(list(rows.values()), np.float32)[..., None], series, origin)


def test_the_newest_known_scores_of_each_series_and_step_stay() -> None:
    nan = math.nan
    older = _outcomes({(0, 5): [1, 2], (0, 7): [3, nan], (1, 5): [4, 5], (1, 6): [6, nan]})
    later = _outcomes({(0, 7): [nan, 7], (0, 9): [8, nan], (0, 8): [9, nan]})
    found = older.joined(later, 2)
    places = zip(found.series.tolist(), found.origin.tolist(), strict=True)
    rows = dict(zip(places, found.scores[..., 0].tolist(), strict=True))
    expected = {
        (0, 9): [8, nan], (0, 8): [9, nan],
        (0, 7): [nan, 7],  # two newer ones are known of its first step; of its second, known late, none
        (0, 5): [nan, 2],
        (1, 6): [6, nan], (1, 5): [4, 5],
    }  # fmt: skip
    assert str(rows) == str({key: [float(value) for value in row] for key, row in expected.items()})
    assert len(older.joined(later, 1).scores) == 4, "rows of which nothing is left go"


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 9))
def test_joining_equals_a_plain_loop(seed: int, most: int) -> None:
    random = np.random.default_rng(seed)
    place = random.choice(60, 40, replace=False)
    scores = random.normal(size=(40, 3, 2)).astype(np.float32)
    scores[random.random((40, 3)) < 0.3] = np.nan
    whole = Outcomes(scores, place // 15, place % 15)
    parts = [Outcomes(*(v[cut] for v in (scores, place // 15, place % 15))) for cut in (slice(25), slice(25, None))]
    found = parts[0].joined(parts[1], most)
    kept = {(n, o, k): found.scores[i, k, 0] for i, (n, o) in enumerate(zip(found.series, found.origin, strict=True))
            for k in range(3) if not np.isnan(found.scores[i, k, 0])}  # fmt: skip
    for n in range(4):
        for k in range(3):
            known = [(o, s[k, 0]) for m, o, s in zip(whole.series, whole.origin, scores, strict=True)
                     if m == n and not np.isnan(s[k, 0])]  # fmt: skip
            newest = sorted(known)[-most:]
            assert [(o, kept.pop((n, o, k))) for o, _ in newest] == newest
    assert not kept


def test_saved_and_read_again() -> None:
    fitted = _fit(_rows(3, 30))
    again = Conformal.from_json(json.loads(json.dumps(fitted.to_json(), allow_nan=False)))
    assert again.levels == fitted.levels
    assert np.array_equal(again.correction, fitted.correction) and np.array_equal(again.used, fitted.used)


@pytest.mark.parametrize(
    "data",
    [{}, {"levels": [0.8], "correction": [[1.0, 2.0]], "used": [[3, 3]]}, {"levels": "x", "correction": 1, "used": 1}],
)
def test_a_damaged_calibration_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(ArtifactError, match="saved calibration"):
        Conformal.from_json(data)


def test_wrong_input_is_refused() -> None:
    part = _rows(0, 20)
    with pytest.raises(InputError, match="levels must ascend"):
        Conformal.fit(part["lower"], part["upper"], part["actual"], part["spread"], (0.95, 0.8))
    with pytest.raises(ShapeError, match="with 2 levels"):
        Conformal.fit(part["lower"][..., :1], part["upper"], part["actual"], part["spread"], LEVELS)
    with pytest.raises(InputError, match="spread must be a finite number above 0"):
        _fit({**part, "spread": np.zeros(20)})
    with pytest.raises(InputError, match="none is"):
        _fit({**part, "actual": np.full((20, 3), np.nan)})
    with pytest.raises(ShapeError, match="calibrated for"):
        _apply(_fit(part), _rows(0, 5, steps=4))
    with pytest.raises(ShapeError, match="actual must be"):
        _fit({**part, "actual": part["actual"][:, :2]})
