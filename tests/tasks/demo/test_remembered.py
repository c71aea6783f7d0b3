"""Looking inside the demo's model."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from recollect.memory import Inside, reach
from recollect.report.portrait import Portrait
from recollect.tasks.demo.artifact import save_model
from recollect.tasks.demo.data import Series, make
from recollect.tasks.demo.estimator import Learner
from recollect.tasks.demo.remembered import remembered


@pytest.fixture(scope="module")
def series() -> Series:
    return make("sine", 0)


@pytest.fixture(scope="module")
def learner(series: Series) -> Learner:
    return Learner(hidden_size=6, epochs=2).fit(series.values)


@pytest.fixture(scope="module")
def inside(learner: Learner, series: Series) -> Inside:
    return learner.memory(series)


def test_it_reads_the_series_from_end_to_end(learner: Learner, series: Series, inside: Inside) -> None:
    x = torch.tensor(series.values, dtype=torch.float32)[:, None, None]
    with torch.no_grad():
        expected = learner.network.lstm.trace(x).c
    np.testing.assert_allclose(inside.recording["c"], expected, atol=1e-6)


def test_a_wave_that_is_no_whole_number_long_is_a_season_all_the_same(series: Series, inside: Inside) -> None:
    """Places by whole seasons of 23 would drift through the wave of 23.27 and find nothing."""
    assert inside.seasonal is not None and inside.seasonal.max() > 0.9


def test_the_plain_rnn_beside_it_was_trained_alike(learner: Learner, series: Series, inside: Inside) -> None:
    twin = Learner(hidden_size=6, epochs=2, cell="rnn").fit(series.values)
    assert twin.network.lstm.cell == "rnn" and twin.record.losses != learner.record.losses
    x = series.values.astype(np.float32)[:, None]
    found = reach(twin.network.lstm, x, steps=60).norm
    assert np.array_equal(inside.reach["a plain RNN, trained alike"].norm, found)


@pytest.fixture(scope="module")
def portrait(learner: Learner, series: Series, tmp_path_factory: pytest.TempPathFactory) -> Portrait:
    folder = tmp_path_factory.mktemp("models") / "model"
    save_model(learner, series, folder)
    return remembered(folder)


def test_the_portrait_shows_the_newest_points(portrait: Portrait, series: Series, inside: Inside) -> None:
    assert (portrait.times[0], portrait.times[-1], len(portrait.series)) == (760, 999, 240)
    assert np.array_equal(portrait.series, series.values[760:])
    assert np.array_equal(portrait.values["f"], inside.recording["f"][760:, 0, 0])
    assert portrait.season == pytest.approx(23.27, abs=0.01)
    assert portrait.lasting(portrait.season) == "23 steps"


def test_the_film_names_its_moments(portrait: Portrait, learner: Learner) -> None:
    assert portrait.film is not None
    assert portrait.film.at == ("untrained", "epoch 1", "epoch 2", f"kept, epoch {learner.record.best_epoch}")
    assert portrait.film.f.shape == (4, 50, 6)
