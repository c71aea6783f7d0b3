"""What the text commands say of input that cannot be used: one error each, and nothing is left."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from recollect import TextGenerator
from recollect.cli import build

SMALL = ("--hidden-size", "8", "--max-epochs", "1")


def text(*words: object) -> Result:
    return CliRunner().invoke(build(), ["text", *map(str, words)])


def refused(message: str, result: Result) -> None:
    assert result.exit_code == 2, (result.output, result.exception)
    assert message in " ".join(result.stderr.split()), result.stderr
    assert result.stderr.count("error: ") == 1 and "Traceback" not in result.output


BAD_TEXT: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "there is no text in"),
    "too short": (b"one line\n", "9 characters, too few to learn from"),
    "one symbol": (b"a" * 3000, "one symbol over and over"),
    "binary": (bytes(range(256)) * 20, "is not"),
    "zero bytes": (b"some text\0" * 300, "line 1 is not text: it holds a zero byte"),
    "another encoding": ("naïve café\n".encode("cp1252") * 300, "--encoding cp1252"),
    "half a gzip": (gzip.compress(os.urandom(9000))[:4000], "cannot be unpacked"),
}


@pytest.mark.parametrize("bad", BAD_TEXT)
def test_text_that_cannot_be_used_is_one_error_and_leaves_nothing(tmp_path: Path, bad: str) -> None:
    content, message = BAD_TEXT[bad]
    (tmp_path / "bad.txt").write_bytes(content)
    refused(message, text("train", tmp_path / "bad.txt", *SMALL, "--out", tmp_path / "model"))
    assert [path.name for path in tmp_path.iterdir()] == ["bad.txt"]


def test_other_input_that_cannot_be_used_is_one_error_too(book: Path, model: Path, tmp_path: Path) -> None:
    out = ("--out", tmp_path / "out")
    refused("there is no file or folder", text("train", tmp_path / "none.txt", *out))
    refused("hidden_size is 0", text("train", book, "--hidden-size", 0, *out))
    refused("to learn from and to judge by", text("train", book, "--validation", book, *out))
    (tmp_path / "few.txt").write_text("few")
    refused("3 characters, too few to judge by", text("train", book, "--validation", tmp_path / "few.txt", *out))
    refused("there is no model folder", text("train", book, "--from", tmp_path / "none", *out))
    refused("symbols that the model has never seen: '!', '?'", text("generate", model, "--prompt", "the?!"))
    refused("the temperature must be 0 or above", text("generate", model, "--temperature", -1))
    refused("choose one", text("generate", model, "--prompt", "a", "--prompt-file", book))
    refused("give a length", text("generate", model, "--length", 0, "--samples", 2))
    refused("give a length", text("generate", model, "--length", 0, "--beam", 2))
    refused("cannot read", text("generate", model, "--state", tmp_path / "none"))
    refused("there is no model folder", text("evaluate", "nowhere", book))
    refused("it is not there, so", text("generate", tmp_path))
    refused("length is -1", text("generate", model, "--length", -1))
    refused("length is 1000", text("generate", model, "--length", 10**30))
    refused("samples is 0", text("generate", model, "--samples", 0))
    refused("samples is -2", text("generate", model, "--samples", -2))
    refused("beam is -2", text("generate", model, "--beam", -2))
    refused("seed is 1000", text("generate", model, "--seed", 10**30))
    (tmp_path / "one.txt").write_text("a")
    refused("at least 2 are needed", text("evaluate", model, tmp_path / "one.txt"))
    weights = model.parent / "short"
    weights.mkdir()
    for file in model.iterdir():
        (weights / file.name).write_bytes(file.read_bytes()[: -1 if file.suffix == ".safetensors" else None])
    refused("cannot read", text("generate", weights))


IDLE = {
    "two ways to write": (("--beam", 2, "--samples", 3), "--beam and --samples are different ways"),
    "a choice and a search": (("--interactive", "--beam", 2), "--interactive and --beam are different ways"),
    "beam draws nothing": (
        ("--beam", 2, "--top-p", 0.5, "--seed", 1),
        "with --beam --top-p and --seed would do nothing",
    ),
    "beam knows no stop": (("--beam", 2, "--stop", "a"), "with --beam --stop would do nothing"),
    "beam ends nowhere": (("--beam", 2, "--save-state", "s"), "with --beam --save-state would do nothing"),
    "the user draws": (("--interactive", "--temperature", 0.5), "with --interactive --temperature would do nothing"),
    "the user ends it": (("--interactive", "--length", 9), "with --interactive --length would do nothing"),
}


@pytest.mark.parametrize("case", IDLE)
def test_an_option_that_would_do_nothing_is_refused(model: Path, case: str) -> None:
    words, message = IDLE[case]
    refused(message, text("generate", model, *words))


def test_what_is_asked_of_a_new_network_is_refused_where_one_goes_on(book: Path, model: Path, tmp_path: Path) -> None:
    go_on = ("train", book, "--from", model, "--max-epochs", 1, "--out", tmp_path / "out")
    refused("hidden_size is 64, and must be 32, as in the model", text(*go_on, "--hidden-size", 64))
    refused("num_layers is 2, and must be 1", text(*go_on, "--num-layers", 2))
    refused("tokens is 'bytes', and must be characters", text(*go_on, "--tokens", "bytes"))
    assert text(*go_on, "--hidden-size", 32, "--tokens", "characters").exit_code == 0


def test_a_place_that_cannot_be_written_is_refused_before_the_work(
    book: Path, model: Path, other: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("evaluate", "memory", "writer"):
        monkeypatch.setattr(TextGenerator, name, None)
    (tmp_path / "file").touch()
    refused("it is a file", text("evaluate", model, other, "--out", tmp_path / "file"))
    memory = CliRunner().invoke(build(), ["memory", str(model), str(other), "--out", str(tmp_path / "file")])
    refused("it is a file", memory)
    for place, message in ((tmp_path, "it is a folder"), (tmp_path / "none" / "state", "there is no folder")):
        result = text("generate", model, "--length", 9, "--save-state", place)
        refused(message, result)
        assert not result.stdout


def test_a_seed_of_any_size_trains_and_shows_a_sample(book: Path, tmp_path: Path) -> None:
    result = text("train", book, "--seed", 10**30, *SMALL, "--out", tmp_path / "model")
    assert result.exit_code == 0 and "A sample:" in result.stdout
