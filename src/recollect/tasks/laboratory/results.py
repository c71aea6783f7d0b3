"""What the laboratory found, and its file: written whole after each case, read again to go on."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from recollect.core.errors import ArtifactError, InputError
from recollect.core.files import write_whole
from recollect.tasks.laboratory.settings import Settings

__all__ = ["FILE", "Case", "Result", "as_csv", "longest", "read", "write"]

FILE, FORMAT = "results.json", "recollect laboratory 1"


class Case(NamedTuple):
    """One training: a cell at a task, at one lag, from one seed."""

    task: str
    cell: str
    lag: int
    seed: int


@dataclass(frozen=True)
class Result:
    """How one case went.

    Attributes:
        case: which.
        solved: whether the measure is at most ``bar`` on sequences that no training and no stopping saw.
        steps: of training until the weights that were kept.
        trained: steps of training in all.
        stopped: "enough" where validation said solved, "done" where the steps were used up, "diverged" where the loss
            was no longer finite.
        seconds: of the training.
        measure, chance, bar: what the kept weights reach, what who remembers nothing reaches, what counts as solved.
        scores: all scores of the task, the measure first.
    """

    case: Case
    solved: bool
    steps: int
    trained: int
    stopped: str
    seconds: float
    measure: float
    chance: float
    bar: float
    scores: dict[str, float]


def longest(results: Sequence[Result], task: str, cell: str) -> int | None:
    """The longest lag that most seeds solve, and all shorter ones too; None where there is none."""
    found = None
    for lag in sorted({one.case.lag for one in results if one.case[:2] == (task, cell)}):
        solved = [one.solved for one in results if one.case[:3] == (task, cell, lag)]
        if 2 * sum(solved) <= len(solved):
            break
        found = lag
    return found


def write(folder: Path, settings: Settings, results: Iterable[Result]) -> None:
    """Write ``results.json``; raises OutputError."""
    rows = [{**one.case._asdict(), **{k: v for k, v in asdict(one).items() if k != "case"}} for one in results]
    content = {"format": FORMAT, "settings": asdict(settings), "results": rows}
    write_whole(folder / FILE, json.dumps(content, indent=1) + "\n")


def read(folder: Path, settings: Settings) -> list[Result]:
    """The results that ``folder`` holds already, none if it holds no file of them.

    Raises ArtifactError for a file that is not ours or damaged, InputError for one made with other settings.
    """
    path = folder / FILE
    if not path.exists():
        return []
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        ours, made = content["format"], content["settings"]
        found = [_result(row) for row in content["results"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{path} holds no results of the laboratory, or is damaged: take another folder") from error
    if ours != FORMAT:
        raise ArtifactError(f"{path} is in the format {ours!r}, and this version reads {FORMAT!r}: take another folder")
    if made != asdict(settings):
        other = ", ".join(f"{k} {made.get(k)} in place of {v}" for k, v in asdict(settings).items() if made.get(k) != v)
        raise InputError(f"{path} holds results of other settings ({other}): take another folder, or remove that file")
    return found


def as_csv(results: Sequence[Result]) -> str:
    """A row for each case and score."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        [*Case._fields, "solved", "steps", "trained", "stopped", "seconds", "chance", "bar", "score", "value"]
    )
    for one in results:
        head = [*one.case, one.solved, one.steps, one.trained, one.stopped, round(one.seconds, 2), one.chance, one.bar]
        writer.writerows([*head, name, value] for name, value in one.scores.items())
    return text.getvalue()


def _result(row: dict[str, object]) -> Result:
    case = Case(**{name: row.pop(name) for name in Case._fields})  # type: ignore[arg-type]
    return Result(case=case, **row)  # type: ignore[arg-type]
