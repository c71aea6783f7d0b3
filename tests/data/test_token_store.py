"""Tokens on disk: what is written is what encoding the whole gives, whatever the pieces; whole or not at all."""

from __future__ import annotations

import importlib.util
import tempfile
import tracemalloc
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recollect.core.errors import ArtifactError, InputError, OutputError
from recollect.data.bpe import BPE
from recollect.data.token_store import Stored, encoded, open_tokens, write_tokens
from recollect.data.tokens import Bytes, Characters, Tokenizer

TEXT = st.text(st.sampled_from("the 中\n.'s 1\t\u00a0\x1c"), max_size=40)


def _cut(text: str, cuts: list[int]) -> list[str]:
    places = [0, *sorted(cuts), len(text)]
    return [text[a:b] for a, b in pairwise(places)]


@settings(deadline=None)
@given(TEXT, st.lists(st.integers(0, 40), max_size=5))
def test_tokens_of_pieces_are_those_of_the_whole(text: str, cuts: list[int]) -> None:
    kinds: list[Tokenizer] = [Bytes(), Characters("eht", (0, 1, 1, 1))]
    if importlib.util.find_spec("tokenizers"):
        kinds.append(BPE([(116, 104), (256, 101), (32, 257), (32, 32), (10, 32), (32, 10), (10, 10), (39, 115)]))
    for tokenizer in kinds:
        parts = list(encoded(_cut(text, cuts), tokenizer))
        assert "".join(part for part, _ in parts) == text
        assert [token for _, ids in parts for token in ids] == tokenizer.encode(text).tolist()


@settings(max_examples=40, deadline=None)
@given(TEXT, st.lists(st.integers(0, 40), max_size=5))
def test_a_store_gives_back_what_was_encoded(text: str, cuts: list[int]) -> None:
    tokenizer = Characters.learn([text, "aa"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tokens.npy")
        stored = write_tokens(_cut(text, cuts), tokenizer, path)
        tokens = np.array(open_tokens(path, tokenizer.size))
    expected = tokenizer.encode(text)
    assert tokens.tolist() == expected.tolist()
    assert stored == Stored(len(expected), len(text), len(text.encode()), int((expected == 0).sum()))


@pytest.mark.parametrize(("symbols", "kind"), [(255, np.uint8), (256, np.uint16), (65_536, np.uint32)])
def test_tokens_take_the_smallest_type_and_are_read_only(tmp_path: Path, symbols: int, kind: type) -> None:
    letters = "".join(map(chr, range(0x10000, 0x10000 + symbols)))
    tokenizer = Characters(letters, (1,) * (symbols + 1))
    write_tokens([letters], tokenizer, tmp_path / "tokens.npy")
    tokens = open_tokens(tmp_path / "tokens.npy", tokenizer.size)
    assert tokens.dtype == kind
    assert tokens[-1] == symbols
    assert isinstance(tokens, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        tokens[0] = 1
    with pytest.raises(ArtifactError, match="not tokens of a vocabulary of"):
        open_tokens(tmp_path / "tokens.npy", 5 if symbols > 255 else 5000)


def test_a_store_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    def broken() -> Iterator[str]:
        yield "some text"
        raise InputError("the second piece is not there")

    write_tokens(["old"], Bytes(), tmp_path / "tokens.npy")
    with pytest.raises(InputError, match="the second piece"):
        write_tokens(broken(), Bytes(), tmp_path / "tokens.npy")
    assert open_tokens(tmp_path / "tokens.npy", 256).tolist() == list(b"old")
    assert [path.name for path in tmp_path.iterdir()] == ["tokens.npy"]
    with pytest.raises(OutputError, match="cannot write"):
        write_tokens(["text"], Bytes(), tmp_path / "none" / "tokens.npy")


def test_a_long_text_takes_no_more_memory_than_a_few_of_its_pieces(tmp_path: Path) -> None:
    tracemalloc.start()
    try:
        stored = write_tokens(("a" * (1 << 20) for _ in range(40)), Bytes(), tmp_path / "tokens.npy")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert stored.tokens == 40 << 20
    assert peak < 25 << 20


def test_files_that_hold_no_tokens_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokens.npy"
    with pytest.raises(ArtifactError, match="cannot read the tokens"):
        open_tokens(path, 256)
    write_tokens(["some text, and more of it"], Bytes(), path)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(ArtifactError, match="write them again"):
        open_tokens(path, 256)
    np.save(path, np.array([{}]), allow_pickle=True)
    with pytest.raises(ArtifactError, match="cannot read the tokens"):
        open_tokens(path, 256)
