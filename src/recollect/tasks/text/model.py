"""A fitted model: what reads text and knows what may come next."""

from __future__ import annotations

from dataclasses import dataclass

from recollect.data.tokens import Tokenizer
from recollect.tasks.text.network import TextNetwork
from recollect.tasks.text.settings import Settings
from recollect.tasks.text.sizing import Recipe
from recollect.train.record import Record

__all__ = ["Model", "Source"]


@dataclass(frozen=True)
class Source:
    """The text of a training: its ``files``, the ``characters`` that were learned from and those held out to judge."""

    files: tuple[str, ...]
    encoding: str
    characters: int
    held: int


@dataclass(frozen=True)
class Model:
    """Everything that was learnt."""

    settings: Settings
    tokenizer: Tokenizer
    recipe: Recipe
    network: TextNetwork
    source: Source
    record: Record
