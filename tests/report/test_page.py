"""The page: whole in itself, escaped, and written whole."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest

from recollect.core.errors import OutputError
from recollect.report.page import Picture, Report, Section, Table, write_report

DOT = "data:image/png;base64,iVBORw0KGgo="


def _report(**change: object) -> Report:
    section = Section(
        "Scores",
        ("Each method saw the same.",),
        (Picture(DOT, "a picture"),),
        (Table(("", "MASE"), (("LSTM", "0.71"), ("seasonal naive", "1.00")), "lower is better", frozenset({(0, 1)})),),
        "recollect forecast run a.csv",
    )
    parts = {
        "title": "Forecast of load",
        "subtitle": "a.csv",
        "headlines": ("Better.",),
        "facts": (("Rows", "100"),),
        "sections": (section,),
        "footer": "Made by Recollect.",
    }
    return Report(**{**parts, **change})  # type: ignore[arg-type]


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in {"meta", "img"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def _written(tmp_path: Path, report: Report) -> _Page:
    write_report(tmp_path / "report.html", report)
    page = _Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert page.open == []
    return page


def test_everything_given_is_said(tmp_path: Path) -> None:
    page = _written(tmp_path, _report())
    said = ("Forecast of load", "a.csv", "Better.", "Rows", "100", "Scores", "Each method saw the same.", "a picture")
    for words in (*said, "seasonal naive", "lower is better", "recollect forecast run a.csv", "Made by Recollect."):
        assert words in page.words
    assert [attrs for tag, attrs in page.seen if tag == "td" and attrs.get("class") == "best"] == [{"class": "best"}]


def test_nothing_is_fetched_and_nothing_runs(tmp_path: Path) -> None:
    page = _written(tmp_path, _report())
    assert not {"script", "link", "iframe"} & {tag for tag, _ in page.seen}
    assert all(str(attrs["src"]).startswith("data:") for tag, attrs in page.seen if tag == "img")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "url(" not in text and "http" not in text and "@import" not in text


def test_names_from_data_are_escaped(tmp_path: Path) -> None:
    evil = '<script>alert("x")</script>'
    table = Table((evil,), ((evil,),), evil)
    section = Section(evil, (evil,), (Picture(DOT, f'"{evil}'),), (table,), evil)
    page = _written(tmp_path, _report(title=evil, headlines=(evil,), facts=((evil, evil),), sections=(section,)))
    assert "script" not in {tag for tag, _ in page.seen}
    assert page.words.count(evil) >= 9


def test_what_is_empty_does_not_appear(tmp_path: Path) -> None:
    page = _written(tmp_path, _report(headlines=(), facts=(), sections=(Section("Only words", ("x",)),), footer=""))
    assert not {"figure", "table", "pre", "dl", "footer"} & {tag for tag, _ in page.seen}


def test_an_unwritable_place_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot write"):
        write_report(tmp_path / "absent" / "report.html", _report())
