"""A model on disk: it comes back to the bit, and whatever is not whole, not ours or not fitting is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from recollect import TextGenerator
from recollect.core.errors import ArtifactError, InputError
from recollect.core.weights import read_tensors, write_tensors


@pytest.fixture
def saved(generator: TextGenerator, tmp_path: Path) -> Path:
    generator.save(tmp_path / "model")
    return tmp_path / "model"


def change(folder: Path, work: Callable[[Any], None], name: str = "manifest.json") -> None:
    content = json.loads((folder / name).read_text(encoding="utf-8"))
    work(content)
    (folder / name).write_text(json.dumps(content), encoding="utf-8")


def test_it_comes_back_to_the_bit(generator: TextGenerator, saved: Path) -> None:
    assert sorted(path.name for path in saved.iterdir()) == ["manifest.json", "tokenizer.json", "weights.safetensors"]
    again = TextGenerator.load(saved)
    assert again.settings == generator.settings
    assert again.model.recipe == generator.model.recipe and again.model.record == generator.model.record
    assert again.model.source == generator.model.source and again.model.judgement == generator.model.judgement
    assert again.generate("the ", 50) == generator.generate("the ", 50)
    for name, value in generator.model.network.state_dict().items():
        assert torch.equal(value, again.model.network.state_dict()[name])


def test_tied_weights_are_written_once(book: Path, tmp_path: Path) -> None:
    tied = TextGenerator(tokens="bytes", hidden_size=16, max_epochs=1, batch_size=8).fit(book)
    network = type(tied.model.network)(tied.model.recipe.shape.__class__(256, 8, 16, 1, tied=True))
    object.__setattr__(tied.model, "network", network.eval())
    object.__setattr__(tied.model.recipe, "shape", network.shape)
    tied.save(tmp_path / "tied")
    assert "head.weight" not in read_tensors(tmp_path / "tied" / "weights.safetensors")
    assert TextGenerator.load(tmp_path / "tied").generate("the ", 20) == tied.generate("the ", 20)


def spoil_weights(folder: Path) -> None:
    path = folder / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-9])


def nan_weights(folder: Path) -> None:
    tensors = read_tensors(folder / "weights.safetensors")
    tensors["lstm.b0"][0] = torch.nan
    write_tensors(folder / "weights.safetensors", tensors)


SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    "no folder": (shutil.rmtree, "there is no model folder"),
    "no weights": (lambda folder: (folder / "weights.safetensors").unlink(), "cannot read .*weights.safetensors"),
    "half the weights": (spoil_weights, "cannot read .*weights.safetensors"),
    "weights that are not finite": (nan_weights, "lstm.b0 holds values that are not finite"),
    "no tokenizer": (lambda folder: (folder / "tokenizer.json").unlink(), "cannot read .*tokenizer.json"),
    "another tokenizer": (
        lambda folder: (folder / "tokenizer.json").write_text('{"kind": "bytes"}'),
        "the tokenizer has 256 tokens, and the network reads",
    ),
    "a forecaster": (lambda folder: change(folder, lambda m: m.update(format="recollect forecaster")), "not describe"),
    "a newer form": (lambda folder: change(folder, lambda m: m.update(version=9)), "update recollect"),
    "a part missing": (lambda folder: change(folder, lambda m: m.pop("recipe")), "recipe missing"),
    "a larger network than its weights": (
        lambda folder: change(folder, lambda m: m["recipe"]["shape"].update(hidden_size=10**7)),
        "do not fit each other",
    ),
    "a recipe of something else": (
        lambda folder: change(folder, lambda m: m["recipe"].update(more=1)),
        "do not fit each other",
    ),
}


@pytest.mark.parametrize("spoilt", SPOILT)
def test_what_cannot_be_used_is_refused(saved: Path, spoilt: str) -> None:
    work, message = SPOILT[spoilt]
    work(saved)
    with pytest.raises(ArtifactError, match=message):
        TextGenerator.load(saved)


def test_nothing_learnt_is_nothing_to_save(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="learnt nothing yet"):
        TextGenerator().save(tmp_path / "model")
