"""Covariates of every kind through the front door, and proof that the network learns from them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from recollect.core.errors import DataError, InputError
from recollect.evaluate.baselines import seasonal_naive_batch
from recollect.tasks.forecast.estimator import Forecaster

FIRST = date(2023, 11, 1)
HORIZON = 4


def quick(**changes: Any) -> Forecaster:
    return Forecaster(HORIZON, **({"season": 7, "hidden_size": 8, "max_epochs": 1} | changes))


def shop(count: int = 100, ahead: int = 0, seed: int = 0) -> pl.DataFrame:
    """Days with sales, an offer in words, a price, visits, and ``ahead`` more days with what is known of them."""
    random = np.random.default_rng(seed)
    step = np.arange(count + ahead)
    seen = step < count
    return pl.DataFrame(
        {
            "day": [FIRST + timedelta(days=int(n)) for n in step],
            "sold": np.where(seen, 5 + np.sin(step * 2 * np.pi / 7) + 0.2 * random.normal(size=len(step)), np.nan),
            "price": 1 + 0.1 * (step % 5),
            "offer": np.where(step % 9 < 3, "half", "none"),
            "visits": np.where(seen, random.normal(size=len(step)), np.nan),
        }
    ).with_columns(pl.col("sold", "visits").fill_nan(None))


def awake(made: Forecaster) -> Forecaster:
    """The forecaster with every weight at random: what acts must act for any weights, not only for good ones."""
    generator = torch.Generator().manual_seed(0)
    for network in made.model.networks:
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.normal_(0, 0.3, generator=generator)
            network.trust.fill_(1)
    return made


ROLES: dict[str, Any] = {"target": "sold", "known": ["price", "offer"]}


class TestKnown:
    def test_what_is_planned_changes_the_forecast_and_only_from_its_day_on(self) -> None:
        table = shop(ahead=HORIZON)
        made = awake(quick().fit(table, **ROLES))
        planned = table.with_columns(price=pl.when(pl.int_range(104) == 102).then(9.0).otherwise("price"))
        a, b = made.predict(table), made.predict(planned)
        same = (a["forecast"] == b["forecast"]).to_list()
        assert same == [True, True, False, True]

    def test_text_is_known_too(self) -> None:
        table = shop(ahead=HORIZON)
        made = awake(quick().fit(table, **ROLES))
        other = table.with_columns(offer=pl.when(pl.int_range(104) >= 100).then(pl.lit("half")).otherwise("offer"))
        assert not other["offer"].equals(table["offer"])
        assert not made.predict(table)["forecast"].equals(made.predict(other)["forecast"])

    def test_they_must_cover_the_horizon(self) -> None:
        with pytest.raises(DataError, match="3 of 4 steps"):
            quick().fit(shop(ahead=HORIZON - 1), **ROLES)
        made = quick().fit(shop(ahead=HORIZON), **ROLES)
        with pytest.raises(DataError, match="0 of 4 steps"):
            made.predict(shop())

    def test_a_stream_reads_them_with_its_rows(self) -> None:
        made, whole = awake(quick().fit(shop(90, HORIZON), **ROLES)), shop(100, HORIZON)
        for last in range(91, 101):
            rows = whole[last - 1 : last + HORIZON]
            made.update(rows.with_columns(sold=pl.when(pl.int_range(len(rows)) == 0).then("sold")))
        once = awake(quick().fit(shop(90, HORIZON), **ROLES)).update(whole[90:])
        a, b = made.predict(), once.predict()
        assert a["day"].equals(b["day"]) and np.allclose(a["forecast"], b["forecast"], rtol=1e-5)
        changed = whole[90:].with_columns(price=pl.when(pl.int_range(14) == 13).then(9.0).otherwise("price"))
        other = awake(quick().fit(shop(90, HORIZON), **ROLES)).update(changed).predict()
        assert (other["forecast"] == b["forecast"]).to_list() == [True] * 3 + [False]


class TestPast:
    def test_the_newest_value_acts_and_nothing_is_wanted_ahead(self) -> None:
        made = awake(quick().fit(shop(), target="sold", past=["visits"]))
        table = shop()
        other = table.with_columns(visits=pl.when(pl.int_range(100) == 99).then(8.0).otherwise("visits"))
        assert (made.predict(table)["forecast"] != made.predict(other)["forecast"]).all()

    def test_missing_ones_are_marked_not_filled(self) -> None:
        table = shop().with_columns(visits=pl.when(pl.int_range(100) % 3 > 0).then("visits"))
        made = awake(quick().fit(table, target="sold", past=["visits"]))
        mean = table["visits"].mean()
        filled = table.with_columns(pl.col("visits").fill_null(mean))
        assert not np.array_equal(made.predict(table)["forecast"], made.predict(filled)["forecast"])


class TestStatic:
    @pytest.fixture
    def shops(self) -> pl.DataFrame:
        rows = (("a", "north", 10), ("b", "south", 20), ("c", None, None))
        made = [
            shop(80, seed=n).with_columns(id=pl.lit(name), town=pl.lit(town, pl.String), size=pl.lit(size, pl.Int64))
            for n, (name, town, size) in enumerate(rows)
        ]
        return pl.concat(made)

    def test_numbers_and_words_describe_a_series(self, shops: pl.DataFrame) -> None:
        made = awake(quick().fit(shops, target="sold", series="id", static=["town", "size"]))
        found = made.predict()
        assert found["forecast"].is_finite().all()
        moved = shops.with_columns(town=pl.when(pl.col("id") == "a").then(pl.lit("south")).otherwise("town"))
        changed = made.predict(moved)["forecast"] != found["forecast"]
        assert changed.to_list() == [True] * 4 + [False] * 8

    def test_a_word_not_seen_in_training_is_told_and_forecast(self, shops: pl.DataFrame) -> None:
        made = quick().fit(shops, target="sold", series="id", static=["town"])
        found = made.predict(
            shops.with_columns(town=pl.when(pl.col("id") == "b").then(pl.lit("west")).otherwise("town"))
        )
        assert found["forecast"].is_finite().all()
        assert any("'west'" in note.text for note in made.notes)

    def test_one_that_changes_is_refused(self, shops: pl.DataFrame) -> None:
        with pytest.raises(DataError, match='column "offer" changes within series'):
            quick().fit(shops, target="sold", series="id", static=["offer"])


class TestCalendar:
    def test_the_days_ahead_are_made_not_asked_for(self) -> None:
        made = quick().fit(shop(), target="sold", calendar=True, holidays="DE")
        panel = made.panel
        assert panel.known.shape == (100 + HORIZON, len(panel.schema.known_names))
        holiday = panel.known[:, panel.schema.known_names.index("holiday DE")]
        days = [FIRST + timedelta(days=int(n)) for n in np.flatnonzero(holiday)]
        assert days == [date(2023, 12, 25), date(2023, 12, 26), date(2024, 1, 1)]
        assert len(made.predict(shop(90))) == HORIZON
        made.update(shop(102)[100:])
        assert made.predict()["day"][0] == FIRST + timedelta(days=102)

    def test_it_needs_dates(self) -> None:
        with pytest.raises(InputError, match="calendar and holidays need dates"):
            quick().fit(np.arange(50.0), calendar=True)


def error(found: Any, truth: np.ndarray) -> float:
    return float(np.abs(np.asarray(found["forecast"]) - truth).mean())


def test_what_only_a_known_covariate_tells_is_learnt() -> None:
    """White noise decides when the target jumps by 4; only the covariate knows."""
    random = np.random.default_rng(0)
    on = random.random(620) < 0.4
    y = 4.0 * on + 0.3 * random.normal(size=620)
    table = pl.DataFrame({"y": [*y[:600], *[None] * 20], "on": on.astype(float)})
    made = Forecaster(20, season=1, hidden_size=16, max_epochs=12, domain="real").fit(table, target="y", known=["on"])
    blind = Forecaster(20, season=1, hidden_size=16, max_epochs=4, domain="real").fit(y[:600])
    told, guessed = error(made.predict(), y[600:]), error(blind.predict(), y[600:])
    assert told < 0.8 < guessed, f"{told} with the covariate, {guessed} without"


def test_a_noisy_wave_is_forecast_better_than_by_its_last_season() -> None:
    random = np.random.default_rng(1)
    wave = np.sin(np.arange(524) * 2 * np.pi / 12)
    y = wave + 0.3 * random.normal(size=524)
    made = Forecaster(24, season=12, hidden_size=16, max_epochs=20, domain="real").fit(y[:500])
    naive = seasonal_naive_batch(y, np.array([500]), 24, 12, (0.8,))[0][0]
    ours, theirs = error(made.predict(), wave[500:]), float(np.abs(naive - wave[500:]).mean())
    assert ours < 0.75 * theirs, f"{ours} against {theirs}"
