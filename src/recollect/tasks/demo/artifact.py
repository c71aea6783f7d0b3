"""The demo's model on disk: manifest.json, and weights.safetensors with the film of its training."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from recollect.core.errors import ArtifactError, InputError
from recollect.core.files import staged_folder
from recollect.core.manifests import check_manifest, read_manifest, write_manifest
from recollect.core.weights import check_finite, read_tensors, take_weights, write_tensors
from recollect.memory import Frames
from recollect.tasks.demo.commands import FORMAT
from recollect.tasks.demo.data import WINDOW, Series, make
from recollect.tasks.demo.estimator import Learner
from recollect.train.record import Record

__all__ = ["load_model", "save_model"]

VERSION = 1
FILMED = ("f", "c")
KEYS = ("series", "activation", "hidden_size", "epochs", "seed", "record")


def save_model(learner: Learner, series: Series, folder: Path) -> None:
    """Write what ``learner`` learnt of ``series`` to ``folder``, whole or not at all.

    Raises InputError for one that has not been fitted, OutputError where nothing can be written.
    """
    if learner.film is None:
        raise InputError("the learner has learnt nothing yet: call fit before it is saved")
    layer = learner.network.lstm
    content = {
        "series": series.name,
        "activation": layer.activation,
        "hidden_size": layer.hidden_size,
        "epochs": learner.plan.max_epochs,
        "seed": learner.seed,
        "record": asdict(learner.record),
    }
    film = {"film/at": learner.film.at, **{f"film/{name}": learner.film.values[name] for name in FILMED}}
    tensors = {f"network/{name}": value for name, value in learner.network.state_dict().items()}
    tensors |= {name: torch.from_numpy(value) for name, value in film.items()}
    with staged_folder(folder) as stage:
        write_manifest(stage, FORMAT, VERSION, content)
        write_tensors(stage / "weights.safetensors", tensors)


def load_model(folder: Path) -> tuple[Learner, Series]:
    """The learner that ``save_model`` wrote, for ``memory`` and ``predict``, and the series that it learnt, made anew.

    Raises ArtifactError for a folder that is not whole, not ours or too new.
    """
    said = read_manifest(folder)
    check_manifest(said, folder, FORMAT, VERSION, KEYS)
    tensors = read_tensors(folder / "weights.safetensors")
    try:
        check_finite(tensors)
        series = make(said["series"], said["seed"])
        with torch.device("meta"):
            learner = Learner(
                said["activation"], hidden_size=said["hidden_size"], epochs=said["epochs"], seed=said["seed"]
            )
        take_weights(learner.network, tensors, "network/")
        learner.record = Record.from_json(said["record"])
        learner.film = _film(tensors, learner.network.lstm.hidden_size)
    except (InputError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise ArtifactError(f"the parts of the model in {folder} do not fit each other: {error}") from error
    return learner, series


def _film(tensors: dict[str, Tensor], hidden_size: int) -> Frames:
    at, values = tensors["film/at"].numpy(), {name: tensors[f"film/{name}"].numpy() for name in FILMED}
    wanted = (len(at), WINDOW, 1, 1, hidden_size)
    for name, value in values.items():
        if value.shape != wanted:
            raise ValueError(f"the film's {name} has shape {value.shape}, and {wanted} is wanted")
    return Frames(at, values)
