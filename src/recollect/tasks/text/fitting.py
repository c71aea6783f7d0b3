"""From a corpus to a fitted model, using nothing of what it will be tested on."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from recollect.core.errors import DataError, InputError
from recollect.core.notes import Note
from recollect.core.seeds import derive_seed
from recollect.data.corpus import Corpus
from recollect.data.token_store import Stored, open_tokens, write_tokens
from recollect.data.tokens import Tokenizer
from recollect.data.vocabulary import learn_tokenizer
from recollect.tasks.text.data import Streams, Tokens, held_cuts, held_out, learned, windows
from recollect.tasks.text.evaluation import Read, ngram_scores
from recollect.tasks.text.learning import train_network
from recollect.tasks.text.model import Judgement, Model, Source
from recollect.tasks.text.network import TextNetwork
from recollect.tasks.text.resuming import CHANGES, identity
from recollect.tasks.text.scoring import carried
from recollect.tasks.text.settings import Settings
from recollect.tasks.text.sizing import JUDGED, Recipe, choose_recipe, measure_speed
from recollect.train.plan import Plan
from recollect.train.progress import Progress
from recollect.train.resuming import Checkpoints

__all__ = ["Texts", "fit_model", "read_texts", "write_learned"]

FEWEST = 200
SEEN = 200_000  # tokens, of which not all may be the same
MEASURED = 1.0  # seconds


@dataclass(frozen=True)
class Texts:
    """A corpus in tokens: what is learned from, what is held out of it, and what was found on the way."""

    source: Source
    tokenizer: Tokenizer
    learned: Tokens
    held: Read
    notes: tuple[Note, ...]


def read_texts(
    corpus: Corpus,
    settings: Settings,
    place: Path,
    tokenizer: Tokenizer | None = None,
    validation: Corpus | None = None,
) -> Texts:
    """Read ``corpus`` into token files in ``place``; the vocabulary is that of the part to learn from, or given.

    ``validation`` judges in place of passages of the corpus. Raises DataError for text that cannot be read, is too
    short, or always says the same; InputError for a file that is to be learned from and to judge.
    """
    length = _length(corpus, "to learn from")
    cuts: tuple[int, ...] = ()
    other: tuple[str, ...] = ()
    if validation is None:
        cuts = held_cuts(length)
        judge, whose = held_out(corpus, length, cuts), "spread over it held out"
    else:
        _apart(corpus, validation)
        judge, whose, other = validation.pieces(), "of another", _named(validation)
    known = tokenizer
    if known is None:
        known, said = learn_tokenizer(lambda: learned(corpus, length, cuts), settings.tokens, settings.vocabulary)
    else:
        said = f"{known.name}, {known.size:,} of them, those of the model"
    stored, digest = write_learned(corpus, length, cuts, known, place / "learned.npy")
    kept = write_tokens(judge, known, place / "held.npy")
    notes = [
        Note("inferred", 1, f"{length:,} characters of text, {kept.characters:,} {whose} to judge by"),
        Note("inferred", 1, f"tokens: {said}"),
    ]
    if tokenizer and stored.unknown:
        notes.append(Note("warning", stored.unknown, f"{stored.unknown:,} characters are unknown to the model"))
    text, held = (open_tokens(place / f"{name}.npy", known.size) for name in ("learned", "held"))
    if len(np.unique(text[:SEEN])) < 2:
        raise DataError("the text is one symbol over and over: there is nothing to learn in it")
    held_of_it = 0 if other else kept.characters
    source = Source(_named(corpus), corpus.encoding, stored.characters, held_of_it, digest, other)
    return Texts(source, known, text, Read.of(held, kept, known), tuple(notes))


def fit_model(
    texts: Texts,
    settings: Settings,
    *,
    start: Model | None = None,
    checkpoints: Checkpoints | None = None,
    progress: Callable[[Recipe], Progress] | None = None,
    began: float | None = None,
) -> Model:
    """Train on ``texts``, from the weights of ``start`` or from none, and keep what does best on the held-out part.

    The network and its noise are chosen by the time there is and the speed of this machine, or without a time by the
    epochs alone. ``began`` is when the clock of that time started; at least half of the time is for training, however
    long the reading took. With ``checkpoints`` a training that was killed goes on, to the bits of one that was not
    where no time bounds it; they are left for the caller to clear.
    """
    began, behind = time.monotonic() if began is None else began, 0.0
    if checkpoints:
        network = None if start is None else start.network
        wanted = identity(texts.source.digest, texts.held.tokens, texts.tokenizer, settings, network)
        (behind,) = checkpoints.open(wanted, 1, CHANGES)
    beside, order = ngram_scores(texts.held, texts.learned, texts.tokenizer.size)

    def left() -> float | None:
        """The seconds to train in: what was spent on reading counts, but never more than half of them."""
        total = settings.seconds
        return None if total is None else total - min(time.monotonic() - began, total / 2)

    def choose() -> dict[str, object]:
        now = left()
        return _choose(texts, settings, start, None if now is None else max(now - behind, 0.05)).to_json()

    recipe = Recipe.from_json(checkpoints.remember("recipe", choose) if checkpoints else choose())
    network = _network(recipe, start, derive_seed(settings.seed, "weights"))
    streams = Streams(texts.learned, recipe.batch_size, recipe.stretch, recipe.forgetful, settings.seed)
    record = train_network(
        network,
        streams,
        windows(texts.held.tokens, min(JUDGED, len(texts.held.tokens) - 1), recipe.judged),
        plan=_plan(recipe, left()),
        seed=settings.seed,
        checkpoint=checkpoints.path(0) if checkpoints else None,
        progress=progress(recipe) if progress else None,
    )
    ours = texts.held.scores(nats for nats, _ in carried(network, texts.held.tokens))
    judgement = Judgement(ours.nats_per_character, beside.nats_per_character, order)
    return Model(settings, texts.tokenizer, recipe, network, texts.source, record, judgement)


def write_learned(
    corpus: Corpus, length: int, cuts: Sequence[int], tokenizer: Tokenizer, place: Path
) -> tuple[Stored, str]:
    """Write the tokens of what is learned of the first ``length`` characters of ``corpus``; also its SHA-256."""
    found = hashlib.sha256()

    def hashed() -> Iterator[str]:
        for piece in learned(corpus, length, cuts):
            found.update(piece.encode("utf-8", "surrogatepass"))
            yield piece

    return write_tokens(hashed(), tokenizer, place), found.hexdigest()


def _length(corpus: Corpus, use: str) -> int:
    length = sum(map(len, corpus.pieces()))
    if length < FEWEST:
        raise DataError(f"the text has {length} characters, too few {use}: give at least {FEWEST}")
    return length


def _apart(corpus: Corpus, validation: Corpus) -> None:
    _length(validation, "to judge by")
    learned_from = {path.resolve() for path in corpus.files}
    if both := [str(path) for path in validation.files if path.resolve() in learned_from]:
        raise InputError(f"{both[0]} is given to learn from and to judge by: the text that judges must be another")


def _named(corpus: Corpus) -> tuple[str, ...]:
    return tuple(str(path if str(path) == "-" else path.absolute()) for path in corpus.files)


def _choose(texts: Texts, settings: Settings, start: Model | None, left: float | None) -> Recipe:
    size = texts.tokenizer.size
    budget = None
    if left is not None:
        measured = min(MEASURED, left / 20)
        budget = measure_speed(size, measured) * (left - measured)
    recipe = choose_recipe(
        settings, len(texts.learned), vocabulary=size, budget=budget, shape=start.recipe.shape if start else None
    )
    return replace(recipe, learning_rate=recipe.learning_rate / 3) if start and not settings.learning_rate else recipe


def _network(recipe: Recipe, start: Model | None, seed: int) -> TextNetwork:
    """A new network, or the old one with the noise of a training; torch's own generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        network = TextNetwork(recipe.shape, recipe.noise)
    if start is not None:
        network.load_state_dict(start.network.state_dict())
    return network


def _plan(recipe: Recipe, max_time: float | None) -> Plan:
    return Plan(
        max_epochs=recipe.epochs,
        max_time=max_time,
        learning_rate=recipe.learning_rate,
        weight_decay=0.01,
        warmup=0.05,
        steps_per_epoch=recipe.epoch_steps,
    )
