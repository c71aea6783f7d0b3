"""Checkpoints of a training: whose they are, and what they count for."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recollect.core.errors import OutputError
from recollect.tasks.forecast.backtest import backtest_panel
from recollect.tasks.forecast.estimator import Forecaster
from recollect.tasks.forecast.fitting import fit_model
from recollect.tasks.forecast.model import Model
from recollect.tasks.forecast.resuming import identity
from recollect.train import checkpoint
from recollect.train.plan import Plan
from recollect.train.resuming import Checkpoints
from recollect.train.state import State


def weights(model: Model) -> list[np.ndarray]:
    return [value.numpy() for network in model.networks for value in network.state_dict().values()]


def equal(one: Model, other: Model) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(weights(one), weights(other), strict=True))


class TestIdentity:
    def test_it_is_that_of_the_same_training_read_again(self, make_panel, waves, tiny) -> None:
        one, other = (identity(make_panel(waves), tiny, np.array([90, 70, 110]), 6, None) for _ in "ab")
        assert one == other == json.loads(json.dumps(one))

    def test_anything_else_changes_it(self, make_panel, waves, tiny) -> None:
        panel = make_panel(waves, past=[w**0.5 for w in waves])
        given = (panel, tiny, panel.ends, 6, None)
        past = panel.past.copy()
        past[3] = np.nan
        others = (
            (replace(panel, target=np.where(np.arange(270) == 50, 9.0, panel.target)), *given[1:]),
            (replace(panel, past=past), *given[1:]),
            (replace(panel, names=("a", "b", "c")), *given[1:]),
            (replace(panel, starts=panel.starts + 1), *given[1:]),
            (panel, replace(tiny, seed=4), *given[2:]),
            (panel, tiny, panel.ends - 1, 6, None),
            (panel, tiny, panel.ends, 12, None),
            (panel, tiny, panel.ends, 6, 10),
        )
        found = [json.dumps(identity(*one)) for one in (given, *others)]
        assert len(set(found)) == len(found)


class TestCheckpoints:
    @pytest.fixture
    def said(self) -> list[str]:
        return []

    @pytest.fixture
    def kept(self, tmp_path: Path, said: list[str]) -> Checkpoints:
        return Checkpoints(tmp_path / "kept", "training", said.append)

    def test_a_training_that_is_done_is_not_done_again(self, make_panel, waves, tiny, kept, said) -> None:
        panel, settings = make_panel(waves), replace(tiny, ensemble=2)
        first = fit_model(panel, settings, panel.ends, 6, checkpoints=kept)
        assert not said
        again = fit_model(panel, settings, panel.ends, 6, checkpoints=kept)
        assert len(said) == 1 and said[0].startswith("is trained already, in ")
        assert equal(first, again) and first.records == again.records, "to the second"
        assert np.array_equal(first.calibration.correction, again.calibration.correction)
        assert equal(first, fit_model(panel, settings, panel.ends, 6)), "checkpoints change nothing"

    def test_each_origin_of_a_refit_has_its_own(self, make_panel, waves, tiny, kept, said) -> None:
        panel = make_panel(waves, timed=False)
        first, again = (
            backtest_panel(panel, tiny, 6, folds=3, refit=True, checkpoints=kept, validation=12) for _ in "ab"
        )
        assert [text.split(", in")[0] for text in said] == [f"origin {n}: is trained already" for n in (1, 2, 3)]
        assert np.array_equal(first.ours.upper, again.ours.upper)
        assert first.records == again.records

    def test_the_seconds_of_earlier_sittings_count(
        self, make_panel, waves, tiny, kept, said, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A sitting of 500 of 600 seconds is killed: for the first member of two its share of 300 is gone."""
        panel, settings = make_panel(waves), replace(tiny, ensemble=2, max_epochs=100, max_time=600.0)
        save = checkpoint.save

        def killed(state: State, path: Path, seed: int) -> None:
            state.record.epochs, state.record.seconds = 7, 500.0
            save(state, path, seed)
            raise ZeroDivisionError

        with monkeypatch.context() as patch:
            patch.setattr(checkpoint, "save", killed)
            with pytest.raises(ZeroDivisionError):
                fit_model(panel, settings, panel.ends, 6, checkpoints=kept)
        plans: list[Plan] = []

        def planned(**given: Any) -> Plan:
            plans.append(Plan(**given))
            return plans[-1]

        monkeypatch.setattr("recollect.tasks.forecast.fitting.Plan", planned)
        model = fit_model(panel, settings, panel.ends, 6, checkpoints=kept)
        assert said == ["goes on from epoch 7 of member 1, after 500 seconds of training"]
        assert model.records[0].stopped == "time" and model.records[0].epochs == 8
        assert model.records[0].seconds >= 500
        assert plans[1].max_time is not None and 50 < plans[1].max_time <= 100, "the second has what is left"

    def test_a_note_that_cannot_be_read_starts_anew(self, make_panel, waves, tiny, kept, said) -> None:
        panel = make_panel(waves)
        fit_model(panel, tiny, panel.ends, 6, checkpoints=kept)
        for content in ("{", "[]"):
            (kept.folder / "training.json").write_text(content)
            fit_model(panel, tiny, panel.ends, 6, checkpoints=kept)
        assert all("starts anew" in text for text in said) and len(said) == 2

    def test_checkpoints_without_a_note_are_nobodys(self, make_panel, waves, tiny, kept, said) -> None:
        panel = make_panel(waves)
        fit_model(panel, tiny, panel.ends, 6, checkpoints=kept)
        (kept.folder / "training.json").unlink()
        other = replace(panel, target=panel.target[::-1].copy())
        found = fit_model(other, tiny, panel.ends, 6, checkpoints=kept)
        assert equal(found, fit_model(other, tiny, panel.ends, 6)) and not said

    def test_clearing_takes_what_is_its_own(self, kept: Checkpoints) -> None:
        kept.folder.mkdir()
        own = ["training.json", "training-1.safetensors", ".training-1.safetensors.x1", ".training.json.x2"]
        others = ["training.2.json", "training.2-1.safetensors", "training-set.safetensors", "model.json"]
        for name in [*own, *others]:
            (kept.folder / name).write_text("")
        kept.clear()
        assert sorted(path.name for path in kept.folder.iterdir()) == sorted(others)
        for name in others:
            (kept.folder / name).unlink()
        kept.clear()
        assert not kept.folder.exists()
        kept.clear()

    def test_a_place_that_cannot_be_written_is_known_before_training(self, make_panel, waves, tiny, tmp_path) -> None:
        (tmp_path / "file").write_text("in the way")
        panel = make_panel(waves)
        with pytest.raises(OutputError, match="cannot keep checkpoints in"):
            fit_model(panel, tiny, panel.ends, 6, checkpoints=Checkpoints(tmp_path / "file", "training", print))


class TestTheForecaster:
    @pytest.fixture
    def quick(self) -> Forecaster:
        return Forecaster(4, season=6, hidden_size=8, max_epochs=3)

    def test_a_fit_that_was_killed_goes_on(self, waves, quick, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
        place = tmp_path / "deep" / "kept"
        expected = quick.fit(waves[0]).model
        save = checkpoint.save

        def killed(state: State, path: Path, seed: int) -> None:
            save(state, path, seed)
            if state.record.epochs == 2:
                raise ZeroDivisionError

        with monkeypatch.context() as patch:
            patch.setattr(checkpoint, "save", killed)
            patch.setattr("recollect.tasks.forecast.fitting.Plan", partial(Plan, checkpoint_every=0))
            with pytest.raises(ZeroDivisionError):
                quick.fit(waves[0], checkpoint=place)
        found = quick.fit(waves[0], checkpoint=str(place))
        assert any(note.text.startswith("training: goes on from epoch 2, after ") for note in found.notes)
        assert equal(found.model, expected)
        assert not place.exists(), "nothing is left when it is done"
        assert "training: " not in " ".join(note.text for note in quick.fit(waves[0], checkpoint=place).notes)

    def test_what_is_not_its_own_in_the_folder_stays(self, waves, quick, tmp_path) -> None:
        (tmp_path / "mine.txt").write_text("mine")
        quick.fit(waves[0], checkpoint=tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
