"""Tensors on disk as safetensors, and how a network takes them: audited first, executing nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor, nn

from recollect.core.errors import ArtifactError
from recollect.core.files import write_whole

__all__ = ["check_finite", "read_tensors", "take_weights", "write_tensors"]


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write ``tensors`` whole to ``path``; raises OutputError."""
    write_whole(path, save_tensors({name: value.contiguous() for name, value in tensors.items()}))


def read_tensors(path: Path) -> dict[str, Tensor]:
    """What ``write_tensors`` wrote; raises ArtifactError for what is no such file."""
    try:
        return load_tensors(path.read_bytes())
    except OSError as error:
        raise ArtifactError(f"cannot read {path}: {error.strerror or error}") from error
    except SafetensorError as error:
        raise ArtifactError(f"cannot read {path}: {error}") from error


def check_finite(tensors: Mapping[str, Tensor]) -> None:
    """Raise ValueError with the name of a tensor that holds an infinity or a NaN."""
    if odd := [name for name, value in tensors.items() if not bool(torch.isfinite(value).all())]:
        raise ValueError(f"{odd[0]} holds values that are not finite")


def take_weights(module: nn.Module, tensors: Mapping[str, Tensor], prefix: str = "") -> None:
    """Give ``module`` the tensors whose names begin with ``prefix``, and leave it in evaluation.

    It may have been made on the device "meta", without memory and random numbers of its own: what a file says is big is
    then refused before it is made. Raises ValueError where a name, a shape or a type is not the module's.
    """
    weights = {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
    wanted, given = (
        {name: f"{value.dtype} {tuple(value.shape)}" for name, value in each.items()}
        for each in (module.state_dict(), weights)
    )
    if odd := sorted(name for name in wanted.keys() | given.keys() if wanted.get(name) != given.get(name)):
        name = odd[0]
        raise ValueError(f"{prefix}{name} is {given.get(name, 'missing')}, and {wanted.get(name, 'nothing')} is wanted")
    module.load_state_dict(weights, assign=True)
    module.eval()
