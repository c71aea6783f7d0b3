"""One sitting of a command: results appear whole or not at all, and trainings go on where a killed one stopped."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from recollect.core.errors import OutputError, TrainingError
from recollect.core.files import staged_folder
from recollect.core.notes import Note
from recollect.train.resuming import Checkpoints

__all__ = ["Sitting", "sitting"]


class Sitting:
    """The folder ``stage`` to fill, and the checkpoints in ``home`` of the trainings on the way.

    Where a command sets ``unfinished``, its results appear and its checkpoints stay, for the same command to go on.
    """

    def __init__(self, stage: Path, home: Path, tell: Callable[[Note], None]) -> None:
        self.stage, self.home, self._tell = stage, home, tell
        self.unfinished = False

    def checkpoints(self, name: str, label: str) -> Checkpoints:
        """Those of one training; the user is told what becomes of them."""
        return Checkpoints(self.home, name, lambda text: self._tell(Note("inferred", 1, f"{label}: {text}")))


@contextmanager
def sitting(out: Path, tell: Callable[[Note], None]) -> Iterator[Sitting]:
    """Fill ``out`` as ``staged_folder`` does, with checkpoints in the hidden folder .OUT.resume.

    It lies beside ``out``, or inside where that is there already. It stays until a sitting succeeds, and with it goes
    what killed ones had staged; a failure before any training leaves nothing. ``tell`` is given what the user should
    know. Raises OutputError where nothing can be written or another sitting is at work.
    """
    beside, inside = (place / f".{out.name}.resume" for place in (out.absolute().parent, out.absolute()))
    home = inside if out.is_dir() and not beside.exists() else beside
    made = [path for path in (home, *home.parents) if not path.exists()]
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = open(home / "lock", "w")  # noqa: SIM115 (closed by the with below)
    except OSError as error:
        raise OutputError(f"cannot write to {out}: {error.strerror or error} ({home.parent})") from error
    with lock:
        _be_alone(lock, out)
        killed = _staged(out)
        try:
            with staged_folder(out) as stage:
                now = Sitting(stage, home, tell)
                yield now
        except BaseException as error:
            _leave(home, made, tell, lost=isinstance(error, TrainingError))
            raise
        for path in killed if now.unfinished else (*killed, home):
            shutil.rmtree(path, ignore_errors=True)


def _be_alone(lock: TextIO, out: Path) -> None:
    """Two sittings at once would train on each other's checkpoints; the system frees the lock of a killed one."""
    if sys.platform == "win32":
        return
    import fcntl

    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise OutputError(
            f"cannot write to {out}: another run is at work on it; wait for it, or give another --out"
        ) from error
    except OSError:  # a disk that knows no locks
        pass


def _staged(out: Path) -> list[Path]:
    """What killed sittings had staged, and a model that one had put aside to replace it."""
    names = (f".{out.name}.partial-", f"..{out.name}.partial-")
    places = [place for place in (out.absolute().parent, out) if place.is_dir()]
    beside = [path for place in places for path in place.iterdir() if path.name.startswith(names)]
    return [*beside, *out.glob(".model.old-*")]


def _leave(home: Path, made: list[Path], tell: Callable[[Note], None], *, lost: bool) -> None:
    """Keep what was learnt, and say so; where nothing was, or it is lost, leave the disk as it was."""
    if any(home.glob("*.safetensors")) and not lost:
        tell(Note("warning", 1, f"what was learnt is kept in {home}: the same command goes on from there"))
        return
    shutil.rmtree(home, ignore_errors=True)
    for folder in made[1:]:
        with suppress(OSError):  # somebody else may use it by now
            folder.rmdir()
