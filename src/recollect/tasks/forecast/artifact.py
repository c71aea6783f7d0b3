"""A model on disk: manifest.json and weights.safetensors. Loading parses and audits; it executes nothing."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recollect.core.errors import ArtifactError
from recollect.core.files import staged_folder
from recollect.core.manifests import check_manifest, read_manifest, write_manifest
from recollect.core.weights import check_finite, read_tensors, take_weights, write_tensors
from recollect.data.panel import Panel
from recollect.data.schema import Schema
from recollect.evaluate.conformal import Conformal
from recollect.tasks.forecast.commands import FORMAT
from recollect.tasks.forecast.covariates import Covariates
from recollect.tasks.forecast.geometry import Geometry
from recollect.tasks.forecast.model import Model
from recollect.tasks.forecast.network import ForecastNetwork
from recollect.tasks.forecast.scaling import Scaling
from recollect.tasks.forecast.settings import Settings
from recollect.train.record import Record

__all__ = ["load_model", "save_model"]

VERSION = 1
KEYS = ("settings", "schema", "geometry", "names", "history", "log", "masked", "calibration", "records")


def save_model(model: Model, history: Panel, folder: Path) -> None:
    """Write the model and the newest ``history`` to ``folder``, whole or not at all. Raises OutputError."""
    content = {
        "settings": model.settings.to_json(),
        "schema": model.schema.to_json(),
        "geometry": model.geometry.to_json(),
        "names": list(model.names),
        "history": list(history.names),
        "log": model.scaling.log,
        "masked": model.masked,
        "calibration": model.calibration.to_json(),
        "records": [asdict(record) for record in model.records],
    }
    with staged_folder(folder) as stage:
        write_manifest(stage, FORMAT, VERSION, content)
        write_tensors(stage / "weights.safetensors", _tensors(model))
        write_tensors(stage / "history.safetensors", _history(history))


def load_model(folder: Path) -> tuple[Model, Panel]:
    """Read the model and the history that ``save_model`` wrote.

    Raises ArtifactError for a folder that is not whole, not ours or too new.
    """
    manifest = read_manifest(folder)
    check_manifest(manifest, folder, FORMAT, VERSION, KEYS)
    tensors, history = read_tensors(folder / "weights.safetensors"), read_tensors(folder / "history.safetensors")
    try:
        model = _model(manifest, tensors)
        return model, _panel(model.schema, tuple(map(str, manifest["history"])), history)
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        raise ArtifactError(f"the parts of the model in {folder} do not fit each other: {error}") from error


_KINDS = ("known", "past", "static")
_ARRAYS = ("starts", "offsets", "ends", "target", "known", "past", "static", "groups")


def _tensors(model: Model) -> dict[str, Tensor]:
    arrays = {f"scaling/{key}": getattr(model.scaling, key) for key in ("center", "scale", "unit")}
    for kind in _KINDS:
        mean, deviation = getattr(model.covariates, kind)
        arrays |= {f"{kind}/mean": mean, f"{kind}/deviation": deviation}
    tensors = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()}
    for member, network in enumerate(model.networks):
        tensors |= {f"member/{member}/{name}": value for name, value in network.state_dict().items()}
    return tensors


def _model(manifest: dict[str, Any], tensors: dict[str, Tensor]) -> Model:
    settings, geometry = Settings.from_json(manifest["settings"]), Geometry.from_json(manifest["geometry"])
    schema, names = Schema.from_json(manifest["schema"]), tuple(map(str, manifest["names"]))
    check_finite(tensors)
    log, masked = manifest["log"] is True, manifest["masked"] is True
    scaling = Scaling(log, *(_array(tensors, f"scaling/{key}", len(names)) for key in ("center", "scale", "unit")))
    counts = (len(schema.known_names), len(schema.past_names), len(schema.static_names))
    pairs = (
        (_array(tensors, f"{kind}/mean", count), _array(tensors, f"{kind}/deviation", count))
        for kind, count in zip(_KINDS, counts, strict=True)
    )
    calibration = Conformal.from_json(manifest["calibration"])
    if calibration.correction.shape != (settings.horizon, len(settings.levels)):
        raise ValueError(f"calibrated for [K, Lv] = {calibration.correction.shape}, not for the settings")
    shell = Model(
        settings, schema, geometry, names, scaling, Covariates(*pairs), masked, (), calibration,
        tuple(Record.from_json(record) for record in manifest["records"]),
    )  # fmt: skip
    return replace(shell, networks=tuple(_network(shell, tensors, member) for member in range(settings.ensemble)))


def _network(model: Model, tensors: dict[str, Tensor], member: int) -> ForecastNetwork:
    # Without memory and random numbers of its own: what the file says is big is refused before it is made.
    with torch.device("meta"):
        network = ForecastNetwork(
            model.geometry,
            model.settings.quantiles,
            hidden_size=model.settings.hidden_size,
            num_layers=model.settings.num_layers,
            dropout=model.settings.dropout,
            covariates=model.covariates.counts,
            groups=model.schema.group_sizes,
            masked=model.masked,
        )
    take_weights(network, tensors, f"member/{member}/")
    return network


def _history(panel: Panel) -> dict[str, Tensor]:
    return {name: torch.from_numpy(np.ascontiguousarray(getattr(panel, name))) for name in _ARRAYS}


def _panel(schema: Schema, names: tuple[str, ...], tensors: dict[str, Tensor]) -> Panel:
    arrays = {name: tensors[name].numpy() for name in _ARRAYS}
    total, count = len(arrays["target"]), len(names)
    wanted = {
        "target": (total,),
        "known": (total, len(schema.known_names)),
        "past": (total, len(schema.past_names)),
        "starts": (count,),
        "ends": (count,),
        "offsets": (count + 1,),
        "static": (count, len(schema.static_names)),
        "groups": (count, len(schema.group_sizes)),
    }
    for name, array in arrays.items():
        kind = np.float64 if name in ("target", "known", "past", "static") else np.int64
        if array.shape != wanted[name] or array.dtype != kind:
            raise ValueError(
                f"the history's {name} is {array.dtype} {array.shape}, not {np.dtype(kind)} {wanted[name]}"
            )
    offsets, ends, groups = arrays["offsets"], arrays["ends"], arrays["groups"]
    fits = offsets[0] == 0 and offsets[-1] == total and (ends >= 1).all() and (ends <= np.diff(offsets)).all()
    if not fits or (groups < 0).any() or (groups >= np.array(schema.group_sizes, np.int64)).any():
        raise ValueError("the history's series do not lie end to end, or have categories that the schema lacks")
    return Panel(schema, schema.clock, names, **arrays)


def _array(tensors: dict[str, Tensor], name: str, count: int) -> NDArray[np.float64]:
    array = tensors[name].double().numpy()
    if array.shape != (count,):
        raise ValueError(f"{name} has shape {array.shape}, and {count} numbers are wanted")
    return array
