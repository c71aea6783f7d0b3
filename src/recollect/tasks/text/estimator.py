"""The text generator: fit, generate, evaluate, save and load."""

from __future__ import annotations

import math
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from recollect.core.checks import require
from recollect.core.errors import InputError
from recollect.core.notes import Note
from recollect.data.corpus import Corpus
from recollect.data.token_store import open_tokens, write_tokens
from recollect.data.vocabulary import AUTO
from recollect.nn.decode import Sampling
from recollect.tasks.text.artifact import load_model, save_model
from recollect.tasks.text.data import Tokens, held_cuts
from recollect.tasks.text.evaluation import Evaluation, Read, evaluate_model
from recollect.tasks.text.fitting import fit_model, read_texts, write_learned
from recollect.tasks.text.generation import Writer
from recollect.tasks.text.memory import Memory, look_inside
from recollect.tasks.text.model import Model
from recollect.tasks.text.scoring import carried
from recollect.tasks.text.settings import Settings
from recollect.tasks.text.sizing import ENDLESS, Recipe
from recollect.train.progress import Progress, RichProgress
from recollect.train.resuming import Checkpoints

__all__ = ["TextGenerator", "check_amounts"]

Places = str | Path | Sequence[str | Path]


class TextGenerator:
    """A language network: it learns from text what comes next, writes on, and tells what surprises it.

    An LSTM reads the text as streams that never end; its size, its noise and the length of its training follow from the
    time there is and the speed of the machine. docs/explanation/writing.md tells how and why.

    Args:
        tokens: what the text is read in: "characters", "bytes", "bpe", or "auto": characters as long as they are few.
        vocabulary: V of "bpe".
        embedding_size: E; None chooses.
        hidden_size: H, units of each LSTM layer; None lets the time decide.
        num_layers: L; None chooses.
        dropout: share that training drops (of outputs, of the entries of R, a third of it of embeddings); None lets the
            number of passes over the text decide.
        batch_size: B streams that are read side by side.
        stretch: T tokens between two updates; the state is carried on.
        learning_rate: the peak; None chooses.
        max_epochs: passes over the text. With it and without ``max_time`` the same seed gives the same bits.
        max_time: seconds that reading and training may take, of which at least half are for training; 180 where neither
            is given. With it a run depends on the clock.
        seed: of everything that is drawn.

    Raises InputError for values out of range.
    """

    def __init__(
        self,
        *,
        tokens: str = "auto",
        vocabulary: int = 4096,
        embedding_size: int | None = None,
        hidden_size: int | None = None,
        num_layers: int | None = None,
        dropout: float | None = None,
        batch_size: int | None = None,
        stretch: int = 64,
        learning_rate: float | None = None,
        max_epochs: int | None = None,
        max_time: float | None = None,
        seed: int = 0,
    ) -> None:
        self.settings = Settings(
            tokens, vocabulary, embedding_size, hidden_size, num_layers, dropout, batch_size, stretch, learning_rate,
            max_epochs, max_time, seed,
        )  # fmt: skip
        self.notes: tuple[Note, ...] = ()
        self._model: Model | None = None

    def fit(
        self,
        corpus: Places,
        *,
        validation: Places | None = None,
        start: TextGenerator | None = None,
        encoding: str = "utf-8",
        checkpoint: str | Path | None = None,
    ) -> TextGenerator:
        """Learn from ``corpus``: files and folders of text, gzip or not.

        ``validation``, other text, trains nothing and decides which weights are kept; without it passages spread over
        the corpus do, 3 per cent and at most 200,000 characters in all. ``start`` is a model to go on from, in its
        tokens and its size. ``checkpoint`` is a folder that holds the state of the training, every half minute, until
        it is done. If it was killed, the same call goes on from there, without ``max_time`` to the same bits; other
        text or settings start anew.

        Raises DataError for text that cannot be used, and says where and why; InputError for a file that is both
        corpus and validation.
        """
        kept = None if checkpoint is None else Checkpoints(Path(checkpoint), "recollect-training", self._note)
        with tempfile.TemporaryDirectory(prefix="recollect-") as place:
            judge = None if validation is None else Corpus(validation, encoding)
            self.fit_corpus(Corpus(corpus, encoding), Path(place), validation=judge, start=start, checkpoints=kept)
        if kept and self.model.record.stopped != "interrupted":
            kept.clear()
        return self

    def fit_corpus(
        self,
        corpus: Corpus,
        place: Path,
        *,
        validation: Corpus | None = None,
        start: TextGenerator | None = None,
        checkpoints: Checkpoints | None = None,
        progress: Callable[[Recipe], Progress] | None = None,
        tell: Callable[[Note], None] | None = None,
    ) -> TextGenerator:
        """Learn from ``corpus`` with its tokens in ``place``; ``progress`` makes a bar, ``tell`` is given the notes."""
        began = time.monotonic()
        if start:
            _check_start(self.settings, start.model)
        texts = read_texts(corpus, self.settings, place, start.model.tokenizer if start else None, validation)
        self.notes = (*texts.notes, *_late(self.settings.seconds, time.monotonic() - began))
        for note in self.notes if tell else ():
            tell(note)  # type: ignore[misc]
        self._model = fit_model(
            texts, self.settings, start=start.model if start else None, checkpoints=checkpoints,
            progress=progress or training_bar, began=began,
        )  # fmt: skip
        return self

    @property
    def model(self) -> Model:
        """What was learnt; raises InputError before ``fit``."""
        if self._model is None:
            raise InputError("this TextGenerator has learnt nothing yet: call fit first, or TextGenerator.load")
        return self._model

    def generate(
        self,
        prompt: str = "",
        length: int = 500,
        *,
        temperature: float = 0.8,
        top_k: int = 0,
        top_p: float = 1.0,
        min_p: float = 0.0,
        repetition_penalty: float = 1.0,
        stop: str | Sequence[str] = (),
        samples: int = 1,
        seed: int = 0,
    ) -> str | list[str]:
        """What may come after ``prompt``: ``length`` tokens or up to a ``stop``; a list if ``samples`` is more than 1.

        ``temperature`` 0 takes the likeliest token, 1 draws as the network says; ``top_k``, ``top_p`` and ``min_p``
        leave out unlikely ones; ``repetition_penalty`` above 1 shuns the newest tokens. The same seed gives the same
        text. Raises InputError for values out of range, and for symbols that the model has never seen.
        """
        check_amounts(length, samples, seed)
        sampling = Sampling(temperature, top_k, top_p, min_p, repetition_penalty, banned=self.model.banned)
        pieces = self.writer(prompt, samples).write(length, sampling, seed, _several(stop))
        written = ["".join(parts) for parts in zip(*pieces, strict=True)]
        return written[0] if samples == 1 else written

    def stream(
        self, prompt: str = "", length: int | None = None, *, temperature: float = 0.8, min_p: float = 0.0,
        stop: str | Sequence[str] = (), seed: int = 0,
    ) -> Iterator[str]:  # fmt: skip
        """The same, piece by piece as it is written, and without end if ``length`` is None: in constant memory."""
        check_amounts(length, 1, seed)
        sampling = Sampling(temperature, min_p=min_p, banned=self.model.banned)
        for (piece,) in self.writer(prompt).write(length, sampling, seed, _several(stop)):
            if piece:
                yield piece

    def next_tokens(self, prompt: str = "", count: int = 10) -> list[tuple[str, float]]:
        """The ``count`` likeliest tokens to come after ``prompt``, with their probabilities, the likeliest first."""
        return self.writer(prompt).choices(count)

    def writer(self, prompt: str = "", samples: int = 1) -> Writer:
        """Streams that have read ``prompt``, to write, save and resume by hand."""
        return Writer(self.model, samples).read(prompt)

    def evaluate(
        self, text: Places, *, corpus: Places | None = None, dynamic: bool = False, encoding: str = "utf-8"
    ) -> Evaluation:
        """How well ``text``, files that the model has never seen, is foretold: scores by protocol.

        Once with the state carried through, and once for each of ``evaluation.WINDOWS`` in windows that are read from
        nothing. Beside them n-grams with modified Kneser-Ney smoothing, counted in the text of the training, if that is
        still where it was or is given as ``corpus``. With ``dynamic`` also as a network that goes on learning from the
        text once it has foretold it, which is another thing and stands apart.

        Raises DataError for text that cannot be used, InputError for a ``corpus`` that is not that of the training.
        """
        with tempfile.TemporaryDirectory(prefix="recollect-") as place:
            read = self.read(text, Path(place) / "text.npy", encoding)
            learned = self._learned(Path(place) / "learned.npy", corpus)
            return evaluate_model(self.model, read, learned, dynamically=dynamic)

    def surprises(self, text: Places, *, encoding: str = "utf-8") -> Iterator[tuple[str, float]]:
        """Each token of ``text`` but the first, and the bits that it cost the network, which had read all before."""
        with tempfile.TemporaryDirectory(prefix="recollect-") as place:
            tokens, first = self.read(text, Path(place) / "text.npy", encoding).tokens, 1
            for nats, _ in carried(self.model.network, tokens):
                for token, cost in zip(tokens[first : first + len(nats)].tolist(), nats.tolist(), strict=True):
                    yield self.model.tokenizer.decode([token]), cost / math.log(2)
                first += len(nats)

    def memory(self, text: Places, *, encoding: str = "utf-8") -> Memory:
        """What the LSTM keeps while it reads the first 10,000 tokens of ``text``: see ``look_inside``."""
        with tempfile.TemporaryDirectory(prefix="recollect-") as place:
            return look_inside(self.model, self.read(text, Path(place) / "text.npy", encoding).tokens)

    def read(self, text: Places, place: Path, encoding: str = "utf-8") -> Read:
        """``text`` in the tokens of the model, in a file at ``place``."""
        tokenizer = self.model.tokenizer
        stored = write_tokens(Corpus(text, encoding).pieces(), tokenizer, place)
        return Read.of(open_tokens(place, tokenizer.size), stored, tokenizer)

    def save(self, folder: str | Path) -> None:
        """Write manifest.json, weights.safetensors and tokenizer.json; raises OutputError."""
        save_model(self.model, Path(folder))

    @classmethod
    def load(cls, folder: str | Path) -> TextGenerator:
        """Read what ``save`` wrote; executes nothing. Raises ArtifactError for a folder that cannot be used."""
        generator = cls()
        generator._model = load_model(Path(folder))
        generator.settings = generator._model.settings
        return generator

    def _learned(self, place: Path, corpus: Places | None) -> Tokens | None:
        """The tokens of the training, if its text can be had."""
        source, tokenizer = self.model.source, self.model.tokenizer
        if corpus is None and not all(Path(file).is_file() for file in source.files):
            return None
        found = Corpus(source.files if corpus is None else corpus, source.encoding)
        length = source.characters + source.held
        cuts = held_cuts(length) if source.held else ()
        if write_learned(found, length, cuts, tokenizer, place)[1] != source.digest:
            if corpus is None:
                return None
            raise InputError("the corpus is not the text that this model has learnt from, as it was then")
        return open_tokens(place, tokenizer.size)

    def _note(self, text: str) -> None:
        self.notes = (*self.notes, Note("inferred", 1, f"training: {text}"))


def _late(seconds: float | None, spent: float) -> list[Note]:
    """What to say where reading has taken more than half of the time."""
    if seconds is None or spent <= seconds / 2:
        return []
    text = f"reading took {spent:.1f} s; half of the {seconds:g} s are for training all the same"
    return [Note("warning", 1, text)]


def training_bar(recipe: Recipe) -> Progress:
    """A bar that counts tokens, and says how well the held-out text is foretold."""
    rows = recipe.batch_size * recipe.stretch
    return RichProgress("training", rows=rows, unit="tokens", epochs=recipe.epochs < ENDLESS, scores=_in_bits)


def _in_bits(loss: float, held: float | None) -> list[str]:
    said = [f"loss {loss:.3f} nats"]
    return said if held is None else [*said, f"held out {held:.3f} = {held / math.log(2):.2f} bits"]


def _check_start(settings: Settings, start: Model) -> None:
    """Raise InputError where another size or other tokens are asked for than those of the model to go on from."""
    shape, tokens = start.recipe.shape, start.tokenizer.name
    for name in ("embedding_size", "hidden_size", "num_layers"):
        asked, has = getattr(settings, name), getattr(shape, name)
        require(asked in (None, has), name, asked, f"{has}, as in the model to go on from, or left out")
    require(settings.tokens in (AUTO, tokens), "tokens", settings.tokens, f"{tokens}, as in the model to go on from")


def check_amounts(length: int | None, samples: int, seed: int) -> None:
    """Raise InputError unless so many texts of that length can be drawn from that seed."""
    require(samples >= 1, "samples", samples, "a whole number of at least 1")
    require(length is None or 0 <= length <= sys.maxsize, "length", length, "a whole number of at least 0")
    require(-(2**63) <= seed < 2**64, "seed", seed, "a whole number of at most 64 bits")


def _several(stop: str | Sequence[str]) -> Sequence[str]:
    return (stop,) if isinstance(stop, str) and stop else stop
