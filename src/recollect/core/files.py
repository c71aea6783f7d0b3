"""Files are written whole or not at all: beside their place first, then renamed into it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from recollect.core.errors import OutputError, RecollectError

__all__ = ["check_place", "check_writable", "staged_file", "staged_folder", "write_whole"]


def write_whole(path: Path, content: bytes | str) -> None:
    """Write ``content`` to ``path`` so that a reader sees the old file or the new one, never a part.

    Raises OutputError if the folder is missing, read-only or full.
    """
    with staged_file(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)


@contextmanager
def staged_file(path: Path) -> Iterator[BinaryIO]:
    """A file beside ``path`` to fill piece by piece; on success it takes the place of ``path``.

    On any exception it vanishes and ``path`` stays as it was. Raises OutputError if nothing can be written there; other
    files that the caller reads meanwhile should turn their own OSError into something else first.
    """
    name = ""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException as error:
        if name:
            Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError) and not isinstance(error, RecollectError):
            raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
        raise


@contextmanager
def staged_folder(target: Path) -> Iterator[Path]:
    """An empty folder beside ``target`` to fill; on success its entries replace those of the same name in target.

    On any exception the staging folder vanishes and ``target`` stays as it was. Entries of ``target`` with other
    names are left alone. Raises OutputError if nothing can be written there.
    """
    stage = check_writable(target)
    try:
        yield stage
        try:
            target.mkdir(parents=True, exist_ok=True)
            for entry in sorted(stage.iterdir()):
                _replace(entry, target / entry.name)
        except OSError as error:
            raise OutputError(f"cannot write {target}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def check_place(path: Path) -> None:
    """Raise OutputError where no file can stand at ``path``: before the work whose result it is to hold."""
    if path.is_dir():
        raise OutputError(f"cannot write {path}: it is a folder, and a file is needed")
    if not os.access(path.absolute().parent, os.W_OK | os.X_OK):
        raise OutputError(f"cannot write {path}: there is no folder {path.absolute().parent} to write to")


def check_writable(target: Path) -> Path:
    """Make and return an empty staging folder on the disk of ``target``, or raise OutputError at once.

    Called before long work, so that an hour of training never ends at a read-only folder. The caller removes it.
    """
    if target.exists() and not target.is_dir():
        raise OutputError(f"cannot write to {target}: it is a file, and a folder is needed")
    place = target.absolute()
    while not place.exists():
        place = place.parent
    try:
        return Path(tempfile.mkdtemp(prefix=f".{target.name}.partial-", dir=place))
    except OSError as error:
        raise OutputError(f"cannot write to {target}: {error.strerror or error} ({place})") from error


def _replace(entry: Path, place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        aside = Path(tempfile.mkdtemp(prefix=f".{place.name}.old-", dir=place.parent))
        os.replace(place, aside / place.name)
        os.replace(entry, place)
        shutil.rmtree(aside, ignore_errors=True)
    else:
        os.replace(entry, place)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
