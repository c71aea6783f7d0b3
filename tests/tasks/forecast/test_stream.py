"""A stream against what it must equal: a longer row, one go, and a fresh start."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
import torch
from numpy.typing import NDArray

from recollect.core.errors import DataError
from recollect.data.panel import Panel
from recollect.tasks.forecast.data import Windows
from recollect.tasks.forecast.estimator import Forecaster
from recollect.tasks.forecast.fitting import fit_model
from recollect.tasks.forecast.model import Model
from recollect.tasks.forecast.results import Intervals
from recollect.tasks.forecast.settings import Settings
from recollect.tasks.forecast.stream import Stream

Floats = NDArray[np.float64]
SEASON = 24


@pytest.fixture(scope="module")
def long_waves() -> list[Floats]:
    """Days of hours, so that the stride is more than one step."""
    random = np.random.default_rng(3)
    hours = np.arange(420) * 2 * np.pi / SEASON
    return [s * (2 + np.sin(hours[:n]) + 0.2 * random.normal(size=n)) for n, s in ((420, 1.0), (300, 50.0))]


@pytest.fixture
def streamed(make_panel, long_waves: list[Floats]) -> tuple[Model, Panel]:
    panel = make_panel([w[:-60] for w in long_waves], past=[np.cos(w[:-60]) for w in long_waves])
    settings = Settings(horizon=8, season=SEASON, hidden_size=8, num_layers=2, max_epochs=1, ensemble=2, domain="real")
    model = fit_model(panel, settings, panel.ends, SEASON)
    assert model.geometry.stride > 1, "else the phases are not tested"
    return model, panel


def piece(panel: Panel, whole: list[Floats], counts: list[int], make_panel) -> Panel:
    """The rows that follow ``panel``, some of each series."""
    have = panel.starts + panel.ends
    values = [w[h : h + c] for w, h, c in zip(whole, have, counts, strict=True)]
    made = make_panel(values, past=[np.cos(v) for v in values], starts=have.tolist())
    keep = [n for n, count in enumerate(counts) if count]
    return replace(
        made,
        names=tuple(made.names[n] for n in keep),
        starts=made.starts[keep],
        ends=made.ends[keep],
        offsets=np.concatenate([[0], np.cumsum(made.ends[keep])]),
        static=made.static[keep],
        groups=made.groups[keep],
    )


def flat(intervals: Intervals) -> Iterator[Floats]:
    return iter((intervals.point, intervals.lower, intervals.upper))


def close(a: Intervals, b: Intervals) -> bool:
    return all(np.allclose(x, y, rtol=2e-5, atol=1e-5) for x, y in zip(flat(a), flat(b), strict=True))


def test_a_new_stream_says_what_the_model_says(streamed: tuple[Model, Panel]) -> None:
    model, panel = streamed
    assert close(Stream(model, panel).forecast(), model.ahead(panel))


def test_one_at_a_time_is_all_at_once(streamed: tuple[Model, Panel], make_panel, long_waves) -> None:
    model, panel = streamed
    slow, fast = Stream(model, panel), Stream(model, panel)
    fast.update(piece(panel, long_waves, [30, 30], make_panel))
    for _ in range(30):
        slow.update(piece(slow.panel, long_waves, [1, 1], make_panel))
    assert close(slow.forecast(), fast.forecast())


@torch.no_grad()
def test_a_stream_is_a_longer_row(streamed: tuple[Model, Panel], make_panel, long_waves) -> None:
    model, panel = streamed
    g, strides = model.geometry, 3
    count = strides * g.stride
    stream = Stream(model, panel)
    stream.update(piece(panel, long_waves, [count, count], make_panel))
    whole = [w[: len(w) - 60 + count] for w in long_waves]
    longer = make_panel(whole, past=[np.cos(w) for w in whole])
    windows = Windows(longer, replace(g, steps=g.steps + strides), model.scaling, model.covariates)
    batch = windows.batch(np.arange(2), longer.ends)
    level, spread = batch.level[:, -1].double(), batch.spread[:, -1].double()
    z = torch.stack([network(batch)[:, -1].double() for network in model.networks]).mean(0)
    z = z * spread[..., None] + level[..., None]
    assert np.allclose(stream.quantiles, z.numpy(), rtol=1e-5, atol=2e-6)
    expected = model.finish(model.scaling, z.numpy(), spread[:, 0].numpy(), np.arange(2))
    assert close(stream.forecast(), expected)
    assert not close(stream.forecast(), model.ahead(longer)), "the carried state must matter, or this proves nothing"


def test_series_may_arrive_unevenly(streamed: tuple[Model, Panel], make_panel, long_waves) -> None:
    model, panel = streamed
    apart, together = Stream(model, panel), Stream(model, panel)
    for counts in ([5, 0], [0, 2], [0, 7], [9, 5]):
        untouched = next(flat(apart.forecast()))[[n for n, c in enumerate(counts) if not c]].copy()
        apart.update(piece(apart.panel, long_waves, counts, make_panel))
        assert np.array_equal(next(flat(apart.forecast()))[[n for n, c in enumerate(counts) if not c]], untouched)
    together.update(piece(panel, long_waves, [14, 14], make_panel))
    assert close(apart.forecast(), together.forecast())


def test_a_wide_table_may_leave_cells_empty() -> None:
    hours = pl.datetime_range(datetime(2024, 1, 1), datetime(2024, 1, 8), "1h", eager=True)
    angle = np.arange(len(hours)) * 2 * np.pi / SEASON
    whole = pl.DataFrame({"time": hours, "a": 5 + np.sin(angle), "b": 9 + np.cos(angle)})
    made = Forecaster(4, season=SEASON, hidden_size=8, max_epochs=1).fit(whole[:-6], wide=True)
    before = made.predict()
    after = made.update(whole[-6:].with_columns(b=pl.lit(None, pl.Float64))).predict()
    assert after.filter(series="b").equals(before.filter(series="b"))
    assert after.filter(series="a")["time"][0] == hours[-1] + timedelta(hours=1)
    later = made.update(whole[-6:].with_columns(a=pl.lit(None, pl.Float64))).predict()
    assert later.filter(series="a").equals(after.filter(series="a"))
    assert later.filter(series="b")["time"].to_list() == later.filter(series="a")["time"].to_list()


def test_a_gap_is_walked_through_without_a_value(streamed: tuple[Model, Panel], make_panel, long_waves) -> None:
    """Rows left out are the same as rows with nothing in them."""
    model, panel = streamed
    left_out, empty = Stream(model, panel), Stream(model, panel)
    whole = piece(panel, long_waves, [20, 20], make_panel)
    place = np.arange(40) % 20
    hole = (place >= 4) & (place < 9)
    gone = replace(whole, target=np.where(hole, np.nan, whole.target), past=np.where(hole[:, None], np.nan, whole.past))
    empty.update(gone)
    for first, last in ((0, 4), (9, 20)):
        keep = (place >= first) & (place < last)
        part = replace(
            whole, starts=whole.starts + first, ends=np.full(2, last - first), target=whole.target[keep],
            offsets=np.arange(3) * (last - first), past=whole.past[keep], known=whole.known[keep],
        )  # fmt: skip
        left_out.update(part)
    assert np.isfinite(left_out.forecast().point).all()
    assert close(left_out.forecast(), empty.forecast())
    assert not close(left_out.forecast(), Stream(model, panel).forecast())


def test_its_calibration_is_that_of_its_start(streamed: tuple[Model, Panel], make_panel, long_waves) -> None:
    model, _ = streamed
    newer = [w[:-30] for w in long_waves]
    longer = make_panel(newer, past=[np.cos(w) for w in newer])
    now = model.renewed(longer)
    assert not np.array_equal(now.calibration.correction, model.calibration.correction)
    stream = Stream(now, longer)
    assert close(stream.forecast(), now.ahead(longer))
    stream.update(piece(longer, long_waves, [20, 20], make_panel))
    assert stream.model.calibration is now.calibration


def test_its_size_does_not_grow(streamed: tuple[Model, Panel], make_panel, long_waves) -> None:
    model, panel = streamed
    stream = Stream(model, panel)
    sizes = set()
    for _ in range(4):
        stream.update(piece(stream.panel, long_waves, [12, 12], make_panel))
        sizes.add((len(stream.panel.target), sum(s.h.numel() + s.c.numel() for s in stream.states)))
    assert len(sizes) == 1
    assert stream.panel.ends.max() <= model.geometry.reach + model.geometry.stride


def test_a_lookback_bounds_what_a_stream_remembers(make_panel, long_waves) -> None:
    settings = Settings(horizon=4, season=SEASON, hidden_size=8, max_epochs=1, domain="real", lookback=48)
    old = make_panel([w[:-60] for w in long_waves], past=[np.cos(w[:-60]) for w in long_waves])
    model = fit_model(old, settings, old.ends, SEASON)
    stream = Stream(model, old)
    stream.update(piece(old, long_waves, [50, 50], make_panel))
    recent = [w[: len(w) - 10] for w in long_waves]
    assert close(stream.forecast(), model.ahead(make_panel(recent, past=[np.cos(w) for w in recent])))
    forgotten = [np.concatenate([np.full(len(w) - 48, 9.0), w[-48:]]) for w in recent]
    seen = model.ahead(make_panel(forgotten, past=[np.cos(w) for w in recent]))
    assert close(stream.forecast(), seen)


def test_refuses_what_is_not_newer_and_stays_as_it_was(streamed: tuple[Model, Panel], make_panel, long_waves) -> None:
    model, panel = streamed
    stream = Stream(model, panel)
    newer = piece(panel, long_waves, [5, 5], make_panel)
    stream.update(newer)
    told = stream.forecast()
    with pytest.raises(DataError, match="is not after the last one"):
        stream.update(newer)
    with pytest.raises(DataError, match="was not there before"):
        stream.update(replace(newer, names=("s0", "stranger"), starts=newer.starts + 5))
    assert close(stream.forecast(), told)
    stream.update(piece(stream.panel, long_waves, [1, 1], make_panel))


def test_logarithms_refuse_what_has_none(make_panel, waves, tiny) -> None:
    panel = make_panel(waves)
    model = fit_model(panel, replace(tiny, domain="positive", max_epochs=1), panel.ends, 6)
    newer = make_panel([[0.0], [1.0], [1.0]], starts=panel.ends.tolist())
    with pytest.raises(DataError, match='"y" goes down to 0, and this model reads logarithms'):
        Stream(model, panel).update(newer)
    with pytest.raises(DataError, match="reads logarithms"):
        model.ahead(replace(panel, target=panel.target - 1e5))
