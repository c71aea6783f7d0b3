from __future__ import annotations

import numpy as np
import torch

from recollect.tasks.forecast.covariates import Covariates
from recollect.tasks.forecast.data import Rows, Windows
from recollect.tasks.forecast.geometry import Geometry
from recollect.tasks.forecast.learning import Draws, quantiles_at, tail_rows
from recollect.tasks.forecast.network import ForecastNetwork
from recollect.tasks.forecast.scaling import Scaling

GEOMETRY = Geometry(horizon=4, season=6, window=12, stride=2, steps=5, lags=(1, 6))


def windows_of(panel, cuts) -> Windows:
    scaling = Scaling.learn(panel, cuts, 6, log=False)
    return Windows(panel, GEOMETRY, scaling, Covariates.learn(panel, cuts))


class TestTailRows:
    def test_origins_lie_in_the_tail_and_begin_at_the_cut(self, make_panel, waves) -> None:
        panel = make_panel(waves)
        cuts, ends = panel.ends - [10, 0, 30], panel.ends - [2, 0, 0]
        rows = tail_rows(panel, cuts, ends, most=12)
        assert set(rows.series) == {0, 2}, "a series without a tail is not judged"
        for n in (0, 2):
            origins = rows.origins[rows.series == n]
            assert origins[0] == cuts[n] and (origins < ends[n]).all() and (np.diff(origins) > 0).all()
            assert (rows.limits[rows.series == n] == ends[n]).all()

    def test_few_of_many_series_are_taken_evenly(self, make_panel) -> None:
        panel = make_panel([np.arange(8.0)] * 100)
        rows = tail_rows(panel, panel.ends - 3, panel.ends, most=10)
        assert len(rows) <= 10 and np.ptp(rows.series) >= 80


class TestDraws:
    def test_every_target_lies_before_the_cut(self, make_panel, waves) -> None:
        panel = make_panel(waves)
        cuts = panel.ends - [20, 69, 40]
        poisoned = panel.target.copy()
        for n in range(3):
            poisoned[panel.offsets[n] + cuts[n] : panel.offsets[n + 1]] = 1e30
        scaling = Scaling.learn(panel, cuts, 6, log=False)
        learnt = Covariates.learn(panel, cuts)
        clean, dirty = panel, panel.__class__(**(panel.__dict__ | {"target": poisoned}))
        batches = [
            list(Draws(Windows(p, GEOMETRY, scaling, learnt), cuts, count=5, size=64, seed=2)) for p in (clean, dirty)
        ]
        for a, b in zip(*batches, strict=True):
            assert all(torch.equal(getattr(a, k), getattr(b, k)) for k in ("window", "naive", "target", "weight"))
            assert (a.weight > 0).any()

    def test_asking_again_gives_the_same_rows_and_another_seed_others(self, make_panel, waves) -> None:
        panel = make_panel(waves)
        windows = windows_of(panel, panel.ends)
        draws = Draws(windows, panel.ends, count=3, size=8, seed=5)
        assert len(draws) == 3
        first, again = list(draws), list(draws)
        assert all(torch.equal(a.window, b.window) for a, b in zip(first, again, strict=True))
        assert not torch.equal(first[0].window, first[1].window)
        other = next(iter(Draws(windows, panel.ends, count=1, size=8, seed=6)))
        assert not torch.equal(first[0].window, other.window)

    def test_a_series_too_short_to_learn_from_is_never_drawn(self, make_panel, waves) -> None:
        panel = make_panel([waves[0], [1e9]])
        windows = windows_of(panel, panel.ends)
        for batch in Draws(windows, panel.ends, count=4, size=64, seed=0):
            assert (batch.level.abs() < 1e6).all()


@torch.no_grad()
def test_quantiles_at_is_the_mean_over_members_brought_back_to_z(make_panel, waves) -> None:
    panel = make_panel(waves)
    windows = windows_of(panel, panel.ends)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        members = [ForecastNetwork(GEOMETRY, (0.1, 0.5, 0.9), hidden_size=8, num_layers=1, dropout=0.0) for _ in "ab"]
    members = [m.eval() for m in members]
    # More rows than go through the network at once.
    rows = Rows(np.arange(600) % 3, 20 + np.arange(600) % 40, np.zeros(600, np.int64))
    found, level, spread = quantiles_at(members, windows, rows)
    assert found.shape == (600, 3, 4)
    for i in (0, 255, 256, 599):
        batch = windows.batch(rows.series[i : i + 1], rows.origins[i : i + 1])
        mean = (members[0](batch)[0, -1] + members[1](batch)[0, -1]) / 2
        assert np.allclose(found[i], mean.numpy() * spread[i] + level[i], rtol=1e-5, atol=1e-6)
        assert (level[i], spread[i]) == (float(batch.level[0, -1, 0]), float(batch.spread[0, -1, 0]))
