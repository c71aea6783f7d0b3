"""Fit, evaluate and go on: scores by an oracle, honest baselines, the same bits again, and from another model."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from recollect import TextGenerator
from recollect.core.errors import DataError, InputError
from recollect.evaluate.ngrams import NGrams
from recollect.tasks.text.data import held_cuts
from recollect.train.checkpoint import peek


def weights(generator: TextGenerator) -> list[torch.Tensor]:
    return list(generator.model.network.state_dict().values())


def test_it_learns_the_words(generator: TextGenerator) -> None:
    known = {"the", "cat", "sat", "on", "a", "mat", "and", "saw", "rat", "far"}
    words = str(generator.generate("the ", 400, temperature=0.5)).split()[:-1]
    assert sum(word in known for word in words) > 0.9 * len(words)
    assert generator.model.judgement.ours < math.log(6)


def test_scores_are_those_of_single_tokens(generator: TextGenerator, other: Path) -> None:
    found = generator.evaluate(other)
    text = other.read_text()
    tokens = generator.model.tokenizer.encode(text)
    with torch.no_grad():
        logits = generator.model.network(torch.from_numpy(tokens)[:-1, None]).logits[:, 0]
    nats = -logits.log_softmax(1)[torch.arange(len(tokens) - 1), torch.from_numpy(tokens)[1:]].double().mean().item()
    carried = found.scores["state carried"]
    assert carried.nats_per_character == pytest.approx(nats, rel=1e-4)
    assert carried.bits_per_character == pytest.approx(nats / math.log(2), rel=1e-4)
    assert (carried.tokens, carried.characters) == (len(text) - 1, len(text) - 1)
    assert found.scores["windows of 64"].nats > found.scores["windows of 256"].nats > carried.nats
    surprises = list(generator.surprises(other))
    assert "".join(token for token, _ in surprises) == text[1:]
    assert sum(bits for _, bits in surprises) == pytest.approx(carried.nats / math.log(2), rel=1e-4)


def test_the_ngrams_are_those_of_what_was_learned_from(
    generator: TextGenerator, book: Path, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recollect.tasks.text.evaluation.AT_ONCE", 100)
    found, source = generator.evaluate(other), generator.model.source
    encode = generator.model.tokenizer.encode
    whole = book.read_text()
    cuts = [0, *held_cuts(len(whole)), len(whole)]
    kept = "".join(whole[first:last] for first, last in zip(cuts[::2], cuts[1::2], strict=True))
    assert len(kept) == source.characters and len(whole) - len(kept) == source.held
    text = encode(other.read_text())
    counted = NGrams(encode(kept), generator.model.tokenizer.size, found.order or 0)
    expected = -counted.log_probabilities(text[1:], text[:1]).sum()
    assert found.scores[f"{found.order}-grams"].nats == pytest.approx(expected)


def test_without_the_text_of_the_training_there_are_none(
    generator: TextGenerator, book: Path, other: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.txt"
    copy.write_bytes(book.read_bytes())
    small = TextGenerator(hidden_size=16, max_epochs=1).fit(copy)
    copy.write_text("another text\n" * 100)
    assert small.evaluate(other).order is None, "that text is another by now"
    copy.unlink()
    assert small.evaluate(other).order is None
    assert small.evaluate(other, corpus=book).order
    with pytest.raises(InputError, match="not the text that this model has learnt from"):
        small.evaluate(other, corpus=other)


def test_what_is_held_out_is_no_part_of_the_vocabulary(tmp_path: Path, book: Path) -> None:
    path = tmp_path / "book.txt"
    text = book.read_text()
    first = held_cuts(len(text) + 4)[0]
    path.write_text(text[:first] + "QQQQ" + text[first:])
    generator = TextGenerator(hidden_size=16, max_epochs=1).fit(path)
    assert generator.model.tokenizer.unknown("Q") == ("Q",)


def test_another_text_may_judge_and_then_the_whole_corpus_is_learned_from(
    book: Path, other: Path, tmp_path: Path
) -> None:
    judge = tmp_path / "judge.txt"
    judge.write_text(other.read_text() + "QQQQ\n")
    generator = TextGenerator(hidden_size=16, max_epochs=1).fit(book, validation=judge)
    source, tokenizer = generator.model.source, generator.model.tokenizer
    assert (source.characters, source.held, source.validation) == (len(book.read_text()), 0, (str(judge),))
    assert tokenizer.unknown("Q") == ("Q",), "what judges is no part of the vocabulary"
    scores = generator.evaluate(judge).scores["state carried"]
    assert generator.model.judgement.ours == pytest.approx(scores.nats_per_character, rel=1e-6)
    assert scores.characters == len(judge.read_text()) - 1, "no part of it is left out"
    generator.save(tmp_path / "model")
    again = TextGenerator.load(tmp_path / "model")
    assert again.model.source == source
    assert again.evaluate(other).order, "the text of the training is found again, whole"
    with pytest.raises(InputError, match="to learn from and to judge by"):
        TextGenerator(max_epochs=1).fit([book, judge], validation=judge)


def test_a_text_may_begin_with_a_symbol_never_seen(generator: TextGenerator, other: Path, tmp_path: Path) -> None:
    path = tmp_path / "odd.txt"
    path.write_text("Q" + other.read_text())
    odd, plain = (generator.evaluate(file).scores["state carried"] for file in (path, other))
    assert (odd.characters, odd.bytes, odd.unknown) == (plain.characters + 1, plain.bytes + 1, 0)


def test_a_network_that_learns_on_stands_apart(generator: TextGenerator, other: Path) -> None:
    plain, more = generator.evaluate(other), generator.evaluate(other, dynamic=True)
    assert set(more.scores) - set(plain.scores) == {"learning on (dynamic)"}
    assert all(more.scores[name] == scores for name, scores in plain.scores.items())


def test_the_same_seed_gives_the_same_bits_and_another_one_others(book: Path) -> None:
    def trained(seed: int) -> TextGenerator:
        return TextGenerator(hidden_size=16, max_epochs=1, seed=seed).fit(book)

    one, again, other = trained(1), trained(1), trained(2)
    assert all(torch.equal(a, b) for a, b in zip(weights(one), weights(again), strict=True))
    assert not torch.equal(weights(one)[0], weights(other)[0])


def test_a_killed_training_goes_on_to_the_same_bits(
    book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from functools import partial

    from recollect.tasks.text import fitting
    from recollect.train import loop
    from recollect.train.plan import Plan

    monkeypatch.setattr(fitting, "Plan", partial(Plan, checkpoint_every=0))
    made = TextGenerator(hidden_size=16, max_epochs=3)
    whole = TextGenerator(hidden_size=16, max_epochs=3).fit(book)
    step, left = loop._Run.step, 20

    def killed(self: object, *words: object) -> float:
        nonlocal left
        left -= 1
        if left < 0:
            raise SystemExit
        return step(self, *words)  # type: ignore[arg-type]

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(loop._Run, "step", killed)
        made.fit(book, checkpoint=tmp_path / "kept")
    assert peek(tmp_path / "kept" / "recollect-training-1.safetensors").steps > 0
    made.fit(book, checkpoint=tmp_path / "kept")
    assert any("goes on from epoch" in note.text for note in made.notes)
    assert all(torch.equal(a, b) for a, b in zip(weights(whole), weights(made), strict=True))
    assert not (tmp_path / "kept").exists()


def test_a_model_can_go_on_with_another_text(generator: TextGenerator, tmp_path: Path) -> None:
    path = tmp_path / "rats.txt"
    path.write_text("the rat and the far rat\nsat\n" * 80)
    tuned = TextGenerator(max_epochs=3).fit(path, start=generator)
    assert tuned.model.recipe.shape == generator.model.recipe.shape
    assert tuned.model.tokenizer is generator.model.tokenizer
    before, after = (one.evaluate(path).scores["state carried"].nats for one in (generator, tuned))
    assert after < 0.9 * before


@pytest.mark.parametrize("kind", ["bytes", "bpe"])
def test_other_tokens_write_text_too(book: Path, other: Path, kind: str) -> None:
    if kind == "bpe":
        pytest.importorskip("tokenizers")
    made = TextGenerator(tokens=kind, vocabulary=300, hidden_size=32, max_epochs=6, batch_size=4).fit(book)
    assert set(str(made.generate("the ", 100, temperature=0.5))) <= set(book.read_text())
    scores = made.evaluate(other).scores["state carried"]
    assert 0.5 < scores.bits_per_character < 5


def test_it_is_said_when_reading_takes_most_of_the_time(generator: TextGenerator, book: Path) -> None:
    (note,) = (note for note in TextGenerator(max_time=0.001).fit(book).notes if note.kind == "warning")
    assert "half of the 0.001 s are for training" in note.text
    assert not any("reading took" in note.text for note in generator.notes)


@pytest.mark.parametrize(
    ("content", "message"),
    [("", "there is no text"), ("short", "5 characters, too few"), ("a" * 5000, "one symbol over and over")],
)
def test_text_with_nothing_to_learn_is_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "text.txt").write_text(content)
    with pytest.raises(DataError, match=message):
        TextGenerator(max_epochs=1).fit(tmp_path / "text.txt")


def test_texts_that_cannot_be_drawn_are_refused(generator: TextGenerator) -> None:
    with pytest.raises(InputError, match="length is -1"):
        generator.generate(length=-1)
    with pytest.raises(InputError, match="samples is 0"):
        generator.generate(samples=0)
    with pytest.raises(InputError, match="seed is 1000"):
        next(generator.stream(seed=10**30))
