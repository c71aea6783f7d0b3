"""What a time and a text are worth: more of either never makes a network smaller, and what is said is taken."""

from __future__ import annotations

import json

import pytest

from recollect.tasks.text.settings import Settings
from recollect.tasks.text.sizing import BACKWARD, ENDLESS, Recipe, choose_recipe, measure_speed

MILLION = 1_000_000
SPEED = 6e10  # multiplications a second, about those of two cores


def chosen(seconds: float | None = None, tokens: int = MILLION, vocabulary: int = 66, **said: object) -> Recipe:
    budget = None if seconds is None else SPEED * seconds
    return choose_recipe(Settings(**said), tokens, vocabulary=vocabulary, budget=budget)  # type: ignore[arg-type]


def test_more_time_makes_a_larger_network_with_more_noise() -> None:
    found = [chosen(seconds) for seconds in (10, 60, 180, 1800, 36000)]
    sizes = [recipe.shape.hidden_size for recipe in found]
    noises = [recipe.noise.recurrent for recipe in found]
    assert sizes == sorted(set(sizes)) and noises == sorted(noises)
    assert found[2].shape.hidden_size == 256 and found[3].shape.hidden_size == 512
    assert noises[0] == 0 < noises[-1] <= 0.5
    assert all(recipe.epochs == ENDLESS for recipe in found)


def test_a_text_read_more_often_gets_more_noise() -> None:
    assert (
        chosen(1800, tokens=100_000).noise.output > chosen(1800).noise.output > chosen(1800, tokens=10**8).noise.output
    )


def test_many_weights_for_little_text_get_more_noise() -> None:
    """Twice as many a token are as a text read four times as often; fewer than one a token are none too many."""
    few, many = (chosen(tokens=MILLION, hidden_size=size, max_epochs=8).noise.output for size in (256, 512))
    assert few == pytest.approx(0, abs=1e-3) and 0.01 < many < 0.1
    large = [chosen(tokens=tokens, vocabulary=4096, hidden_size=128, max_epochs=8) for tokens in (200_000, 400_000)]
    assert large[0].noise.output == pytest.approx(large[1].noise.output + 0.2)


def test_epochs_alone_need_no_clock_and_show_every_token_once_each() -> None:
    recipe = chosen(max_epochs=4)
    read = recipe.epochs * recipe.epoch_steps * recipe.batch_size * recipe.stretch
    assert 4 * MILLION * 0.99 < read < 4 * MILLION * 1.05
    assert recipe == chosen(max_epochs=4)


def test_the_smaller_bound_decides() -> None:
    assert chosen(36000, max_epochs=1).shape == chosen(max_epochs=1).shape
    assert chosen(5, max_epochs=1000).shape == chosen(5).shape


def test_what_is_said_is_taken() -> None:
    recipe = chosen(180, hidden_size=40, num_layers=2, embedding_size=12, dropout=0.3, batch_size=5, learning_rate=1e-3)
    assert (recipe.shape.hidden_size, recipe.shape.num_layers, recipe.shape.embedding_size) == (40, 2, 12)
    assert (recipe.noise.output, recipe.batch_size, recipe.learning_rate) == (0.3, 5, 1e-3)


def test_large_vocabularies_are_read_and_answered_by_the_same_weights() -> None:
    assert chosen(180, vocabulary=4096).shape.tied and not chosen(180).shape.tied


def test_a_large_vocabulary_and_little_time_make_few_streams_for_many_updates() -> None:
    found = [chosen(seconds, vocabulary=4096, hidden_size=128) for seconds in (5, 60, 36000)]
    assert [found[0].batch_size, found[2].batch_size] == [8, 32] and 8 < found[1].batch_size < 32
    reads = SPEED * 60 / (BACKWARD * found[1].shape.work)
    assert 2500 <= reads / (found[1].batch_size * 64) < 2500 * 1.1
    assert found[0].learning_rate == pytest.approx(found[2].learning_rate / 2)
    assert chosen(5, hidden_size=128).batch_size == 32
    assert chosen(5, vocabulary=4096, batch_size=32, hidden_size=128).learning_rate == found[2].learning_rate


@pytest.mark.parametrize("tokens", [200, 3000])
def test_little_text_makes_few_streams(tokens: int) -> None:
    recipe = chosen(10, tokens=tokens)
    assert 1 <= recipe.batch_size * recipe.stretch <= max(tokens, recipe.stretch) and recipe.epoch_steps >= 1


def test_a_recipe_comes_back_from_json() -> None:
    recipe = chosen(180)
    assert Recipe.from_json(json.loads(json.dumps(recipe.to_json()))) == recipe


def test_speed_is_positive_and_leaves_the_generator_alone() -> None:
    import torch

    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    assert measure_speed(20, 0.01) > BACKWARD
    assert torch.equal(torch.rand(1), expected)
