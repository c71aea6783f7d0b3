"""A training run on disk: one safetensors file, replaced whole, from which the run goes on to the same bits."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from recollect.core.errors import ArtifactError
from recollect.core.files import write_whole
from recollect.train.record import Record
from recollect.train.state import State, copied

__all__ = ["load", "peek", "save"]

FORMAT = "recollect checkpoint 1"
OF_A_SITTING = ("max_time", "checkpoint_every")  # parts of the plan that may change from one sitting to the next


def save(state: State, path: Path, seed: int) -> None:
    """Write the run at the end of an epoch to ``path``.

    It holds the weights, their average, the best so far, AdamW's moments, the record, what the run is, and a digest
    of all that. Random numbers need no place in it: each epoch draws them afresh from the seed. Raises OutputError.
    """
    tensors = {f"now/{name}": value for name, value in copied(state.module).items()}
    tensors |= {f"best/{name}": value for name, value in state.best.items()}
    tensors |= {f"average/{index}": value for index, value in enumerate(state.average)}
    for kind, moments in state.moments.items():
        tensors |= {f"{kind}/{index}": value.contiguous() for index, value in enumerate(moments)}
    metadata = {
        "format": FORMAT,
        "run": json.dumps(_identity(state, seed)),
        "record": json.dumps(asdict(state.record)),
    }
    metadata["digest"] = _digest(metadata, tensors)
    write_whole(path, safetensors.torch.save(tensors, metadata))


def load(state: State, path: Path, seed: int) -> None:
    """Bring ``state`` to where ``path`` stopped.

    Raises ArtifactError if the file is damaged, or belongs to a run with another plan, seed or module. Its time limit
    may differ: the seconds spent are those of the record, whoever allowed them.
    """
    metadata, tensors = _read(path)
    _compare(json.loads(metadata["run"]), _identity(state, seed), path)
    state.record = _record(metadata)
    state.module.load_state_dict(_part(tensors, "now/"))
    # The best weights move to where the module lives, as `copied` would have made them.
    homes = state.module.state_dict()
    state.best = {name: value.to(homes[name].device) for name, value in _part(tensors, "best/").items()}
    for kind, values in {"average": state.average, **state.moments}.items():
        for index, value in enumerate(values):
            value.copy_(tensors[f"{kind}/{index}"])


def peek(path: Path) -> Record:
    """How far the run of ``path`` is. Raises ArtifactError if the file is damaged."""
    return _record(_read(path)[0])


def _read(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except (SafetensorError, OSError) as error:
        raise ArtifactError(f"cannot read the checkpoint {path}: {error}; delete it to start anew") from error
    if metadata.get("format") != FORMAT:
        raise ArtifactError(f"{path} is not a {FORMAT}; give another path or delete it to start anew")
    if metadata.pop("digest", "") != _digest(metadata, tensors):
        raise ArtifactError(f"the checkpoint {path} does not hold what was written; delete it to start anew")
    return metadata, tensors


def _digest(metadata: dict[str, str], tensors: dict[str, Tensor]) -> str:
    """SHA-256 of everything in the file: a bit that has turned over on the disk must not train on."""
    found = hashlib.sha256(json.dumps(metadata, sort_keys=True).encode())
    for name in sorted(tensors):
        found.update(name.encode())
        found.update(tensors[name].cpu().flatten().view(torch.uint8).numpy().data)
    return found.hexdigest()


def _record(metadata: dict[str, str]) -> Record:
    return Record.from_json(json.loads(metadata["record"]))


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _identity(state: State, seed: int) -> dict[str, object]:
    """What must be equal for a run to go on; as JSON gives it back."""
    weights = {name: [str(value.dtype), *value.shape] for name, value in state.module.state_dict().items()}
    plan = {name: value for name, value in asdict(state.plan).items() if name not in OF_A_SITTING}
    return {**plan, "seed": seed, "weights": weights}


def _compare(saved: dict[str, object], asked: dict[str, object], path: Path) -> None:
    for name in asked:
        if saved.get(name) != asked[name]:
            raise ArtifactError(
                f"the checkpoint {path} belongs to another run: its {name} is {saved.get(name)!r}, "
                f"asked for is {asked[name]!r}; give another path or delete it to start anew"
            )
