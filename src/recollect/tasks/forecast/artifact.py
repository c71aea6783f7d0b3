"""A model on disk: manifest.json and weights.safetensors. Loading parses and audits; it executes nothing."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from recollect import __version__
from recollect.core.errors import ArtifactError
from recollect.core.files import staged_folder, write_whole
from recollect.data.panel import Panel
from recollect.data.schema import Schema
from recollect.evaluate.conformal import Conformal
from recollect.tasks.forecast.covariates import Covariates
from recollect.tasks.forecast.geometry import Geometry
from recollect.tasks.forecast.ledger import Ledger
from recollect.tasks.forecast.model import Model
from recollect.tasks.forecast.network import ForecastNetwork
from recollect.tasks.forecast.scaling import Scaling
from recollect.tasks.forecast.settings import Settings
from recollect.train.record import Record

__all__ = ["load_model", "save_model"]

FORMAT = "recollect forecaster"
VERSION = 2
LEDGER = "ledger/"
KEYS = (
    "format", "version", "made_with", "settings", "schema", "geometry", "names", "history", "log", "masked",
    "calibration", "records",
)  # fmt: skip


def save_model(model: Model, history: Panel, folder: Path) -> None:
    """Write the model and the newest ``history`` to ``folder``, whole or not at all. Raises OutputError."""
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "made_with": __version__,
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
        write_whole(stage / "manifest.json", json.dumps(manifest, indent=1, ensure_ascii=False))
        write_whole(stage / "weights.safetensors", save_tensors(_tensors(model)))
        write_whole(stage / "history.safetensors", save_tensors(_history(history, model.ledger)))


def load_model(folder: Path) -> tuple[Model, Panel]:
    """Read the model and the history that ``save_model`` wrote.

    Raises ArtifactError for a folder that is not whole, not ours or too new.
    """
    manifest = _manifest(folder)
    tensors, history = _read(folder / "weights.safetensors"), _read(folder / "history.safetensors")
    try:
        model = _model(manifest, tensors, history)
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
        tensors |= {f"member/{member}/{name}": value.contiguous() for name, value in network.state_dict().items()}
    return tensors


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / "manifest.json"
    if not folder.is_dir():
        raise ArtifactError(f"there is no model folder {folder}: give the folder that train or run wrote (DIR/model)")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ArtifactError(f"cannot read {path}: {error}") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ArtifactError(f"{path} does not describe a {FORMAT}")
    version = manifest.get("version")
    if version != VERSION:
        raise ArtifactError(
            f"the model in {folder} has format version {version!r} (made with recollect {manifest.get('made_with')}), "
            f"and this recollect {__version__} reads version {VERSION}: update recollect, or train again"
        )
    if missing := [key for key in KEYS if key not in manifest]:
        raise ArtifactError(f"{path} is not whole: {', '.join(missing)} missing")
    return manifest


def _model(manifest: dict[str, Any], tensors: dict[str, Tensor], history: dict[str, Tensor]) -> Model:
    settings, geometry = Settings.from_json(manifest["settings"]), Geometry.from_json(manifest["geometry"])
    schema, names = Schema.from_json(manifest["schema"]), tuple(map(str, manifest["names"]))
    if odd := [name for name, value in tensors.items() if not bool(torch.isfinite(value).all())]:
        raise ValueError(f"{odd[0]} holds values that are not finite")
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
    past = {name.removeprefix(LEDGER): value.numpy() for name, value in history.items() if name.startswith(LEDGER)}
    ledger = Ledger.from_arrays(past, len(names), calibration.correction.shape)
    shell = Model(
        settings, schema, geometry, names, scaling, Covariates(*pairs), masked, (), calibration, ledger,
        tuple(_record(record) for record in manifest["records"]),
    )  # fmt: skip
    return replace(shell, networks=tuple(_network(shell, tensors, member) for member in range(settings.ensemble)))


def _network(model: Model, tensors: dict[str, Tensor], member: int) -> ForecastNetwork:
    prefix = f"member/{member}/"
    weights = {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
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
    wanted, given = (
        {name: f"{value.dtype} {tuple(value.shape)}" for name, value in each.items()}
        for each in (network.state_dict(), weights)
    )
    if odd := sorted(name for name in wanted.keys() | given.keys() if wanted.get(name) != given.get(name)):
        name = odd[0]
        raise ValueError(f"{prefix}{name} is {given.get(name, 'missing')}, and {wanted.get(name, 'nothing')} is wanted")
    network.load_state_dict(weights, assign=True)
    return network.eval()


def _read(path: Path) -> dict[str, Tensor]:
    try:
        return load_tensors(path.read_bytes())
    except (OSError, SafetensorError) as error:
        raise ArtifactError(f"cannot read {path}: {error}") from error


def _history(panel: Panel, ledger: Ledger) -> dict[str, Tensor]:
    arrays = {name: getattr(panel, name) for name in _ARRAYS}
    arrays |= {f"{LEDGER}{name}": array for name, array in ledger.arrays().items()}
    return {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()}


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


def _record(data: dict[str, Any]) -> Record:
    return Record(**(data | {"validations": [(int(epoch), float(value)) for epoch, value in data["validations"]]}))
