"""How large a network to train, how much to disturb it and how fast: what a machine, a time and a text allow."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch

from recollect.tasks.text.data import Stretch
from recollect.tasks.text.learning import Reader
from recollect.tasks.text.network import Noise, Shape, TextNetwork
from recollect.tasks.text.settings import Settings

__all__ = ["Recipe", "choose_recipe", "measure_speed"]

# Measured on the training part of tinyshakespeare: 256 units are best for about this many multiplications of training,
# and twice as many units for 16 times as many.
UNITS, WORTH = 256, 6.5e12
SIZES = tuple(32 * n for n in (2, 3, 4, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64))
FEW_TOKENS = 512  # of a vocabulary: beyond, the embedding is wider, and the answers are read by it too
UPDATES, FEW_ROWS = 2500, 8  # with such a vocabulary: wanted at least; streams that are enough for them
BACKWARD = 3  # what a training multiplies, in what reading multiplies: once forwards, twice backwards
ENDLESS = 1_000_000
RATE = 2.5e-2  # the highest; small outputs (AR) let it be four times what it could be without
FORGETFUL = 0.2  # share of stretches before which a stream forgets: see Streams
LOOKS = 20  # validations of a training by the clock
JUDGED, MOST_JUDGED = 256, 160  # tokens of a window that it is judged by, and how many there are at most
JUDGING = 0.02  # share of the work


@dataclass(frozen=True)
class Recipe:
    """What a training is: the network, its noise, B streams in stretches of T, how forgetful, how fast and how long.

    An epoch is ``epoch_steps`` stretches, with a validation on ``judged`` windows behind it; by the clock there are
    more than it allows.
    """

    shape: Shape
    noise: Noise
    batch_size: int
    stretch: int
    forgetful: float
    learning_rate: float
    epochs: int
    epoch_steps: int
    judged: int

    def to_json(self) -> dict[str, Any]:
        """Plain values for files."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Recipe:
        """What ``to_json`` gave; raises TypeError or KeyError for anything else."""
        return cls(**{**data, "shape": Shape(**data["shape"]), "noise": Noise(**data["noise"])})


def choose_recipe(
    settings: Settings, tokens: int, *, vocabulary: int, budget: float | None, shape: Shape | None = None
) -> Recipe:
    """What is best for ``tokens`` of text and a ``budget`` of multiplications, None where epochs alone bound it.

    ``shape`` is that of a network that is there already. What ``settings`` say is taken as it is.
    """
    reads = settings.max_epochs * tokens if settings.max_epochs else None

    def spent(shape: Shape) -> float:
        bounds = [budget, None if reads is None else BACKWARD * shape.work * reads]
        return min(bound for bound in bounds if bound is not None)

    shape = shape or _shape(settings, vocabulary, spent)
    most = _rows(tokens, settings.stretch)
    rows = settings.batch_size or _fewer(most, shape, spent(shape) / (BACKWARD * shape.work), settings.stretch)
    slower = 1.0 if settings.batch_size else math.sqrt(rows / most)
    once = max(1, tokens // (rows * settings.stretch))
    steps = spent(shape) / (BACKWARD * shape.work * rows * settings.stretch)
    passes = steps / once
    parts = math.ceil(once / max(1, steps / LOOKS))
    return Recipe(
        shape,
        _noise(_strength(passes, shape.work / tokens) if settings.dropout is None else settings.dropout),
        rows,
        settings.stretch,
        FORGETFUL,
        settings.learning_rate or min(RATE, 2e-2 * (UNITS / shape.hidden_size) ** 0.6) * slower,
        settings.max_epochs * parts if settings.max_epochs else ENDLESS,
        math.ceil(once / parts),
        min(MOST_JUDGED, max(4, int(JUDGING * BACKWARD * steps * rows * settings.stretch / (LOOKS * JUDGED)))),
    )


def measure_speed(vocabulary: int, seconds: float) -> float:
    """Multiplications a second of training on this machine, measured for about ``seconds``."""
    shape = Shape(vocabulary, 64, UNITS, 1, tied=False)
    with torch.random.fork_rng(devices=[]):
        reader = Reader(TextNetwork(shape), rows=32)
        tokens = torch.randint(vocabulary, (65, 32))
    stretch, counted = Stretch(tokens, torch.ones(32)), 0
    began = ended = time.perf_counter()
    while ended - began < seconds or counted < 2:
        if counted == 1:
            began = ended  # the first one wakes things up
        torch.autograd.backward(reader.loss(stretch))
        counted, ended = counted + 1, time.perf_counter()
    return (counted - 1) * BACKWARD * shape.work * 32 * 64 / (ended - began)


def _shape(settings: Settings, vocabulary: int, spent: Callable[[Shape], float]) -> Shape:
    layers, tied = settings.num_layers or 1, vocabulary > FEW_TOKENS

    def of(hidden: int) -> Shape:
        embedding = settings.embedding_size or (min(hidden, 256) if tied else 64)
        return Shape(vocabulary, embedding, hidden, layers, tied)

    if settings.hidden_size:
        return of(settings.hidden_size)
    worth = [size for size in SIZES if WORTH * (size / UNITS) ** 4 <= spent(of(size))]
    return of(max(worth, default=SIZES[0]))


def _rows(tokens: int, stretch: int) -> int:
    """As many streams as read the text in a hundred steps: at most 32, and a few for a short one."""
    return min(32, max(tokens // (100 * stretch), 4), max(1, tokens // (2 * stretch)))


def _fewer(rows: int, shape: Shape, reads: float, stretch: int) -> int:
    """As few streams as give enough updates in ``reads`` tokens, where answers are read from a large vocabulary.

    Most of the work is then in them, and a token costs the same in a batch of any size.
    """
    return min(rows, max(FEW_ROWS, int(reads / (stretch * UPDATES)))) if shape.tied else rows


def _strength(passes: float, weights: float) -> float:
    """The share to drop where so many ``weights`` a token read the text ``passes`` times: it is soon known by heart.

    Chosen for few weights on tinyshakespeare, for many (four a token) on poems of the Tang.
    """
    return min(0.5, max(0.0, 0.1 * math.log2(max(passes, 1) * max(weights, 1) ** 2 / 8)))


def _noise(share: float) -> Noise:
    return Noise(share / 3, between=share, output=share, recurrent=share, activation=2.0, change=1.0)
