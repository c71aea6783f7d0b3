"""A report as one HTML file that can be sent to a colleague: nothing fetched from elsewhere, no script but our own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from recollect.core.files import write_whole

__all__ = ["Picture", "Report", "Section", "Table", "render", "write_report"]


@dataclass(frozen=True)
class Picture:
    """A picture as a data URI (see `canvas.embed`), with words below it that also serve who cannot see it."""

    source: str
    caption: str


@dataclass(frozen=True)
class Table:
    """Cells as text, the first column naming the row; ``best`` holds the (row, column) of cells to stand out."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    best: frozenset[tuple[int, int]] = frozenset()

    def wordy(self, column: int) -> bool:
        """Whether a column holds sentences, to be set flush left, rather than numbers and names."""
        return any(len(row[column]) > 30 for row in self.rows)


@dataclass(frozen=True)
class Section:
    """A part of the report; what is empty does not appear."""

    title: str
    text: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Table, ...] = ()
    code: str = ""


@dataclass(frozen=True)
class Report:
    """What a report says. Everything is plain text and is escaped.

    ``headlines`` are full sentences on how far to trust the result: they stand on the first screen, before anything
    else. ``facts`` are (name, value) pairs beside them. ``footer`` says what made the report.
    """

    title: str
    subtitle: str
    headlines: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    footer: str = ""


def write_report(path: Path, report: Report) -> None:
    """Write ``report`` whole to ``path`` as one self-contained HTML file; raises OutputError if that cannot be done."""
    write_whole(path, render("report.html.jinja", {"report": report}))


def render(template: str, content: Mapping[str, object]) -> str:
    """A template of this room filled with ``content``, all text escaped."""
    environment = Environment(
        loader=PackageLoader("recollect.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(content)
