from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from torch import Tensor

from recollect.core.state import LSTMState
from recollect.tasks.forecast.covariates import Covariates
from recollect.tasks.forecast.data import Batch, Windows
from recollect.tasks.forecast.geometry import Geometry
from recollect.tasks.forecast.network import ForecastNetwork, pinball
from recollect.tasks.forecast.scaling import Scaling

GEOMETRY = Geometry(horizon=4, season=6, window=12, stride=2, steps=5, lags=(1, 6, 12))
QUANTILES = (0.025, 0.1, 0.5, 0.9, 0.975)


@pytest.fixture
def batch(make_panel, waves) -> Batch:
    for wave in waves:
        wave[30:33] = np.nan
    panel = make_panel(waves, known=[np.sqrt(w) for w in waves], past=[w**2 for w in waves])
    scaling = Scaling.learn(panel, panel.ends, 6, log=False)
    windows = Windows(panel, GEOMETRY, scaling, Covariates.learn(panel, panel.ends))
    series = np.arange(24) % 3
    return windows.batch(series, 25 + np.arange(24), panel.ends[series])


def network(*, wild: bool = True, masked: bool = True) -> ForecastNetwork:
    """A network with every weight at random: what it computes for any weights is what is tested."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        made = ForecastNetwork(
            GEOMETRY, QUANTILES, hidden_size=8, num_layers=2, dropout=0.2, covariates=(1, 1, 0), masked=masked
        )
        if wild:
            with torch.no_grad():
                for parameter in made.parameters():
                    parameter.copy_(torch.randn_like(parameter))
    return made.eval()


@torch.no_grad()
def test_quantiles_never_cross_whatever_the_weights(batch: Batch) -> None:
    found = network()(batch)
    assert found.shape == (24, 5, 5, 4)
    assert (found.diff(dim=2) >= 0).all() and (found.diff(dim=2) > 0).any()


@torch.no_grad()
def test_the_newborn_has_ordered_quantiles_and_no_missing_number(batch: Batch) -> None:
    found = network(wild=False)(batch)
    assert torch.isfinite(found).all() and (found.diff(dim=2) >= 0).all()


@torch.no_grad()
def test_an_origin_knows_nothing_of_later_ones(batch: Batch) -> None:
    """Forking: what stands at step s of a row is what a row that ends there would say."""
    made = network()
    whole = made(batch)
    constant = ("static", "groups")
    cut = replace(batch, **{f.name: getattr(batch, f.name)[:, :3] for f in fields(Batch) if f.name not in constant})
    assert torch.allclose(made(cut), whole[:, :3], atol=1e-5)


@torch.no_grad()
def test_steps_carry_what_a_row_carries(batch: Batch) -> None:
    made, constant = network(), ("static", "groups")
    whole = made(batch)
    state: LSTMState | None = None
    for s in range(GEOMETRY.steps):
        one = {f.name: getattr(batch, f.name)[:, s : s + 1] for f in fields(Batch) if f.name not in constant}
        found, state = made.step(replace(batch, **one), state)
        assert torch.allclose(found[:, 0], whole[:, s], atol=1e-4)


@torch.no_grad()
def test_rows_do_not_touch_each_other(batch: Batch) -> None:
    made = network()
    order = torch.randperm(24, generator=torch.Generator().manual_seed(1))
    shuffled = replace(batch, **{f.name: getattr(batch, f.name)[order] for f in fields(Batch)})
    assert torch.allclose(made(shuffled), made(batch)[order], atol=1e-5)


@torch.no_grad()
def test_a_gap_in_the_window_is_told_from_the_mean_only_if_masked(batch: Batch) -> None:
    holed = replace(batch, seen=torch.ones_like(batch.seen))
    gap = (batch.seen == 0).any(-1)
    assert gap.any()
    made = network()
    assert not torch.allclose(made(holed)[gap], made(batch)[gap])


@torch.no_grad()
def test_a_naive_forecast_that_does_not_exist_has_no_share(batch: Batch) -> None:
    closed = batch.closed.clone()
    closed[:, :, 1] = -1e4
    a, b = (replace(batch, closed=closed, naive=batch.naive.index_fill(2, torch.tensor(1), v)) for v in (0.0, 1e3))
    made = network()
    assert torch.equal(made(a), made(b))


class TestPinball:
    def plain(self, forecast: Tensor, target: Tensor, weight: Tensor, quantiles: Tensor) -> Tensor:
        error = target[:, :, None] - forecast
        loss = torch.maximum(quantiles[:, None] * error, (quantiles[:, None] - 1) * error)
        return (loss * weight[:, :, None]).sum() / weight.sum()

    def tensors(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        generator = torch.Generator().manual_seed(0)
        forecast = torch.randn(3, 2, 5, 4, generator=generator, dtype=torch.float64, requires_grad=True)
        target = torch.randn(3, 2, 4, generator=generator, dtype=torch.float64)
        weight = torch.rand(3, 2, 4, generator=generator, dtype=torch.float64)
        weight[0, 1] = 0
        return forecast, target, weight, torch.tensor(QUANTILES, dtype=torch.float64)

    def test_a_hand_worked_case(self) -> None:
        forecast, target = torch.tensor([[[[1.0], [3.0]]]]), torch.tensor([[[2.0]]])
        loss = pinball(forecast, target, torch.ones(1, 1, 1), torch.tensor([0.1, 0.9]))
        assert float(loss) == pytest.approx(0.1 * 1 + 0.1 * 1)

    def test_value_and_gradient_are_those_of_the_definition(self) -> None:
        forecast, target, weight, quantiles = self.tensors()
        mine, plain = (f(forecast, target, weight, quantiles) for f in (pinball, self.plain))
        assert torch.allclose(mine, plain)
        (a,), (b,) = (torch.autograd.grad(3 * loss, forecast) for loss in (mine, plain))
        assert torch.allclose(a, b)

    def test_what_has_no_weight_does_not_act(self) -> None:
        forecast, target, weight, quantiles = self.tensors()
        other = torch.where(weight == 0, 1e6, target)
        loss, changed = (pinball(forecast, t, weight, quantiles) for t in (target, other))
        assert torch.equal(loss, changed)
        assert all(
            torch.equal(a, b)
            for a, b in zip(torch.autograd.grad(loss, forecast), torch.autograd.grad(changed, forecast), strict=True)
        )

    def test_nothing_seen_is_no_loss(self) -> None:
        forecast, target, weight, quantiles = self.tensors()
        assert float(pinball(forecast.detach(), target, 0 * weight, quantiles)) == 0
