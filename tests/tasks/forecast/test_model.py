from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recollect.data.panel import Panel
from recollect.tasks.forecast.fitting import fit_model
from recollect.tasks.forecast.model import Model, split_quantiles
from recollect.tasks.forecast.scaling import Scaling
from recollect.tasks.forecast.settings import Settings


@pytest.fixture
def fitted(make_panel, waves, tiny) -> tuple[Model, Panel]:
    panel = make_panel(waves)
    return fit_model(panel, replace(tiny, levels=(50.0, 80.0, 95.0), max_epochs=1), panel.ends, 6), panel


def test_quantiles_split_into_intervals_narrowest_first() -> None:
    quantiles = np.arange(5.0)[None, :, None] + np.array([0.0, 100.0])
    lower, upper = split_quantiles(quantiles)
    assert lower.tolist() == [[[1, 0], [101, 100]]] and upper.tolist() == [[[3, 4], [103, 104]]]


def test_intervals_are_nested_and_hold_their_point(fitted: tuple[Model, Panel]) -> None:
    model, panel = fitted
    found = model.ahead(panel)
    assert found.lower.shape == (3, 4, 3)
    assert (np.diff(found.lower, axis=2) <= 0).all() and (np.diff(found.upper, axis=2) >= 0).all()
    assert (found.lower[..., 0] <= found.point).all() and (found.point <= found.upper[..., 0]).all()
    assert (found.lower > 0).all(), "logarithms keep the sign"


def test_a_calibrated_interval_is_the_quantiles_and_the_correction_inverted(fitted: tuple[Model, Panel]) -> None:
    model, _ = fitted
    random = np.random.default_rng(0)
    z = np.sort(random.normal(size=(3, 7, 4)), axis=1) * 3
    spread = np.array([0.5, 1.0, 2.0])
    found = model.finish(model.scaling, z, spread, np.arange(3))
    lower, upper = split_quantiles(z)
    lower, upper = model.calibration.apply(lower, upper, spread, z[:, 3])
    for n in range(3):
        expected = np.exp(lower[n] * model.scaling.scale[n] + model.scaling.center[n])
        assert np.allclose(found.lower[n], expected, rtol=1e-12)
        assert np.allclose(found.point[n], np.exp(z[n, 3] * model.scaling.scale[n] + model.scaling.center[n]))


@pytest.mark.parametrize("domain", ["nonnegative", "count"])
def test_forecasts_stay_in_their_domain(make_panel, tiny: Settings, domain: str) -> None:
    random = np.random.default_rng(0)
    panel = make_panel([random.poisson(0.7, 120), random.poisson(30, 120)])
    model = fit_model(panel, replace(tiny, domain=domain, max_epochs=1), panel.ends, 1)
    z = np.sort(random.normal(size=(2, 5, 4)), axis=1) * 5
    found = model.finish(model.scaling, z, np.ones(2), np.arange(2))
    values = (found.point, found.lower, found.upper)
    assert all((v >= 0).all() for v in values) and any((v == 0).any() for v in values)
    assert (found.lower <= found.point[..., None]).all() and (found.point[..., None] <= found.upper).all()
    if domain == "count":
        assert all((v % 1 == 0).all() for v in values)


def test_series_in_another_order_or_number_keep_their_own_scales(
    fitted: tuple[Model, Panel], make_panel, waves
) -> None:
    model, panel = fitted
    swapped = make_panel([waves[2], waves[0]])
    swapped = replace(swapped, names=("s2", "s0"))
    scaling = model.aligned(swapped, swapped.ends)
    assert scaling.center.tolist() == model.scaling.center[[2, 0]].tolist()
    assert np.allclose(model.ahead(swapped).point, model.ahead(panel).point[[2, 0]], rtol=1e-5)


def test_a_series_not_seen_in_training_is_scaled_by_its_own_history(
    fitted: tuple[Model, Panel], make_panel, waves
) -> None:
    model, panel = fitted
    both = replace(make_panel([waves[0] * 1e5, waves[0]]), names=("new", "s0"))
    own = Scaling.learn(both, both.ends, 6, log=True)
    scaling = model.aligned(both, both.ends)
    assert scaling.center.tolist() == [own.center[0], model.scaling.center[0]]
    found = model.ahead(both).point
    assert np.allclose(found[0], 1e5 * found[1], rtol=0.02), "the same series in another unit"
    assert model.aligned(panel, panel.ends) is model.scaling, "and what was learnt stays as it was"
