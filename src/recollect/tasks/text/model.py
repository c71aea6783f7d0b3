"""A fitted model: what reads text and knows what may come next."""

from __future__ import annotations

from dataclasses import dataclass

from recollect.data.tokens import Tokenizer
from recollect.tasks.text.network import TextNetwork
from recollect.tasks.text.settings import Settings
from recollect.tasks.text.sizing import Recipe
from recollect.train.record import Record

__all__ = ["Judgement", "Model", "Source"]


@dataclass(frozen=True)
class Source:
    """The text of a training.

    Attributes:
        files: where it lay, in the order read.
        encoding: of all of them.
        characters: how many were learned from.
        held: how many among them were held out to judge by; 0 where another text was given for that.
        digest: SHA-256 of what was learned from, in UTF-8.
        validation: where that other text lay, if there was one.
    """

    files: tuple[str, ...]
    encoding: str
    characters: int
    held: int
    digest: str
    validation: tuple[str, ...] = ()


@dataclass(frozen=True)
class Judgement:
    """Nats per character of the held-out text, the state carried: ours, and those of n-grams of an ``order``."""

    ours: float
    ngrams: float
    order: int


@dataclass(frozen=True)
class Model:
    """Everything that was learnt."""

    settings: Settings
    tokenizer: Tokenizer
    recipe: Recipe
    network: TextNetwork
    source: Source
    record: Record
    judgement: Judgement

    @property
    def banned(self) -> tuple[int, ...]:
        """The tokens that are never written: what stands for the unknown."""
        unknown = self.tokenizer.unknown_id
        return () if unknown is None else (unknown,)
