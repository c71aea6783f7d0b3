"""The laws that make a score believable: nothing leaks back in time, every horizon sees the newest value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from recollect.data.panel import Panel
from recollect.tasks.forecast.backtest import backtest_panel
from recollect.tasks.forecast.data import Rows
from recollect.tasks.forecast.fitting import fit_model
from recollect.tasks.forecast.model import Model
from recollect.tasks.forecast.results import Backtest, Intervals
from recollect.tasks.forecast.settings import Settings

Floats = NDArray[np.float64]
STRIDE, FOLDS = 3, 3
CHANGES: dict[str, Callable[[Floats], Floats]] = {
    "another value": lambda y: y * 1.37,
    "a huge value": lambda y: y * 1e6,
    "a negative value": lambda y: -y,
    "zero": lambda y: 0 * y,
    "a missing value": lambda y: y * np.nan,
}


def same(a: Intervals, b: Intervals, rows: NDArray[np.bool_]) -> bool:
    return all(np.array_equal(getattr(a, k)[rows], getattr(b, k)[rows]) for k in ("point", "lower", "upper"))


def changed(panel: Panel, series: int, step: int, change: Callable[[Floats], Floats], column: str = "target") -> Panel:
    values = getattr(panel, column).copy()
    place = panel.offsets[series] + step
    values[place] = change(values[place])
    return replace(panel, **{column: values})


def rolled(panel: Panel, settings: Settings, *, refit: bool = False, season: int | None = 6) -> Backtest:
    return backtest_panel(panel, settings, season, folds=FOLDS, stride=STRIDE, refit=refit)


def before(test: Backtest, series: int, step: int) -> NDArray[np.bool_]:
    """The rows whose origin lies at or before ``step`` of ``series``: they must not have seen it."""
    panel = test.panel
    if panel.schema.time:
        return panel.starts[test.series] + test.origins <= panel.starts[series] + step
    first = test.origins == np.array([test.origins[test.series == n].min() for n in test.series])
    return np.where(test.series == series, test.origins <= step, first)


def test_the_series_below_are_had_in_logarithms(make_panel, waves, tiny) -> None:
    panel = make_panel(waves)
    assert fit_model(panel, replace(tiny, max_epochs=1), panel.ends, 6).scaling.log, "else a law below proves less"


class TestNothingLeaksBack:
    """A panel of three series that begin and end at different times, cut at three origins."""

    @pytest.mark.parametrize("what", CHANGES)
    @pytest.mark.parametrize("domain", ["auto", "real"])
    def test_a_value_after_an_origin_is_not_seen_at_it(self, make_panel, waves, tiny, what: str, domain: str) -> None:
        panel = make_panel(waves, starts=[20, 30, 0])
        settings = replace(tiny, domain=domain)
        clean = rolled(panel, settings)
        origin = int(clean.origins[clean.series == 0].min())
        for step in (origin, origin + STRIDE, 88):
            other = rolled(changed(panel, 0, step, CHANGES[what]), settings)
            rows = before(clean, 0, step)
            assert rows.any()
            assert same(clean.ours, other.ours, rows), f"step {step} was seen at {clean.origins[rows]}"
            assert not np.array_equal(clean.actual, other.actual, equal_nan=True)

    def test_nor_is_it_when_each_fold_trains_anew(self, make_panel, waves, tiny) -> None:
        panel = make_panel(waves, starts=[20, 30, 0])
        settings = replace(tiny, max_epochs=1)
        clean = rolled(panel, settings, refit=True)
        for series, step in ((0, 84), (2, 104)):
            rows = before(clean, series, step)
            other = rolled(changed(panel, series, step, CHANGES["a negative value"]), settings, refit=True)
            assert rows.any() and not rows.all()
            assert same(clean.ours, other.ours, rows)
            assert not same(clean.ours, other.ours, ~rows), "later folds must learn from it"

    def test_nor_is_it_where_rows_are_mere_steps(self, make_panel, waves, tiny) -> None:
        panel = make_panel(waves, timed=False)
        clean = rolled(panel, tiny)
        step = int(clean.origins[clean.series == 1].min()) + 1
        other = rolled(changed(panel, 1, step, CHANGES["a huge value"]), tiny)
        assert same(clean.ours, other.ours, before(clean, 1, step))

    def test_nor_is_everything_after_the_first_origin(self, make_panel, waves, tiny) -> None:
        """Season, transform, scales, early stopping and calibration: all of it at once, with the season inferred."""
        panel = make_panel(waves, starts=[20, 30, 0])
        settings = replace(tiny, season=None, ensemble=2)
        clean = rolled(panel, settings, season=None)
        first = int((panel.starts[clean.series] + clean.origins).min())
        step = np.arange(len(panel.target)) + np.repeat(panel.starts - panel.offsets[:-1], np.diff(panel.offsets))
        noise = np.random.default_rng(0).normal(size=len(step))
        other = rolled(replace(panel, target=np.where(step < first, panel.target, noise)), settings, season=None)
        rows = panel.starts[clean.series] + clean.origins == first
        assert rows.sum() >= 2
        assert same(clean.ours, other.ours, rows)

    @pytest.mark.parametrize("timed", [True, False])
    def test_nor_is_it_by_the_calibration_of_intervals(self, make_panel, waves, tiny, timed: bool) -> None:
        """More origins, a step apart, so that truths come in at every one of them."""
        panel = make_panel(waves, timed=timed, starts=[20, 30, 0] if timed else None)
        settings = replace(tiny, domain="real", max_epochs=1)
        clean = backtest_panel(panel, settings, 6, folds=12, stride=1)
        for series, back in ((0, 9), (2, 8)):
            step = int(panel.ends[series]) - back
            wild = changed(panel, series, step, CHANGES["a huge value"])
            other = backtest_panel(wild, settings, 6, folds=12, stride=1)
            rows = before(clean, series, step)
            assert rows.sum() > 3 and same(clean.ours, other.ours, rows)
            others = (clean.series != series) & ~rows
            assert np.array_equal(clean.ours.point[others], other.ours.point[others])
            assert not np.array_equal(clean.ours.upper[others], other.ours.upper[others]), "then it counts, for all"

    def test_nor_is_a_past_covariate(self, make_panel, waves, tiny) -> None:
        panel = make_panel(waves, past=[w**0.5 for w in waves], known=[np.sqrt(w) for w in waves], starts=[20, 30, 0])
        clean = rolled(panel, tiny)
        origin = int(clean.origins[clean.series == 2].min())
        for what in ("a huge value", "a missing value"):
            other = rolled(changed(panel, 2, origin, CHANGES[what], "past"), tiny)
            rows = before(clean, 2, origin)
            assert same(clean.ours, other.ours, rows)
            assert not same(clean.ours, other.ours, ~rows)

    def test_a_known_covariate_is_seen_ahead_but_not_beyond_the_horizon(self, make_panel, waves, tiny) -> None:
        panel = make_panel(waves, known=[np.sqrt(w) for w in waves], starts=[20, 30, 0])
        clean = rolled(panel, tiny)
        for origin in np.unique(clean.origins[clean.series == 2])[:2]:
            step = int(origin) + tiny.horizon
            other = rolled(changed(panel, 2, step, CHANGES["another value"], "known"), tiny)
            far = panel.starts[clean.series] + clean.origins <= origin
            near = (clean.series == 2) & (clean.origins == origin + STRIDE)
            assert same(clean.ours, other.ours, far)
            assert not same(clean.ours, other.ours, near), "one that is known ahead must be used"


@pytest.fixture
def fitted(make_panel, waves, tiny) -> tuple[Model, Panel]:
    panel = make_panel(waves)
    return fit_model(panel, replace(tiny, domain="real"), panel.ends, 6), panel


def newest(model: Model, panel: Panel) -> Intervals:
    rows = Rows(np.arange(len(panel)), panel.ends, panel.ends)
    return model.forecast(model.windows(panel, panel.ends), rows)


class TestTheNewestValueIsSeen:
    @pytest.mark.parametrize("series", range(3))
    def test_at_every_horizon_and_quantile(self, fitted: tuple[Model, Panel], series: int) -> None:
        model, panel = fitted
        clean = newest(model, panel)
        other = newest(model, changed(panel, series, int(panel.ends[series]) - 1, CHANGES["another value"]))
        for name in ("point", "lower", "upper"):
            a, b = getattr(clean, name), getattr(other, name)
            assert (a[series] != b[series]).all(), name
            rest = np.arange(len(panel)) != series
            assert np.array_equal(a[rest], b[rest])

    def test_that_it_is_missing_is_seen_too(self, fitted: tuple[Model, Panel]) -> None:
        model, panel = fitted
        other = newest(model, changed(panel, 0, 89, CHANGES["a missing value"]))
        assert np.isfinite(other.point).all()
        assert (newest(model, panel).point[0] != other.point[0]).all()


class TestTheSameSeed:
    def bits(self, model: Model, panel: Panel) -> list[Floats]:
        weights = [value.numpy() for network in model.networks for value in network.state_dict().values()]
        found = newest(model, panel)
        return [*weights, model.calibration.correction, found.point, found.lower, found.upper]

    def test_gives_the_same_bits_whatever_the_global_generators_hold(self, make_panel, waves, tiny) -> None:
        panel, settings = make_panel(waves), replace(tiny, ensemble=2, num_layers=2)
        runs: list[Sequence[Floats]] = []
        for state in (1, 99):
            torch.manual_seed(state)
            np.random.seed(state)
            kept = torch.get_rng_state(), np.random.get_state()[1].copy()
            runs.append(self.bits(fit_model(panel, settings, panel.ends, 6), panel))
            assert torch.equal(torch.get_rng_state(), kept[0]), "the caller's generator is left as it was"
            assert np.array_equal(np.random.get_state()[1], kept[1])
        assert all(np.array_equal(a, b) for a, b in zip(*runs, strict=True))

    def test_and_another_seed_gives_others(self, make_panel, waves, tiny) -> None:
        panel = make_panel(waves)
        a, b = (fit_model(panel, replace(tiny, seed=s, max_epochs=1), panel.ends, 6) for s in (0, 1))
        assert not np.array_equal(newest(a, panel).point, newest(b, panel).point)
        members = fit_model(panel, replace(tiny, ensemble=2, max_epochs=1), panel.ends, 6).networks
        assert not torch.equal(members[0].head.weight, members[1].head.weight)
