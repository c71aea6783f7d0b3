"""What the commands do, from files of text to a model, to more text and to scores."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from recollect.core.errors import InputError
from recollect.data.corpus import Corpus
from recollect.nn.decode import Sampling
from recollect.report.terminal import results_console, say_files, teller, warnings_told
from recollect.tasks.text.estimator import TextGenerator
from recollect.tasks.text.generation import Writer
from recollect.tasks.text.options import Choosing, Learning, Writing
from recollect.tasks.text.terminal import say_evaluation, say_training
from recollect.train.sitting import sitting

__all__ = ["evaluate", "generate", "train"]

SAMPLE = 300


@warnings_told()
def train(corpus: Sequence[Path], learning: Learning, out: Path) -> None:
    """Read, learn, save, and show a sample."""
    console = results_console()
    start = None if learning.start is None else TextGenerator.load(learning.start)
    generator = TextGenerator(
        tokens=learning.tokens.value,
        vocabulary=learning.vocabulary,
        hidden_size=learning.hidden_size,
        num_layers=learning.num_layers,
        dropout=learning.dropout,
        max_epochs=learning.max_epochs,
        max_time=learning.max_time,
        seed=learning.seed,
    )
    tell = teller(console)
    with sitting(out, tell) as now:
        checkpoints = now.checkpoints("model", "training")
        read = Corpus(corpus, learning.encoding)
        generator.fit_corpus(read, now.home, start=start, checkpoints=checkpoints, tell=tell)
        generator.save(now.stage)
        now.unfinished = generator.model.record.stopped == "interrupted"
    say_training(console, generator.model)
    _show_sample(console, generator)
    say_files(console, out, ["manifest.json", "weights.safetensors", "tokenizer.json"])


@warnings_told()
def generate(model: Path, writing: Writing, choosing: Choosing) -> None:
    """Write on from a prompt."""
    generator = TextGenerator.load(model)
    writer = _begun(generator, writing)
    sampling = Sampling(
        choosing.temperature, choosing.top_k, choosing.top_p, choosing.min_p, choosing.repetition_penalty,
        banned=generator.model.banned,
    )  # fmt: skip
    for pieces in writer.write(writing.length or None, sampling, choosing.seed, writing.stop or ()):
        sys.stdout.write(pieces[0])
        sys.stdout.flush()
    sys.stdout.write("\n")
    if writing.save_state:
        writer.save(writing.save_state)


@warnings_told()
def evaluate(model: Path, text: Sequence[Path], corpus: Sequence[Path] | None, encoding: str) -> None:
    """Score a model on text that it has never seen, beside n-grams."""
    console = results_console()
    generator = TextGenerator.load(model)
    found = generator.evaluate(text, corpus=corpus, encoding=encoding)
    say_evaluation(console, found)


def _begun(generator: TextGenerator, writing: Writing) -> Writer:
    prompt = writing.prompt or ""
    if writing.prompt_file is not None:
        if writing.prompt is not None:
            raise InputError("--prompt and --prompt-file are both given: choose one")
        prompt = "".join(Corpus(writing.prompt_file).pieces())
    writer = Writer(generator.model, writing.samples)
    if writing.state is not None:
        writer.resume(writing.state)
    if prompt and writing.samples == 1:
        sys.stdout.write(prompt)
    return writer.read(prompt)


def _show_sample(console: Console, generator: TextGenerator) -> None:
    console.print(Text("\nA sample:", "dim"))
    console.print(Text(str(generator.generate(length=SAMPLE, seed=generator.settings.seed))))
    console.print()
