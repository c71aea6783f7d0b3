"""Text from wherever people keep it, in pieces that join to the whole; and what goes wrong, said once and in words."""

from __future__ import annotations

import gzip
import io
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recollect.core.errors import DataError, InputError
from recollect.data import corpus as module
from recollect.data.corpus import Corpus, passages, stretch

POEM = "春眠不覺曉，\n處處聞啼鳥。\nÆgir 😀\n"


def _read(place: object, encoding: str = "utf-8") -> str:
    return "".join(Corpus(place, encoding).pieces())  # type: ignore[arg-type]


def test_files_folders_and_gzip_are_one_text_in_order(tmp_path: Path) -> None:
    (tmp_path / "b" / "deep").mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.txt").write_text("hidden")
    (tmp_path / "b" / "deep" / "z.md").write_text("third")
    (tmp_path / "b" / "a.TXT").write_text("second\n")
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"first"))
    (tmp_path / "picture.png").write_bytes(b"\0")
    (tmp_path / "empty.txt").write_text("")
    corpus = Corpus(tmp_path)
    assert "".join(corpus.pieces()) == "first\nsecond\nthird"
    assert "".join(corpus.pieces()) == "first\nsecond\nthird", "it can be read again"
    assert corpus.passed_over == 1
    assert _read([tmp_path / "b" / "deep", tmp_path / "a.txt.gz"]) == "third\nfirst"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030", "utf-32"])
@pytest.mark.parametrize("piece", [1, 2, 3, 7, 1 << 20])
def test_no_character_is_split_whatever_the_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, piece: int
) -> None:
    monkeypatch.setattr(module, "_PIECE", piece)
    (tmp_path / "poem.txt").write_bytes(POEM.replace("\n", "\r\n").encode(encoding))
    assert _read(tmp_path / "poem.txt", encoding.removesuffix("-sig")) == POEM


def test_standard_input_can_be_read_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(POEM.encode()))))
    corpus = Corpus("-")
    assert ["".join(corpus.pieces()) for _ in range(2)] == [POEM, POEM]


@settings(deadline=None)
@given(st.text(max_size=20), st.lists(st.integers(0, 20), max_size=4), st.integers(0, 22), st.integers(0, 22))
def test_a_stretch_is_a_slice(text: str, cuts: list[int], start: int, stop: int) -> None:
    places = [0, *sorted(cuts), len(text)]
    pieces = [text[a:b] for a, b in pairwise(places)]
    assert "".join(stretch(pieces, start, max(start, stop))) == text[start : max(start, stop)]


@pytest.mark.parametrize("piece", [1, 5, 1 << 20])
@pytest.mark.parametrize(
    ("content", "encoding", "words"),
    [
        (b"one\ntwo\ncaf\xe9 \n", "utf-8", "line 3 is not utf-8 text: byte 11 is 0xe9"),
        (POEM.encode() + POEM.replace("Æ", "").replace("😀", "").encode("gbk"), "utf-8", "byte 49 is 0xb4"),
        (b"one\n\xff\xfe", "ascii", "line 2 is not ascii text: byte 4 is 0xff"),
        ("one\n\0".encode("utf-16"), "utf-16", "line 2 is not text: it holds a zero byte"),
        (b"one\r\n\xc3\xa9t\xc3", "utf-8", "line 2 is not utf-8 text: byte 8 is 0xc3 (unexpected end of data)"),
        (b"one\ntwo\0three", "utf-8", "line 2 is not text: it holds a zero byte at byte 7"),
        ("春\n\n眠".encode("utf-16") + b"\x00\xd8", "utf-16", "line 3 is not utf-16 text: byte 10 is 0x00"),
    ],
)
def test_what_is_not_text_is_said_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, encoding: str, words: str, piece: int
) -> None:
    monkeypatch.setattr(module, "_PIECE", piece)
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(DataError) as caught:
        _read(tmp_path / "a.txt", encoding)
    assert words in str(caught.value)
    assert str(tmp_path / "a.txt") in str(caught.value)


@pytest.mark.parametrize(
    ("content", "encoding", "advice"),
    [
        ("caf\xe9 au lait".encode("cp1252"), "utf-8", "--encoding cp1252"),
        (POEM[:12].encode("gbk"), "utf-8", "--encoding gb18030"),
        (POEM.encode("utf-16"), "utf-8", "--encoding utf-16"),
        (POEM.encode(), "ascii", "--encoding utf-8"),
        ("plain words".encode("utf-16-le"), "utf-8", "--encoding utf-16-le"),
        ("plain caf\u00e9 words".encode("utf-16-le"), "utf-8", "--encoding utf-16-le"),
        ("plain words".encode("utf-16-le"), "utf-16", "--encoding utf-16-le"),
    ],
)
def test_advice_on_the_encoding_works(tmp_path: Path, content: bytes, encoding: str, advice: str) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(DataError) as caught:
        _read(tmp_path / "a.txt", encoding)
    assert str(caught.value).endswith(advice)
    assert _read(tmp_path / "a.txt", advice.removeprefix("--encoding ")) == content.decode(advice.split()[1])


def test_a_picture_is_no_text_in_any_encoding(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    with pytest.raises(DataError, match=r"a\.png is not text: it holds a zero byte at byte 8$"):
        _read(tmp_path / "a.png")


def test_places_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "only").mkdir()
    (tmp_path / "only" / "table.csv").write_text("a,b")
    (tmp_path / "empty.txt").write_bytes(b"\xef\xbb\xbf")
    (tmp_path / "half.gz").write_bytes(gzip.compress(POEM.encode() * 99)[:60])
    for place, words in (
        (tmp_path / "none.txt", f"there is no file or folder {tmp_path / 'none.txt'}"),
        (tmp_path / "only", "its files must end in .txt, .text"),
        (tmp_path / "empty.txt", f"there is no text in {tmp_path / 'empty.txt'}"),
        (tmp_path / "half.gz", "is the download whole?"),
        ([tmp_path / "half.gz", tmp_path / "only" / ".." / "half.gz"], "is given twice"),
        ([], "no text is given"),
    ):
        with pytest.raises(InputError) as caught:
            _read(place)
        assert words in str(caught.value)
    for encoding in ("klingon", "base64", "rot13"):
        with pytest.raises(InputError, match=f"'{encoding}' is no encoding of text known here"):
            Corpus(tmp_path / "half.gz", encoding)


@given(st.text(max_size=30), st.lists(st.integers(0, 30), max_size=4), st.lists(st.integers(0, 35), max_size=6))
def test_passages_and_what_lies_outside_are_the_text(text: str, cuts: list[int], ends: list[int]) -> None:
    at, ends = sorted({0, len(text), *(min(cut, len(text)) for cut in cuts)}), sorted(ends)[: len(ends) // 2 * 2]
    pieces = [text[first:last] for first, last in pairwise(at)]
    held = {place for first, last in zip(ends[::2], ends[1::2], strict=True) for place in range(first, last)}
    assert "".join(passages(pieces, ends, inside=True)) == "".join(c for n, c in enumerate(text) if n in held)
    assert "".join(passages(pieces, ends, inside=False)) == "".join(c for n, c in enumerate(text) if n not in held)
