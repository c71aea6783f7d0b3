"""Looking inside a forecaster: the inputs that it really reads, the season told from the rest, nothing changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from recollect import Forecaster
from recollect.core.errors import InputError
from recollect.data.panel import Panel
from recollect.report.remembered import sentences
from recollect.tasks.forecast.memory import Memory, look_inside
from recollect.tasks.forecast.memory_portrait import portrait


@pytest.fixture
def panel(make_panel: Callable[..., Panel], waves: list[NDArray[np.float64]]) -> Panel:
    return make_panel(waves)


@pytest.fixture
def forecaster(panel: Panel) -> Forecaster:
    return Forecaster(4, season=6, hidden_size=8, max_epochs=1, seed=3).fit_panel(panel)


@pytest.fixture
def memory(forecaster: Forecaster) -> Memory:
    return forecaster.memory(series="s1")


def test_it_watches_what_a_forecast_reads(forecaster: Forecaster, panel: Panel, memory: Memory) -> None:
    """The last S steps, from an empty memory, are those of ``predict``."""
    model, S = forecaster.model, forecaster.model.geometry.steps
    batch = model.windows(panel, panel.ends).batch(np.array([1]), panel.ends[[1]])
    network = model.networks[0]
    short = replace(model, geometry=replace(model.geometry, lookback=10**6))  # only the row of a forecast is read
    found = look_inside(short, panel, "s1")
    assert (len(found.recording), found.origins[-1]) == (S, panel.ends[1])
    with torch.no_grad():
        h, _ = network.lstm(network.inputs(batch).transpose(0, 1))
    assert found.recording["h"][:, -1, 0] == pytest.approx(h[:, 0].numpy(), abs=1e-6)
    g = model.geometry
    assert len(memory.recording) == 1 + (panel.ends[1] - g.window) // g.stride
    assert np.array_equal(np.diff(memory.origins), np.full(len(memory.origins) - 1, g.stride))


def test_the_season_is_told_as_a_regression_on_its_places_tells_it(memory: Memory) -> None:
    """The oracle is adjusted R^2 of a least-squares fit on one column for each place in the season."""
    c = memory.recording["c"][:, 0, 0].astype(float)
    T, P = len(c), memory.season // memory.stride
    design = np.eye(P)[memory.origins // memory.stride % P]
    fit = design @ np.linalg.lstsq(design, c, rcond=None)[0]
    share = 1 - ((c - fit) ** 2).sum(0) / ((c - c.mean(0)) ** 2).sum(0) * (T - 1) / (T - P)
    assert memory.seasonal is not None
    assert memory.seasonal[0] == pytest.approx(np.maximum(share, 0), abs=1e-6)
    assert memory.seasonal.max() > 0.5  # the series is a wave, and the window shows it


def test_nothing_is_said_of_a_season_that_is_none(panel: Panel) -> None:
    assert Forecaster(4, season=1, hidden_size=8, max_epochs=1).fit_panel(panel).memory().seasonal is None


def test_reach_stands_beside_layers_that_learnt_nothing(memory: Memory, forecaster: Forecaster) -> None:
    assert list(memory.reach) == ["this LSTM, trained", "an LSTM, untrained", "a plain RNN, untrained"]
    again = forecaster.memory(series="s1")
    for name, found in memory.reach.items():
        assert np.array_equal(found.norm, again.reach[name].norm), name
        assert (found.norm > 0).all()


def test_looking_changes_nothing(forecaster: Forecaster) -> None:
    weights = [value.clone() for value in forecaster.model.networks[0].state_dict().values()]
    before, random = forecaster.intervals().point, torch.get_rng_state()
    forecaster.memory()
    assert torch.equal(random, torch.get_rng_state())
    assert np.array_equal(before, forecaster.intervals().point)
    assert all(map(torch.equal, weights, forecaster.model.networks[0].state_dict().values()))


def test_series_are_named_and_the_longest_is_the_default(forecaster: Forecaster) -> None:
    assert forecaster.memory().series == "s2"
    with pytest.raises(InputError, match="no series 'x' among the 3 of the data: s0, s1, s2"):
        forecaster.memory(series="x")


def test_a_saved_model_remembers_as_the_one_that_was_saved(forecaster: Forecaster, tmp_path: Path) -> None:
    """From an empty memory a forecast's row before the end: less history is saved, and the row is all there."""
    forecaster.save(tmp_path)
    loaded = Forecaster.load(tmp_path)
    row = replace(forecaster.model.geometry, lookback=10**6)
    rows = (look_inside(replace(one.model, geometry=row), one.panel, "s1") for one in (forecaster, loaded))
    before, after = (one.recording["c"] for one in rows)
    assert np.array_equal(before, after)


def test_the_portrait_is_in_the_unit_of_the_series(memory: Memory) -> None:
    shown = portrait(memory)
    assert shown.name == "y of s1"
    assert (shown.what, shown.span, shown.season) == ("hour", memory.stride, 6)
    assert np.array_equal(shown.half_life[1], memory.stride * memory.half_life.median[0])
    assert shown.times[-1] == shown.series_times[-1]
    assert shown.series[-1] == memory.panel.history(1)[-1]
    assert shown.steps == len(memory.recording) and shown.warnings == memory.warnings
    assert np.array_equal(shown.reach["this LSTM, trained"], memory.reach["this LSTM, trained"].norm)
    said = " ".join(sentences(shown))
    assert "Of 8 units, the first quarter keep half of what they hold for" in said
    assert memory.seasonal is not None
    assert f"follow the season of 6 hours: {(memory.seasonal[0] >= 0.5).sum()} (most of all" in said


@pytest.mark.parametrize(
    "options",
    [{"num_layers": 2, "dropout": 0.3}, {"ensemble": 2}, {"lookback": 20}, {"domain": "positive"}, {"season": 1}],
    ids=lambda options: next(iter(options)),
)
def test_any_forecaster_can_be_watched(
    make_panel: Callable[..., Panel], waves: list[NDArray[np.float64]], options: dict[str, Any]
) -> None:
    """With gaps, covariates and series that begin at different times, too."""
    random = np.random.default_rng(0)
    known, past = ([random.normal(size=len(wave) + more) for wave in waves] for more in (4, 0))
    holes = [np.where(random.random(len(wave)) < 0.1, np.nan, wave) for wave in waves]
    panel = make_panel(holes, known=known, past=past, starts=[5, 0, 9], timed=False)
    forecaster = Forecaster(4, **{"season": 6, **options}, hidden_size=4, max_epochs=1).fit_panel(panel)
    memory = forecaster.memory(series="s0")
    T, L = len(memory.origins), options.get("num_layers", 1)
    assert memory.recording.shape == (T, L, 1, 4)
    assert memory.half_life.median.shape == (L, 4)
    shown = portrait(memory)
    assert sorted(shown.order) == [0, 1, 2, 3]
    assert np.array_equal(shown.values["c"], memory.recording["c"][:, -1, 0])
    assert shown.times[-1] == panel.starts[0] + panel.ends[0] - 1
