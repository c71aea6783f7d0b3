"""A training that was killed goes on: the checkpoints of its members, and to which training they belong."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from recollect.core.errors import ArtifactError, OutputError
from recollect.core.files import write_whole
from recollect.train.checkpoint import peek
from recollect.train.record import Record

__all__ = ["Checkpoints", "Identity"]

Identity = dict[str, object]


@dataclass(frozen=True)
class Checkpoints:
    """What one training leaves in ``folder``: NAME.json says which it is, NAME-1.safetensors holds its first member.

    ``tell`` is given a sentence where the training goes on, and where it cannot use what is there.
    """

    folder: Path
    name: str
    tell: Callable[[str], None]

    def part(self, number: int) -> Checkpoints:
        """Those of one of several trainings."""
        return replace(self, name=f"{self.name}.{number}", tell=lambda text: self.tell(f"origin {number}: {text}"))

    def open(self, wanted: Identity, members: int, changes: Mapping[str, str]) -> list[float]:
        """The seconds of training that each member has behind it.

        ``wanted`` says what the training is: where all of it is equal, so are the bits that come of it. What belongs to
        another training or is damaged is removed, and this is told; where the values of a key tell nobody anything,
        ``changes`` says it in words. Raises OutputError where nothing can be written.
        """
        self._claim(wanted, changes)
        behind = [self._behind(member) for member in range(members)]
        if said := _goes_on(behind):
            self.tell(said)
        return [record.seconds if record else 0.0 for record in behind]

    def remember(self, what: str, decide: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What ``decide`` gave at the first sitting, and must stay (a clock may have decided it); after ``open``."""
        place = self.folder / f"{self.name}-{what}.json"
        if not place.exists():
            write_whole(place, json.dumps(decide(), indent=1))
        found: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
        return found

    def path(self, member: int) -> Path:
        """The checkpoint of a member, counted from 0."""
        return self.folder / f"{self.name}-{member + 1}.safetensors"

    def clear(self) -> None:
        """Remove what this training has left, half-written files too, and the folder if nothing else is in it."""
        whole = (f"{self.name}.json", f"{self.name}-*.json", f"{self.name}-[0-9]*.safetensors")
        for kind in (*whole, *(f".{one}.*" for one in whole)):
            for path in self.folder.glob(kind):
                path.unlink(missing_ok=True)
        if self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()

    def _claim(self, wanted: Identity, changes: Mapping[str, str]) -> None:
        place = self.folder / f"{self.name}.json"
        why = _why_not(place, wanted, changes) if place.exists() else ""
        if why:
            self.tell(f"starts anew, and not from the checkpoints in {self.folder}: {why}")
        if why or not place.exists():
            self.clear()  # without its note nobody knows whose a checkpoint is
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"cannot keep checkpoints in {self.folder}: {error.strerror or error}") from error
        write_whole(place, json.dumps(wanted, indent=1))

    def _behind(self, member: int) -> Record | None:
        path = self.path(member)
        try:
            return peek(path) if path.exists() else None
        except ArtifactError:
            path.unlink()
            self.tell(f"member {member + 1} starts anew: its checkpoint {path} is damaged")
            return None


def _why_not(place: Path, wanted: Identity, changes: Mapping[str, str]) -> str:
    """Why the training of ``place`` is not the one that is wanted; nothing if it is."""
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return f"{place.name} is damaged"
    for key, value in wanted.items():
        was = found.get(key) if isinstance(found, dict) else None
        if was != value:
            return changes.get(key, f"{key} was {was} and is {value}")
    return ""


def _goes_on(behind: Sequence[Record | None]) -> str:
    """From where, in a sentence; nothing from the very beginning."""
    seconds = sum(record.seconds for record in behind if record)
    member = next((n for n, record in enumerate(behind) if not (record and record.stopped)), None)
    if member is None:
        return f"is trained already, in {seconds:.0f} seconds"
    record = behind[member]
    epochs = record.epochs if record else 0
    if not (member or epochs):
        return ""
    where = f"from epoch {epochs}" + (f" of member {member + 1}" if len(behind) > 1 else "")
    return f"goes on {where if epochs else f'with member {member + 1}'}, after {seconds:.0f} seconds of training"
