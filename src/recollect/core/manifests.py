"""What a folder with a saved model says of itself: manifest.json, written and audited without torch."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from recollect import __version__
from recollect.core.errors import ArtifactError, InputError
from recollect.core.files import write_whole

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["check_manifest", "read_manifest", "settings_from_json", "write_manifest"]

Kind = TypeVar("Kind", bound="DataclassInstance")

MANIFEST = "manifest.json"


def write_manifest(folder: Path, kind: str, version: int, content: Mapping[str, object]) -> None:
    """Write ``content`` to manifest.json with its ``kind``, the version of its form, and who made it; OutputError."""
    manifest = {"format": kind, "version": version, "made_with": __version__, **content}
    write_whole(folder / MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False))


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a model folder; its "format" tells which task's it is, None where it does not say.

    Raises ArtifactError where there is no folder, or no manifest that can be read.
    """
    path = folder / MANIFEST
    if not folder.is_dir():
        raise ArtifactError(
            f"there is no model folder {folder}: give the one that a train command wrote, or DIR/model of forecast run "
            "or demo"
        )
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ArtifactError(f"cannot read {path}: it is not there, so {folder} is no model, or not whole") from error
    except (OSError, ValueError) as error:
        raise ArtifactError(f"cannot read {path}: {error}") from error
    return manifest if isinstance(manifest, dict) else {"format": None}


def check_manifest(manifest: Mapping[str, Any], folder: Path, kind: str, version: int, keys: Iterable[str]) -> None:
    """Raise ArtifactError unless ``manifest`` is of this kind and version and has all ``keys``."""
    if manifest.get("format") != kind:
        raise ArtifactError(f"{folder / MANIFEST} does not describe a {kind}")
    if manifest.get("version") != version:
        raise ArtifactError(
            f"the model in {folder} has format version {manifest.get('version')!r} (made with recollect "
            f"{manifest.get('made_with')}), and this recollect {__version__} reads version {version}: update "
            "recollect, or train again"
        )
    if missing := [key for key in keys if key not in manifest]:
        raise ArtifactError(f"{folder / MANIFEST} is not whole: {', '.join(missing)} missing")


def settings_from_json(kind: type[Kind], data: object) -> Kind:
    """The dataclass ``kind`` that checks itself, of what ``asdict`` gave of one; lists are its tuples.

    Raises ArtifactError for anything else.
    """
    names = {field.name for field in fields(kind)}
    if not isinstance(data, dict) or set(data) != names:
        raise ArtifactError(f"saved settings must hold {sorted(names)}, got {data!r:.200}")
    try:
        return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in data.items()})
    except (InputError, TypeError) as error:
        raise ArtifactError(f"the saved settings cannot be used: {error}") from error
