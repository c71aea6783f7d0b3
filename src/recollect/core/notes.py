"""What was inferred about the data, and every repair made to it, as counted sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Note"]


@dataclass(frozen=True)
class Note:
    """One thing the user should know about how the data were read.

    Attributes:
        kind: ``inferred`` (a choice made for the user), ``repaired`` (values or rows that are not as given) or
            ``warning`` (kept as given, but worth a look).
        count: how many values, rows or series it touches.
        text: a sentence for the terminal and the report.
    """

    kind: Literal["inferred", "repaired", "warning"]
    count: int
    text: str
