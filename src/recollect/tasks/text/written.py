"""Scores and surprises as files that people and programs read."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from recollect import __version__
from recollect.core.files import staged_file
from recollect.tasks.text.evaluation import Evaluation

__all__ = ["scores_json", "write_surprises"]


def scores_json(found: Evaluation) -> str:
    """The scores under each protocol."""
    content = {"made_with": __version__, "scores": {name: asdict(scores) for name, scores in found.scores.items()}}
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def write_surprises(path: Path, surprises: Iterable[tuple[str, float]]) -> None:
    """A row for each token but the first: the token, and the bits that it cost; raises OutputError."""
    with staged_file(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(("token", "bits"))
        rows.writerows((token, f"{bits:.4f}") for token, bits in surprises)
        text.detach()
