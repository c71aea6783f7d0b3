"""The text commands as a user types them: train, write on, score, and what is said of input that cannot be used."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from recollect import TextGenerator
from recollect.cli import build
from recollect.train import loop

SMALL = ("--hidden-size", "16", "--max-epochs", "2")


def text(*words: object, given: str | bytes | None = None) -> Result:
    return CliRunner().invoke(build(), ["text", *map(str, words)], input=given)


def done(*words: object, given: str | bytes | None = None) -> Result:
    result = text(*words, given=given)
    assert result.exit_code == 0, (result.output, result.exception)
    return result


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


def test_a_run_that_is_killed_twice_ends_as_one_that_is_not(
    book: Path, tmp_path: Path, killed: Callable[..., str]
) -> None:
    done("train", book, *SMALL, "--out", tmp_path / "whole")
    words = ["train", book, *SMALL, "--out", tmp_path / "broken"]
    for steps in (40, 20):
        killed(steps, "text", *words)
    assert not (tmp_path / "broken").exists()
    said = done(*words).stdout
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


def test_n_grams_are_found_from_any_folder(
    book: Path, other: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(book.parent)
    said = done("train", book.name, "--hidden-size", 8, "--max-epochs", 1, "--out", tmp_path / "model").stdout
    assert f"recollect text generate {tmp_path / 'model'}" in said, "what to do next"
    monkeypatch.chdir(tmp_path)
    assert "-grams " in done("evaluate", "model", other).stdout


def test_a_text_of_its_own_judges_and_is_not_scored_as_unseen(book: Path, other: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    said = done("train", book, *SMALL, "--validation", other, "--out", model).stdout
    assert f"{len(book.read_text()):,} characters of text, {len(other.read_text()):,} of another to judge by" in said
    assert "the weights were chosen by this text" in done("evaluate", model, other).stderr
    assert "the model has learnt from this text" in done("evaluate", model, book).stderr
