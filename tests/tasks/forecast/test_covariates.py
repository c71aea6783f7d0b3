from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from recollect.tasks.forecast.covariates import Covariates
from recollect.tasks.forecast.geometry import Geometry

GEOMETRY = Geometry(horizon=3, season=1, window=2, stride=2, steps=1, lags=(1,))


def gathered(panel, covariates: Covariates, series: list[int], places: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
    tensors = covariates.tensors(panel)
    first = torch.from_numpy(panel.offsets[series])[:, None]
    rows = torch.from_numpy(np.diff(panel.offsets)[series])[:, None]
    return tensors.gather(first, rows, torch.tensor(places)[:, None], GEOMETRY)


def test_moments_come_from_before_the_cut_and_from_what_is_there(make_panel) -> None:
    panel = make_panel(
        [[1.0] * 4, [1.0] * 3], known=[[1.0, np.nan, 3.0, 99.0], [5.0, 99.0, 99.0]], past=[[2.0] * 4, [2.0] * 3]
    )
    learnt = Covariates.learn(panel, np.array([3, 1]))
    assert learnt.known[0].tolist() == [3.0] and np.allclose(learnt.known[1], np.std([1, 3, 5]))
    assert learnt.past[1].tolist() == [1.0], "a constant column is not divided by 0"
    assert learnt.counts == (1, 1, 0)
    later = replace(panel, known=np.where(panel.known == 99.0, -1e6, panel.known))
    assert Covariates.learn(later, np.array([3, 1])).known[0].tolist() == [3.0]


def test_an_origin_sees_its_newest_patch_and_what_is_known_of_its_horizon(make_panel) -> None:
    """Steps 0 to 7 of the second series carry their own number; the first must not be touched."""
    numbers = np.arange(8.0)
    panel = make_panel(
        [np.full(5, -50.0), numbers], known=[np.full(5, -50.0), numbers], past=[np.full(5, 90.0), 10 + numbers]
    )
    plain = Covariates(*((np.zeros(c), np.ones(c)) for c in (1, 1, 0)))
    patch, ahead = gathered(panel, plain, [1], [4])
    assert patch[0, 0].tolist() == [2, 0, 3, 0, 12, 0, 13, 0], (
        "value and mark of absence, step by step, known then past"
    )
    assert ahead[0, 0].tolist() == [[4, 0], [5, 0], [6, 0]]


def test_what_lies_outside_a_series_or_is_missing_is_marked_absent(make_panel) -> None:
    panel = make_panel([[1.0, 1.0], [1.0, 1.0, 1.0]], known=[[7.0, np.nan], [8.0, 8.0, 8.0]])
    plain = Covariates(*((np.zeros(c), np.ones(c)) for c in (1, 0, 0)))
    patch, ahead = gathered(panel, plain, [0], [1])
    assert patch[0, 0].tolist() == [0, 1, 7, 0], "nothing before the series"
    assert ahead[0, 0].tolist() == [[0, 1], [0, 1], [0, 1]], "a missing one, then past the end: not the next series'"


def test_without_covariates_there_is_nothing_to_gather(make_panel) -> None:
    panel = make_panel([[1.0, 2.0, 3.0]])
    patch, ahead = gathered(panel, Covariates.learn(panel, panel.ends), [0], [2])
    assert patch.shape == (1, 1, 0) and ahead.shape == (1, 1, 3, 0)


def test_static_numbers_are_standardised_over_series(make_panel) -> None:
    panel = replace(make_panel([[1.0], [1.0], [1.0]]), static=np.array([[1.0], [np.nan], [3.0]]))
    tensors = Covariates.learn(panel, panel.ends).tensors(panel)
    assert tensors.static.tolist() == [[-1, 0], [0, 1], [1, 0]]
