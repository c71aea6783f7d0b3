"""The demo's model on disk: the same bits back, and one clear error for every way it can be broken."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from recollect.core.errors import ArtifactError, InputError
from recollect.tasks.demo.artifact import load_model, save_model
from recollect.tasks.demo.data import make
from recollect.tasks.demo.estimator import Learner

FILES = ["manifest.json", "weights.safetensors"]


@pytest.fixture(scope="module")
def learner() -> Learner:
    return Learner("relu", hidden_size=6, epochs=2, seed=3).fit(make("nyquist", 3).values)


@pytest.fixture(scope="module")
def saved(learner: Learner, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "model"
    save_model(learner, make("nyquist", 3), folder)
    return folder


@pytest.fixture
def model(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "model"))


def test_the_same_bits_come_back(learner: Learner, saved: Path) -> None:
    before = torch.get_rng_state()
    loaded, series = load_model(saved)
    assert torch.equal(torch.get_rng_state(), before)
    assert np.array_equal(series.values, make("nyquist", 3).values)
    inputs = series.values[None, :50]
    assert np.array_equal(loaded.predict(inputs), learner.predict(inputs))
    assert (loaded.record, loaded.seed, loaded.plan) == (learner.record, learner.seed, learner.plan)
    assert loaded.film is not None and learner.film is not None
    assert np.array_equal(loaded.film.at, learner.film.at)
    for name, value in loaded.film.values.items():
        assert np.array_equal(value, learner.film.values[name])


def test_nothing_in_the_folder_can_be_executed(saved: Path) -> None:
    assert sorted(path.name for path in saved.iterdir()) == FILES
    content = (saved / "weights.safetensors").read_bytes()
    json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])


def test_the_film_ends_with_the_weights_that_were_kept(learner: Learner) -> None:
    film, window = learner.film, make("nyquist", 3).values[-50:]
    assert film is not None and film.at.tolist() == [0, 1, 2, 3]
    assert np.array_equal(film.values["c"][-1, :, 0, 0], learner.trace(window)["c"].astype(np.float32))


def test_what_has_learnt_nothing_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="call fit before"):
        save_model(Learner(hidden_size=2), make("sine", 0), tmp_path / "model")
    assert not list(tmp_path.iterdir())


def manifest(**change: object) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        data = json.loads((folder / "manifest.json").read_text())
        (folder / "manifest.json").write_text(json.dumps({**data, **change}))

    return apply


def tensors(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        data = load_file(folder / "weights.safetensors")
        change(data)
        save_file(data, folder / "weights.safetensors")

    return apply


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "no folder": (shutil.rmtree, "there is no model folder"),
    **{f"{name} missing": (lambda f, name=name: (f / name).unlink(), f"cannot read .*{name}") for name in FILES},
    **{f"{name} empty": (lambda f, name=name: (f / name).write_bytes(b""), f"cannot read .*{name}") for name in FILES},
    "another task's": (manifest(format="recollect forecaster"), "does not describe a recollect demo"),
    "newer": (manifest(version=99), "reads version 1: update recollect"),
    "another series": (manifest(series="cosine"), "the series is 'cosine'"),
    "a list for a series": (manifest(series=["sine"]), "do not fit"),
    "another size": (manifest(hidden_size=7), "is wanted"),
    "a huge size": (manifest(hidden_size=10**6), "is wanted"),
    "no size": (manifest(hidden_size="x"), "do not fit"),
    "no epochs": (manifest(epochs="x"), "do not fit"),
    "another activation": (manifest(activation="cube"), "do not fit"),
    "a record of another kind": (manifest(record={"code": "rm"}), "do not fit"),
    "a weight not a number": (tensors(lambda t: t["network/head.bias"].fill_(torch.nan)), "not finite"),
    "a weight missing": (tensors(lambda t: t.pop("network/head.bias")), "head.bias is missing, and"),
    "a film of another size": (
        tensors(lambda t: t.update({"film/c": t["film/c"][..., :-1].contiguous()})), "the film's c has shape",
    ),
    "a film without moments": (tensors(lambda t: t.pop("film/at")), "do not fit"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_folder_is_one_clear_error(model: Path, case: str) -> None:
    damage, words = BROKEN[case]
    damage(model)
    with pytest.raises(ArtifactError, match=words) as caught:
        load_model(model)
    assert str(model) in str(caught.value)
