"""A training run on disk: one safetensors file, replaced whole, from which the run goes on to the same bits."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import safetensors.torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from recollect.core.errors import ArtifactError
from recollect.core.files import write_whole
from recollect.train.record import Record
from recollect.train.state import State, copied

__all__ = ["load", "save"]

FORMAT = "recollect checkpoint 1"


def save(state: State, path: Path, seed: int) -> None:
    """Write the run at the end of an epoch to ``path``.

    It holds the weights, their average, the best so far, AdamW's moments, the record, and what the run is. Random
    numbers need no place in it: each epoch draws them afresh from the seed. Raises OutputError.
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
    write_whole(path, safetensors.torch.save(tensors, metadata))


def load(state: State, path: Path, seed: int) -> None:
    """Bring ``state`` to where ``path`` stopped.

    Raises ArtifactError if the file is damaged, or belongs to a run with another plan, seed or module.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except (SafetensorError, OSError) as error:
        raise ArtifactError(f"cannot read the checkpoint {path}: {error}; delete it to start anew") from error
    if metadata.get("format") != FORMAT:
        raise ArtifactError(f"{path} is not a {FORMAT}; give another path or delete it to start anew")
    _compare(json.loads(metadata["run"]), _identity(state, seed), path)
    record = json.loads(metadata["record"])
    record["validations"] = [(epoch, value) for epoch, value in record["validations"]]
    state.record = Record(**record)
    state.module.load_state_dict(_part(tensors, "now/"))
    # The best weights move to where the module lives, as `copied` would have made them.
    homes = state.module.state_dict()
    state.best = {name: value.to(homes[name].device) for name, value in _part(tensors, "best/").items()}
    for kind, values in {"average": state.average, **state.moments}.items():
        for index, value in enumerate(values):
            value.copy_(tensors[f"{kind}/{index}"])


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _identity(state: State, seed: int) -> dict[str, object]:
    """What must be equal for a run to go on; as JSON gives it back."""
    weights = {name: [str(value.dtype), *value.shape] for name, value in state.module.state_dict().items()}
    return {**asdict(state.plan), "seed": seed, "weights": weights}


def _compare(saved: dict[str, object], asked: dict[str, object], path: Path) -> None:
    for name in asked:
        if saved.get(name) != asked[name]:
            raise ArtifactError(
                f"the checkpoint {path} belongs to another run: its {name} is {saved.get(name)!r}, "
                f"asked for is {asked[name]!r}; give another path or delete it to start anew"
            )
