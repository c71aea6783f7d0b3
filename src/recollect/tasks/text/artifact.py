"""A model on disk: a manifest, weights and a tokenizer. Loading parses and audits; it executes nothing."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from recollect.core.errors import ArtifactError
from recollect.core.files import staged_folder, write_whole
from recollect.core.manifests import check_manifest, read_manifest, write_manifest
from recollect.core.weights import check_finite, read_tensors, take_weights, write_tensors
from recollect.data.vocabulary import tokenizer_from_json
from recollect.tasks.text.commands import FORMAT
from recollect.tasks.text.model import Judgement, Model, Source
from recollect.tasks.text.network import TextNetwork
from recollect.tasks.text.settings import Settings
from recollect.tasks.text.sizing import Recipe
from recollect.train.record import Record

__all__ = ["load_model", "save_model"]

VERSION = 1
KEYS = ("settings", "recipe", "source", "record", "judgement")


def save_model(model: Model, folder: Path) -> None:
    """Write the model to ``folder``, whole or not at all. Raises OutputError."""
    content = {
        "settings": model.settings.to_json(),
        "recipe": model.recipe.to_json(),
        "source": asdict(model.source),
        "record": asdict(model.record),
        "judgement": asdict(model.judgement),
    }
    with staged_folder(folder) as stage:
        write_manifest(stage, FORMAT, VERSION, content)
        write_tensors(stage / "weights.safetensors", _tensors(model.network))
        write_whole(stage / "tokenizer.json", json.dumps(model.tokenizer.to_json(), ensure_ascii=False))


def load_model(folder: Path) -> Model:
    """Read the model that ``save_model`` wrote.

    Raises ArtifactError for a folder that is not whole, not ours or too new.
    """
    manifest = read_manifest(folder)
    check_manifest(manifest, folder, FORMAT, VERSION, KEYS)
    tensors = read_tensors(folder / "weights.safetensors")
    path = folder / "tokenizer.json"
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ArtifactError(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise ArtifactError(f"cannot read {path}: it is no JSON ({error})") from error
    try:
        return _model(manifest, written, tensors)
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        raise ArtifactError(f"the parts of the model in {folder} do not fit each other: {error}") from error


def _tensors(network: TextNetwork) -> dict[str, torch.Tensor]:
    """Every weight once: a tied head is the embedding, which safetensors would refuse to write twice."""
    tied = network.shape.tied
    return {name: value for name, value in network.state_dict().items() if not (tied and name == "head.weight")}


def _model(manifest: dict[str, Any], written: object, tensors: dict[str, torch.Tensor]) -> Model:
    settings, recipe = Settings.from_json(manifest["settings"]), Recipe.from_json(manifest["recipe"])
    tokenizer, shape = tokenizer_from_json(written), recipe.shape
    if tokenizer.size != shape.vocabulary:
        raise ValueError(f"the tokenizer has {tokenizer.size} tokens, and the network reads {shape.vocabulary}")
    check_finite(tensors)
    if shape.tied:
        tensors = {**tensors, "head.weight": tensors["embedding.weight"]}
    with torch.device("meta"):  # without memory of its own: what the file says is big is refused before it is made
        network = TextNetwork(shape)
    take_weights(network, tensors)
    source = Source(**manifest["source"])
    files, validation = tuple(map(str, source.files)), tuple(map(str, source.validation))
    return Model(
        settings, tokenizer, recipe, network,
        replace(source, files=files, validation=validation),
        Record.from_json(manifest["record"]),
        Judgement(**manifest["judgement"]),
    )  # fmt: skip
