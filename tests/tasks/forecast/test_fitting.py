from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recollect.core.errors import DataError, InputError
from recollect.tasks.forecast.fitting import fit_model, tail_lengths
from recollect.train.progress import Silent


@pytest.mark.parametrize(
    ("end", "horizon", "validation", "tail"),
    [
        (900, 10, None, 90),  # a tenth
        (900, 200, None, 200),  # the horizon
        (900, 500, None, 300),  # at most a third
        (2, 5, None, 0),
        (900, 10, 50, 50),  # what the user says
        (30, 10, 50, 30),
        (0, 10, None, 0),
    ],
)
def test_the_tail_is_a_tenth_or_the_horizon_and_at_most_a_third(end, horizon, validation, tail) -> None:
    assert tail_lengths(np.array([end]), horizon, validation).tolist() == [tail]


def test_a_very_long_series_does_not_give_up_a_tenth() -> None:
    assert tail_lengths(np.array([5_000_000]), 48, None)[0] < 50_000


def test_series_too_short_for_any_learning_are_an_error(make_panel, tiny) -> None:
    panel = make_panel([[1.0, 2.0, 3.0]])
    with pytest.raises(DataError, match="the longest series has 0 steps of history, too few"):
        fit_model(panel, tiny, np.array([0]), 1)


@pytest.mark.parametrize(("values", "validation"), [([1.0, 2.0], None), ([1.0, 3.0, 2.0, 4.0, 5.0, 6.0, 7.0, 9.0], 0)])
def test_so_is_a_tail_without_a_step(make_panel, tiny, values: list[float], validation: int | None) -> None:
    panel = make_panel([values])
    with pytest.raises(InputError):
        fit_model(panel, tiny, panel.ends, 1, validation=validation)


def test_three_in_ten_missing_train_without_a_missing_number(make_panel, tiny, waves) -> None:
    random = np.random.default_rng(1)
    for wave in waves:
        hole = random.random(len(wave)) < 0.3
        hole[[0, -1]] = False
        wave[hole] = np.nan
    waves[1][20:45] = np.nan  # and a run longer than the window
    panel = make_panel(waves, past=[w + 1 for w in waves])
    model = fit_model(panel, tiny, panel.ends, 6)
    assert model.masked
    assert np.isfinite(model.records[0].losses).all()
    found = model.ahead(panel)
    assert all(np.isfinite(v).all() for v in (found.point, found.lower, found.upper))


def test_a_series_that_begins_after_the_end_teaches_nothing_and_is_forecast_by_its_own_history(
    make_panel, tiny, waves
) -> None:
    panel = make_panel(waves)
    ends, settings = np.array([90, 0, 110]), replace(tiny, max_epochs=1, domain="real")
    model = fit_model(panel, settings, ends, 6)
    late = slice(panel.offsets[1], panel.offsets[2])
    target = panel.target.copy()
    target[late] = target[late][::-1]
    other = fit_model(replace(panel, target=target), settings, ends, 6)
    assert np.array_equal(model.ahead(panel).point, other.ahead(panel).point)
    assert np.isfinite(model.ahead(panel).point).all()


def test_what_was_chosen_is_told(make_panel, tiny, waves) -> None:
    labels: list[str] = []

    def watch(label: str) -> Silent:
        labels.append(label)
        return Silent()

    panel = make_panel(waves)
    model = fit_model(panel, replace(tiny, ensemble=2, max_epochs=1), panel.ends, 6, progress=watch)
    assert len(labels) == len(model.networks) == len(model.records) == 2
    assert len(set(labels)) == 2, "members can be told apart"
    assert model.geometry.season == 6 and model.names == panel.names and not model.masked


def test_time_is_shared_by_the_members(make_panel, tiny, waves) -> None:
    panel = make_panel(waves)
    model = fit_model(panel, replace(tiny, ensemble=2, max_epochs=10_000, max_time=0.6), panel.ends, 6)
    assert all(record.stopped == "time" and record.epochs < 10_000 for record in model.records)
