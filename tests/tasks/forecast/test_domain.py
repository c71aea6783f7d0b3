from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recollect.core.errors import DataError
from recollect.data.panel import Panel
from recollect.tasks.forecast.domain import choose_log
from recollect.tasks.forecast.geometry import plan_geometry
from recollect.tasks.forecast.learning import tail_rows


def chosen(panel: Panel, settings, tail: int = 20) -> bool:
    cuts = panel.ends - tail
    geometry = plan_geometry(settings.horizon, 6, int(np.median(cuts)))
    return choose_log(panel, settings, geometry, cuts, tail_rows(panel, cuts, panel.ends))


@pytest.fixture
def growth() -> list[np.ndarray]:
    """A season whose swing grows with its level: additive in logarithms."""
    random = np.random.default_rng(0)
    t = np.arange(160)
    return [np.exp(0.02 * t + np.sin(t * np.pi / 3) + 0.05 * random.normal(size=160))]


@pytest.fixture
def skewed_down() -> list[np.ndarray]:
    """A season with rare dips towards 0, which logarithms blow up."""
    random = np.random.default_rng(0)
    t = np.arange(160)
    return [10 + 4 * np.sin(t * np.pi / 3) + random.normal(size=160) - 5.9 * (random.random(160) < 0.1) + 6]


def test_validation_decides(make_panel, tiny, growth, skewed_down) -> None:
    assert chosen(make_panel(growth), tiny)
    low = [np.maximum(skewed_down[0] - 12, 1e-4 * (1 + np.arange(160) % 5))]
    assert not chosen(make_panel(low), tiny)


def test_what_the_user_says_comes_first(make_panel, tiny, growth) -> None:
    panel = make_panel(growth)
    for domain, log in (("real", False), ("nonnegative", False), ("positive", True)):
        assert chosen(panel, replace(tiny, domain=domain)) is log
    counts = make_panel([np.round(growth[0])])
    assert chosen(counts, replace(tiny, domain="count")) is False


@pytest.mark.parametrize("value", [0.0, -1.0])
@pytest.mark.parametrize("step", [3, 150])
def test_one_value_that_is_not_positive_rules_logarithms_out(make_panel, tiny, growth, value, step) -> None:
    growth[0][step] = value
    assert not chosen(make_panel(growth), tiny)


def test_values_after_the_end_do_not(make_panel, tiny, growth) -> None:
    panel = make_panel([np.concatenate([growth[0], [-5.0, 0.0, 1e9]])])
    cuts, ends = np.array([140]), np.array([160])
    judged = tail_rows(panel, cuts, ends)
    assert choose_log(panel, tiny, plan_geometry(4, 6, 140), cuts, judged)


@pytest.mark.parametrize(
    ("domain", "value", "words"),
    [
        ("positive", 0.0, 'goes down to 0, and domain "positive" takes values above 0 only'),
        ("nonnegative", -2.0, 'goes down to -2, and domain "nonnegative" takes no value below 0'),
        ("count", -2.0, 'goes down to -2, and domain "count" takes no value below 0'),
        ("count", 2.5, 'holds fractions, and domain "count" takes whole numbers; use "nonnegative"'),
    ],
)
def test_data_that_contradict_the_domain_are_an_error(make_panel, tiny, domain, value, words) -> None:
    y = np.arange(1.0, 101.0)
    y[50] = value
    with pytest.raises(DataError, match=f'"y" {words}'):
        chosen(make_panel([y]), replace(tiny, domain=domain))


def test_gaps_are_no_obstacle(make_panel, tiny, growth) -> None:
    growth[0][5:40:7] = np.nan
    growth[0][142:150] = np.nan
    assert chosen(make_panel(growth), tiny)
