"""The text commands as a user types them: train, write on, score, and what is said of input that cannot be used."""

from __future__ import annotations

import csv
import gzip
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from recollect import TextGenerator
from recollect.cli import build
from recollect.train import loop

SMALL = ("--hidden-size", "16", "--max-epochs", "2")

KILLED = """
import functools, os, signal, sys
from recollect.cli import main
from recollect.tasks.text import fitting
from recollect.train import loop
from recollect.train.plan import Plan

left, step = int(sys.argv.pop(1)), loop._Run.step

def counted(*words):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return step(*words)

loop._Run.step = counted
fitting.Plan = functools.partial(Plan, checkpoint_every=0)
main()
"""


def text(*words: object, given: str | bytes | None = None) -> Result:
    return CliRunner().invoke(build(), ["text", *map(str, words)], input=given)


def done(*words: object, given: str | bytes | None = None) -> Result:
    result = text(*words, given=given)
    assert result.exit_code == 0, (result.output, result.exception)
    return result


@pytest.fixture(scope="module")
def model(generator: TextGenerator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved") / "model"
    generator.save(folder)
    return folder


def test_train_says_what_it_found_and_how_good_it_is_and_shows_a_sample(book: Path, tmp_path: Path) -> None:
    said = done("train", book, *SMALL, "--out", tmp_path / "model").stdout
    for part in ("characters of text", "held out to judge by", "tokens: characters", "weights", "bits per character"):
        assert part in said
    assert "-grams of the same text" in said and "A sample:" in said
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == [
        "learning.png", "manifest.json", "tokenizer.json", "weights.safetensors",
    ]  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["model"], "no checkpoint is left"
    assert TextGenerator.load(tmp_path / "model").model.recipe.shape.hidden_size == 16


def test_a_run_that_is_killed_twice_ends_as_one_that_is_not(book: Path, tmp_path: Path) -> None:
    done("train", book, *SMALL, "--out", tmp_path / "whole")
    command = [sys.executable, "-c", KILLED]
    words = ["text", "train", str(book), *SMALL, "--out", str(tmp_path / "broken")]
    for steps in ("40", "20"):
        killed = subprocess.run([*command, steps, *words], capture_output=True, text=True, check=False)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not (tmp_path / "broken").exists()
    said = done(*words[1:]).stdout
    assert "training: goes on from epoch" in said
    weights = [(tmp_path / name / "weights.safetensors").read_bytes() for name in ("whole", "broken")]
    assert weights[0] == weights[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken", "whole"]


def test_ctrl_c_leaves_a_model_and_the_same_command_goes_on(
    book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from functools import partial

    from recollect.tasks.text import fitting
    from recollect.train.plan import Plan

    monkeypatch.setattr(fitting, "Plan", partial(Plan, checkpoint_every=0))
    step, left = loop._Run.step, 40

    def interrupted(self: object, *words: object) -> float:
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt
        return step(self, *words)  # type: ignore[arg-type]

    words = ("train", book, *SMALL, "--out", tmp_path / "model")
    with monkeypatch.context() as patch:
        patch.setattr(loop._Run, "step", interrupted)
        said = done(*words).stdout
    assert "interrupted; the same command goes on" in said
    assert TextGenerator.load(tmp_path / "model").model.record.stopped == "interrupted"
    assert "goes on from epoch" in done(*words).stdout
    done("train", book, *SMALL, "--out", tmp_path / "whole")
    found = [(tmp_path / name / "weights.safetensors").read_bytes() for name in ("model", "whole")]
    assert found[0] == found[1]


def test_train_goes_on_from_a_model(book: Path, other: Path, model: Path, tmp_path: Path) -> None:
    said = done("train", other, "--from", model, "--max-epochs", 1, "--out", tmp_path / "tuned").stdout
    assert "those of the model" in said
    assert TextGenerator.load(tmp_path / "tuned").model.recipe.shape.hidden_size == 32


def test_time_bounds_a_training(book: Path, tmp_path: Path) -> None:
    said = done("train", book, "--max-time", 1.5, "--out", tmp_path / "model").stdout
    assert "the time is up" in said


def test_generate_writes_what_python_writes(generator: TextGenerator, model: Path, tmp_path: Path) -> None:
    words = ("--prompt", "the ", "--length", 40, "--seed", 3)
    assert done("generate", model, *words).stdout == f"the {generator.generate('the ', 40, seed=3)}\n"
    file = tmp_path / "prompt.txt"
    file.write_text("the ")
    assert done("generate", model, "--prompt-file", file, *words[2:]).stdout == done("generate", model, *words).stdout
    several = done("generate", model, *words, "--samples", 2).stdout
    expected = generator.generate("the ", 40, samples=2, seed=3)
    assert several == "".join(f"--- {n} ---\nthe {text}\n" for n, text in enumerate(expected, 1))
    options = ("--temperature", 0.5, "--top-k", 3, "--top-p", 0.9, "--min-p", 0.1, "--repetition-penalty", 1.2)
    chosen = generator.generate(
        "the ", 40, temperature=0.5, top_k=3, top_p=0.9, min_p=0.1, repetition_penalty=1.2, seed=3, stop="\n"
    )
    assert done("generate", model, *words, *options, "--stop", "\n").stdout == f"the {chosen}\n"


def test_generate_looks_for_the_likeliest(model: Path) -> None:
    said = done("generate", model, "--prompt", "the c", "--length", 6, "--beam", 3).stdout
    assert said.count("nats ---\nthe c") == 3


def test_generate_goes_on_from_a_saved_state(model: Path, tmp_path: Path) -> None:
    state, zero = tmp_path / "state", ("--temperature", 0)
    first = done("generate", model, "--prompt", "the ", "--length", 9, *zero, "--save-state", state).stdout
    second = done("generate", model, "--state", state, "--length", 8, *zero).stdout
    assert first[:-1] + second == done("generate", model, "--prompt", "the ", "--length", 17, *zero).stdout


def test_the_user_picks_what_is_written(generator: TextGenerator, model: Path) -> None:
    first = generator.next_tokens("the ", 9)
    result = done("generate", model, "--prompt", "the ", "--interactive", given="2\n'cat\n?\n\n")
    picked = f"the {first[1][0]}cat"
    assert result.stdout == f"{picked}{generator.next_tokens(picked, 1)[0][0]}\n"
    assert f"{100 * first[0][1]:.1f} %" in result.stderr and "'?'" in result.stderr


def test_ctrl_c_does_not_lose_what_was_written_together(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["'cat"])

    def asked(self: Console, *_: object) -> str:
        if answer := next(answers, ""):
            return answer
        raise KeyboardInterrupt

    monkeypatch.setattr(Console, "input", asked)
    assert done("generate", model, "--prompt", "the ", "--interactive").stdout == "the cat\n"


def test_evaluate_says_which_is_better_and_when_the_text_is_known(
    generator: TextGenerator, book: Path, model: Path, other: Path
) -> None:
    result = done("evaluate", model, other)
    scores = list(generator.evaluate(other).scores.values())
    gained = scores[-1].nats_per_character - scores[0].nats_per_character
    word = "better" if gained > 0 else "worse"
    assert f"is {word} than" in result.stdout and f"-grams by {abs(gained):.3f} nats" in result.stdout
    assert "has learnt from this text" not in result.stderr
    assert "has learnt from this text" in done("evaluate", model, book).stderr


def test_the_prompt_and_the_memory_know_other_encodings(model: Path, tmp_path: Path) -> None:
    file = tmp_path / "prompt.txt"
    file.write_bytes("the cat ".encode("utf-16"))
    words = ("generate", model, "--length", 5)
    read = done(*words, "--prompt-file", file, "--encoding", "utf-16").stdout
    assert read == done(*words, "--prompt", "the cat ").stdout
    text_in_16, tuned = tmp_path / "book.txt", tmp_path / "tuned"
    text_in_16.write_bytes(("the cat sat on a mat\n" * 99).encode("utf-16"))
    done("train", text_in_16, "--encoding", "utf-16", *SMALL, "--out", tuned)
    result = CliRunner().invoke(build(), ["memory", str(tuned), str(text_in_16), "--out", str(tmp_path / "inside")])
    assert result.exit_code == 0, result.output


def test_evaluate_prints_every_protocol_and_writes_surprises(
    generator: TextGenerator, model: Path, other: Path, tmp_path: Path
) -> None:
    said = done("evaluate", model, other, "--out", tmp_path / "scores").stdout
    scores = generator.evaluate(other).scores
    for name, found in scores.items():
        assert name in said and f"{found.bits_per_character:.4f}" in said
    assert sorted(path.name for path in (tmp_path / "scores").iterdir()) == [
        "scores.json", "surprise.csv", "surprise.png",
    ]  # fmt: skip
    written = json.loads((tmp_path / "scores" / "scores.json").read_text())["scores"]
    assert written["state carried"]["nats"] == pytest.approx(scores["state carried"].nats)
    with open(tmp_path / "scores" / "surprise.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert "".join(row["token"] for row in rows) == other.read_text()[1:]
    assert sum(float(row["bits"]) for row in rows) == pytest.approx(scores["state carried"].nats / 0.693147, rel=1e-3)


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


def refused(message: str, result: Result) -> None:
    assert result.exit_code == 2, (result.output, result.exception)
    assert message in " ".join(result.stderr.split()), result.stderr
    assert result.stderr.count("error: ") == 1 and "Traceback" not in result.output


def test_other_input_that_cannot_be_used_is_one_error_too(book: Path, model: Path, tmp_path: Path) -> None:
    out = ("--out", tmp_path / "out")
    refused("there is no file or folder", text("train", tmp_path / "none.txt", *out))
    refused("hidden_size is 0", text("train", book, "--hidden-size", 0, *out))
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
    done(*go_on, "--hidden-size", 32, "--tokens", "characters")


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
    words = ("--hidden-size", 8, "--max-epochs", 1, "--out", tmp_path / "model")
    assert "A sample:" in done("train", book, "--seed", 10**30, *words).stdout


def test_n_grams_are_found_from_any_folder(
    book: Path, other: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(book.parent)
    said = done("train", book.name, "--hidden-size", 8, "--max-epochs", 1, "--out", tmp_path / "model").stdout
    assert f"recollect text generate {tmp_path / 'model'}" in said, "what to do next"
    monkeypatch.chdir(tmp_path)
    assert "-grams " in done("evaluate", "model", other).stdout
