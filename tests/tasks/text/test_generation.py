"""Writing: temperature 0 is argmax, a seed repeats, streams do not know each other, and a state goes on."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest
import torch

from recollect import TextGenerator
from recollect.core.errors import ArtifactError, InputError
from recollect.nn.decode import Sampling
from recollect.tasks.text.generation import Writer


def argmax(generator: TextGenerator, prompt: str, length: int) -> str:
    """By whole sequences, without any state: the definition."""
    model, text = generator.model, prompt
    for _ in range(length):
        tokens = torch.from_numpy(model.tokenizer.encode(text))[:, None]
        with torch.no_grad():
            logits = model.network(tokens).logits[-1, 0]
        logits[list(model.banned)] = -torch.inf
        text += model.tokenizer.decode([int(logits.argmax())])
    return text[len(prompt) :]


def test_temperature_0_is_argmax(generator: TextGenerator) -> None:
    assert generator.generate("the cat ", 40, temperature=0) == argmax(generator, "the cat ", 40)


def test_a_seed_repeats_and_another_one_does_not(generator: TextGenerator) -> None:
    one, again, other = (generator.generate("the ", 60, seed=seed) for seed in (1, 1, 2))
    assert one == again != other and len(one) == 60


def test_a_stream_gives_what_generate_gives_and_has_no_end(generator: TextGenerator) -> None:
    assert "".join(generator.stream("the ", 50, seed=4)) == generator.generate("the ", 50, seed=4)
    assert len("".join(islice(generator.stream("the "), 700))) == 700


def test_text_is_written_until_a_stop_that_is_not_shown(generator: TextGenerator) -> None:
    whole = generator.generate("the ", 200, seed=1)
    assert generator.generate("the ", 200, seed=1, stop="\n") == whole[: whole.index("\n")]
    assert generator.generate("the ", 200, seed=1, stop=["\n", " "]) == whole[: min(map(whole.index, "\n "))]


def test_several_samples_are_several_texts_of_the_model(generator: TextGenerator) -> None:
    found = generator.generate("the ", 30, samples=5, seed=2)
    assert isinstance(found, list) and len(set(found)) == 5 and {len(text) for text in found} == {30}
    same = generator.generate("the cat ", 20, samples=3, temperature=0)
    assert same == [argmax(generator, "the cat ", 20)] * 3


def test_what_comes_next_sums_to_one_and_is_what_is_written(generator: TextGenerator) -> None:
    found = generator.next_tokens("the ca", 99)
    assert sum(chance for _, chance in found) == pytest.approx(1, abs=1e-4)
    assert [chance for _, chance in found] == sorted((chance for _, chance in found), reverse=True)
    assert found[0][0] == generator.generate("the ca", 1, temperature=0)
    assert "\N{REPLACEMENT CHARACTER}" not in {token for token, _ in found}


def test_a_model_without_prompt_begins_a_line(generator: TextGenerator) -> None:
    assert generator.generate("", 20, temperature=0) == argmax(generator, "\n", 20)


def test_a_text_read_in_parts_is_the_text_read_whole(generator: TextGenerator) -> None:
    whole = Writer(generator.model).read("the cat sat on")
    parts = Writer(generator.model).read("the cat").read("").read(" sat on")
    torch.testing.assert_close(parts.expected(), whole.expected(), rtol=1e-4, atol=1e-5)


def test_what_was_written_has_been_read(generator: TextGenerator) -> None:
    writer = Writer(generator.model).read("the ")
    text = "".join(piece for (piece,) in writer.write(17, Sampling(0.8, banned=(0,)), seed=5))
    expected = Writer(generator.model).read("the " + text).expected()
    torch.testing.assert_close(writer.expected(), expected, rtol=1e-4, atol=1e-5)


def test_a_stream_left_in_the_middle_remembers_what_it_wrote(generator: TextGenerator) -> None:
    writer = Writer(generator.model, samples=2).read("the ")
    stream = writer.write(None, Sampling(banned=(0,)), seed=1)
    written = ["the " + "".join(parts) for parts in zip(*islice(stream, 70), strict=True)]
    encode = generator.model.tokenizer.encode
    assert writer.recent.tolist() == [encode(text)[-64:].tolist() for text in written]


def test_a_saved_state_goes_on_to_the_same_text(generator: TextGenerator, tmp_path: Path) -> None:
    sampling = Sampling(0.0, repetition_penalty=1.3, banned=(0,))
    straight = Writer(generator.model).read("the ")
    first = "".join(piece for (piece,) in straight.write(20, sampling, seed=0))
    straight.save(tmp_path / "state")
    second = "".join(piece for (piece,) in straight.write(20, sampling, seed=0))
    resumed = Writer(generator.model).resume(tmp_path / "state")
    assert "".join(piece for (piece,) in resumed.write(20, sampling, seed=0)) == second
    assert first != second


def test_a_state_of_something_else_is_refused(generator: TextGenerator, tmp_path: Path) -> None:
    Writer(generator.model, samples=2).read("the ").save(tmp_path / "two")
    (tmp_path / "none").write_bytes(b"nothing")
    for name in ("two", "none", "missing"):
        with pytest.raises(ArtifactError, match=name):
            Writer(generator.model).resume(tmp_path / name)


def test_the_best_completion_is_likelier_than_the_greedy_one(generator: TextGenerator) -> None:
    writer, decode = Writer(generator.model).read("the c"), generator.model.tokenizer.decode
    found = writer.complete(12, 5)
    greedy = Writer(generator.model).read("the c").complete(12, 1)
    assert decode(greedy[0].tokens) == argmax(generator, "the c", 12)
    assert found[0].log_probability >= greedy[0].log_probability - 1e-4
    assert len(found) == 5


def test_symbols_never_seen_are_named(generator: TextGenerator) -> None:
    with pytest.raises(InputError, match=r"2 symbols that the model has never seen: 'X', 'é'"):
        generator.generate("the Xé")
    with pytest.raises(InputError, match="temperature"):
        generator.generate("the", temperature=-1.0)
    with pytest.raises(InputError, match=r"^samples is 0"):
        generator.generate("the", samples=0)
