from __future__ import annotations

import pytest
import torch
from torch import Tensor

from recollect.tasks.forecast.birth import give_birth, settle
from recollect.tasks.forecast.data import Batch
from recollect.tasks.forecast.geometry import Geometry
from recollect.tasks.forecast.network import ForecastNetwork

GEOMETRY = Geometry(horizon=2, season=2, window=3, stride=1, steps=1, lags=(1, 2))


def network() -> ForecastNetwork:
    return ForecastNetwork(GEOMETRY, (0.1, 0.5, 0.9), hidden_size=4, num_layers=1, dropout=0.0).eval()


def batch(window: Tensor, naive: Tensor, target: Tensor) -> Batch:
    """Rows of one origin each: window [B, 3], naive [B, 2, 2], target [B, 2]."""
    rows = len(window)
    one, none = torch.ones(rows, 1, 1), torch.zeros(rows, 0)
    return Batch(
        window[:, None], torch.ones(rows, 1, 3), naive[:, None], torch.zeros(rows, 1, 2, 2), one, one,
        torch.zeros(rows, 1, 0), torch.zeros(rows, 1, 2, 0), none, none.long(), target[:, None], torch.ones(rows, 1, 2),
    )  # fmt: skip


def draw(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(len(shape)))


def test_the_naive_forecast_that_is_right_gets_the_share() -> None:
    target = draw(400, 2)
    naive = torch.stack([target + 1.0, target + 1e-4], 1)
    made, rows = network(), batch(torch.zeros(400, 3), naive, target)
    give_birth(made, [rows], [rows])
    assert (torch.softmax(made.born_mix, 0)[1] > 0.99).all()
    assert not made.born_weight.any(), "nothing is left for a regression"


def test_what_the_mixture_leaves_is_regressed_on_the_window() -> None:
    window, matrix = draw(400, 3), torch.tensor([[1.0, -2.0], [0.5, 0.0], [0.0, 3.0]])
    target = window @ matrix + 0.25
    made, rows = network(), batch(window, torch.zeros(400, 2, 2), target)
    give_birth(made, [rows], [rows])
    assert torch.allclose(made.born_weight, matrix.T, atol=0.02)
    assert torch.allclose(made.newborn(rows)[:, 0], target, atol=0.05)


def test_noise_is_not_regressed() -> None:
    made, rows = network(), batch(draw(400, 3), torch.zeros(400, 2, 2), draw(400, 2))
    other = batch(draw(300, 3), torch.zeros(300, 2, 2), draw(300, 2))
    give_birth(made, [rows], [other])
    assert not made.born_weight.any()


@pytest.mark.parametrize(
    ("regression", "saved", "trust"),
    [(True, 0.0, 0.5), (True, 0.1, 1.0), (True, -0.1, 0.0), (False, 0.0, 0.0), (False, 0.025, 0.5), (False, 0.1, 1.0)],
)
def test_trust_follows_what_training_saved(regression: bool, saved: float, trust: float) -> None:
    # Targets are 1 and the newborn says 0, as windows are 0; training says what it saves of that error.
    made, rows = network(), batch(torch.zeros(5, 3), torch.zeros(5, 2, 2), torch.ones(5, 2))
    with torch.no_grad():
        made.linear.bias.fill_(saved)
        made.born_weight.fill_(1.0 if regression else 0.0)
    settle(made, [rows])
    assert float(made.trust) == pytest.approx(trust, abs=1e-6)
