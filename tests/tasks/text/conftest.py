"""A small text with rules to learn, and a small model of it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from recollect import TextGenerator
from recollect.tasks.text.network import Shape, TextNetwork
from recollect.tasks.text.settings import Settings

WORDS = ("the", "cat", "sat", "on", "a", "mat", "and", "saw", "rat", "far")


def story(words: int, seed: int = 0) -> str:
    """Lines of seven words, the same on every machine."""
    draw = random.Random(seed)
    chosen = [draw.choice(WORDS) for _ in range(words)]
    return "".join(word + ("\n" if place % 7 == 6 else " ") for place, word in enumerate(chosen))


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("text") / "book.txt"
    path.write_text(story(3000), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("other") / "other.txt"
    path.write_text(story(300, seed=1), encoding="utf-8")
    return path


@pytest.fixture
def tiny() -> Settings:
    return Settings(hidden_size=24, max_epochs=1, batch_size=8, stretch=16, seed=3)


@pytest.fixture(scope="session")
def generator(book: Path) -> TextGenerator:
    return TextGenerator(hidden_size=32, max_epochs=6, batch_size=8, stretch=32).fit(book)


@pytest.fixture(scope="session")
def model(generator: TextGenerator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved") / "model"
    generator.save(folder)
    return folder


@pytest.fixture(params=[(False, 1), (True, 2)], ids=["untied", "tied"])
def network(request: pytest.FixtureRequest) -> TextNetwork:
    import torch

    tied, layers = request.param
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return TextNetwork(Shape(11, 6, 9, layers, tied)).eval()
