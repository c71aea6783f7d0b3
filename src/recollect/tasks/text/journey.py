"""What the commands do, from files of text to a model, to more text and to scores."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.text import Text

from recollect.core.errors import InputError
from recollect.core.files import check_place, staged_folder, write_whole
from recollect.core.notes import Note
from recollect.data.corpus import Corpus
from recollect.nn.decode import Sampling
from recollect.report.canvas import save
from recollect.report.page import write_report
from recollect.report.terminal import errors_console, results_console, say_files, say_notes, teller, warnings_told
from recollect.tasks.text.estimator import TextGenerator, check_amounts
from recollect.tasks.text.generation import Writer
from recollect.tasks.text.interactive import write_together
from recollect.tasks.text.memory_report import build_report, pictures, units_csv
from recollect.tasks.text.options import Choosing, Learning, Writing, check_writing
from recollect.tasks.text.plots import SHOWN, learning_picture, surprise_picture
from recollect.tasks.text.terminal import say_evaluation, say_next, say_training
from recollect.tasks.text.written import scores_json, write_surprises
from recollect.train.sitting import sitting

__all__ = ["evaluate", "generate", "memory", "train"]

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
        judge = Corpus(learning.validation, learning.encoding) if learning.validation else None
        generator.fit_corpus(read, now.home, validation=judge, start=start, checkpoints=checkpoints, tell=tell)
        generator.save(now.stage)
        save(learning_picture(generator.model), now.stage / "learning.png")
        now.unfinished = generator.model.record.stopped == "interrupted"
    say_training(console, generator.model)
    _show_sample(console, generator)
    say_files(console, out, ["manifest.json", "weights.safetensors", "tokenizer.json", "learning.png"])
    say_next(console, out, generator.model)


@warnings_told()
def generate(model: Path, writing: Writing, choosing: Choosing) -> None:
    """Write on from a prompt: drawn, looked for by beam search, or together with the user."""
    check_amounts(writing.length, writing.samples, choosing.seed)
    check_writing(writing, choosing)
    if writing.save_state is not None:
        check_place(writing.save_state)
    generator = TextGenerator.load(model)
    prompt = _prompt(writing)
    writer = Writer(generator.model, writing.samples)
    if writing.state is not None:
        writer.resume(writing.state)
    writer.read(prompt)
    try:
        if writing.interactive:
            sys.stdout.write(write_together(errors_console(), writer, prompt) + "\n")
        elif writing.beam:
            _say_completions(writer, writing, prompt)
        else:
            _write(writer, writing, choosing, prompt)
    finally:
        if writing.save_state:
            writer.save(writing.save_state)


@warnings_told()
def evaluate(
    model: Path, text: Sequence[Path], corpus: Sequence[Path] | None, encoding: str, dynamic: bool, out: Path | None
) -> None:
    """Score a model on text that it has never seen, beside n-grams, and write what surprised it to ``out``."""
    console = results_console()
    generator = TextGenerator.load(model)
    places, source = {str(place.absolute()) for place in text}, generator.model.source
    for known, use in ((source.files, "the model has learnt from"), (source.validation, "the weights were chosen by")):
        if places & set(known):
            seen = f"{use} this text: the scores say nothing of how well it foretells another"
            say_notes(errors_console(), [Note("warning", 1, seen)])
    with nullcontext() if out is None else staged_folder(out) as stage:
        found = generator.evaluate(text, corpus=corpus, dynamic=dynamic, encoding=encoding)
        say_evaluation(console, found)
        if stage is not None:
            write_whole(stage / "scores.json", scores_json(found))
            write_surprises(stage / "surprise.csv", generator.surprises(text, encoding=encoding))
            tokens, bits = zip(*islice(generator.surprises(text, encoding=encoding), SHOWN), strict=True)
            save(surprise_picture(tokens, bits), stage / "surprise.png")
            files = sorted(path.name for path in stage.iterdir())
    if out is not None:
        say_files(console, out, files)


@warnings_told()
def memory(model: Path, data: Path | None, series: str | None, out: Path) -> None:
    """Let a saved model read the text ``data``, and write what is seen inside it."""
    if data is None or series is not None:
        raise InputError("a text generator shows its memory while it reads: recollect memory MODEL TEXT --out DIR")
    generator, console = TextGenerator.load(model), results_console()
    with staged_folder(out) as stage:
        found = generator.memory(data, encoding=generator.model.source.encoding)
        drawn = pictures(found)
        for name, figure in drawn.items():
            for ending in ("png", "svg"):
                save(figure, stage / f"{name.replace(' ', '_')}.{ending}")
        report = build_report(found, drawn)
        write_report(stage / "memory.html", report)
        write_whole(stage / "units.csv", units_csv(found))
        files = sorted(path.name for path in stage.iterdir())
    for sentence in report.headlines:
        console.print(Text(sentence))
    say_files(console, out, files)


def _prompt(writing: Writing) -> str:
    if writing.prompt_file is None:
        return writing.prompt or ""
    return "".join(Corpus(writing.prompt_file, writing.encoding).pieces())


def _write(writer: Writer, writing: Writing, choosing: Choosing, prompt: str) -> None:
    """One text as it comes, or several one below the other when all are done."""
    sampling = Sampling(
        choosing.temperature, choosing.top_k, choosing.top_p, choosing.min_p, choosing.repetition_penalty,
        banned=writer.model.banned,
    )  # fmt: skip
    pieces = writer.write(writing.length or None, sampling, choosing.seed, writing.stop or ())
    if writing.samples == 1:
        sys.stdout.write(prompt)
        for (piece,) in pieces:
            sys.stdout.write(piece)
            sys.stdout.flush()
        sys.stdout.write("\n")
        return
    for number, parts in enumerate(zip(*pieces, strict=True), 1):
        sys.stdout.write(f"--- {number} ---\n{prompt}{''.join(parts)}\n")


def _say_completions(writer: Writer, writing: Writing, prompt: str) -> None:
    decode = writer.model.tokenizer.decode
    for number, found in enumerate(writer.complete(writing.length, writing.beam), 1):
        sys.stdout.write(f"--- {number}: {found.log_probability:.2f} nats ---\n{prompt}{decode(found.tokens)}\n")


def _show_sample(console: Console, generator: TextGenerator) -> None:
    console.print(Text("\nA sample:", "dim"))
    seed = generator.settings.seed % 2**63  # what torch takes
    console.print(Text(str(generator.generate(length=SAMPLE, seed=seed))))
    console.print()
