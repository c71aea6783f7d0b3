"""A recording: what happened inside a layer at every step, read when it is asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recollect.core.errors import ArtifactError, InputError
from recollect.memory.reading import BYTES, Floats
from recollect.nn.cells import CELLS

__all__ = ["MANIFEST", "Recording"]

MANIFEST = "recording.json"


@dataclass(frozen=True)
class Recording:
    """The inside of a layer over a stretch of time; ``recollect.memory.record`` makes it.

    ``recording["f"]`` is the forget gate [T, L, B, H], an array or a memory map of a file; the names are those of the
    cell's trace, and "gamma" of the decay cell. One row is B = 1; ``h`` is [T, L, B, P] with projection.

    Attributes:
        cell: the name of the cell.
        zoneout: the share of the old memory that zoneout lets through at each step in evaluation; 0 without.
        values: each quantity, or the file that holds it.
    """

    cell: str
    zoneout: float
    values: Mapping[str, Floats | Path]

    @classmethod
    def open(cls, folder: Path | str) -> Recording:
        """A recording that was written to ``folder``; ArtifactError if it is not there or not whole."""
        place = Path(folder)
        try:
            found = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
            kind = CELLS[found["cell"]]
            names = [*kind.trace._fields, *(["gamma"] if kind.reads_gaps else [])]
            made = cls(found["cell"], float(found["zoneout"]), {name: place / f"{name}.npy" for name in names})
            whole = {name: list(made[name].shape) for name in names} == found["shapes"]
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            raise ArtifactError(f"{folder} holds no recording that can be read: {error}") from error
        if not whole:
            raise ArtifactError(f"{folder} holds files that do not belong to the recording there: record it again")
        return made

    def __getitem__(self, name: str) -> Floats:
        """A quantity by name; InputError if there is none of that name."""
        if name not in self.values:
            raise InputError(f"a recording of the {self.cell} cell has no {name!r}: {', '.join(self.values)}")
        value = self.values[name]
        return np.load(value, mmap_mode="r") if isinstance(value, Path) else value

    def __len__(self) -> int:
        """T, the number of steps."""
        return self.shape[0]

    @property
    def memory(self) -> str:
        """What carries the memory from step to step: "c", or "h" of a cell without a cell value."""
        return "c" if CELLS[self.cell].has_c else "h"

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """T, L, B, H."""
        T, L, B, H = self[self.memory].shape
        return T, L, B, H

    def read(self, name: str, start: int, stop: int) -> Floats:
        """Steps ``start`` to ``stop`` of a quantity, [n, L, B, H] float64 in memory."""
        return self[name][start:stop].astype(np.float64)

    def keep(self, start: int, stop: int) -> Floats:
        """The share of the memory before that is in it after, without what is written; [n, L, B, H] float64.

            keep = s + (1 - s) * f          z in place of f for the gru; gamma * f for the decay cell; s is zoneout

        InputError for the rnn, which has no gate that keeps.
        """
        if self.memory == "h" and "z" not in self.values:
            raise InputError(f"the {self.cell} cell has no gate that keeps: measure it with injection")
        keep = self.read("z" if self.memory == "h" else "f", start, stop)
        if "gamma" in self.values:
            keep *= self.read("gamma", start, stop)
        return self.zoneout + (1 - self.zoneout) * keep

    def mean(self, name: str) -> Floats:
        """The mean of a quantity over time and rows, [L, H]."""
        total = sum(self.read(name, *block).sum((0, 2)) for block in self.blocks())
        return np.asarray(total / (len(self) * self.shape[2]))

    def blocks(self) -> Iterator[tuple[int, int]]:
        """Where to begin and to stop, again and again, so that a quantity's part stays within some 4 MB."""
        T, L, B, H = self.shape
        most = max(1, BYTES // (8 * L * B * H))
        return ((start, min(start + most, T)) for start in range(0, T, most))
