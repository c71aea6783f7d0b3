"""Text: what a training of so many seconds reaches, and how fast a network reads and writes.

    python benchmarks/bench_text.py shakespeare --data DIR --max-time 180
    python benchmarks/bench_text.py ptb --data DIR --max-time 1800
    python benchmarks/bench_text.py writing
    python benchmarks/bench_text.py training

DIR holds tinyshakespeare/input.txt and ptb/ptb.{train,test}.txt.gz. Of tinyshakespeare the last 10 % are the test, as
in nanoGPT, and of what lies before them the last 3 % choose the weights; PTB's parts are those of Mikolov, read as
characters as in Bai, Kolter & Koltun 2018, arXiv:1803.01271. Nothing is tuned on a test part. The seconds are those of
the whole process up to the trained model. ``writing`` and ``training`` measure speed on random weights, the best of
several; ``--peer`` trains a transformer for the same time in the same run (text_transformer.py).
"""

# ruff: noqa: E402 (the imports are part of what is timed)
from __future__ import annotations

import time

BEGAN = time.perf_counter()

import argparse
import gzip
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

import recollect
from recollect import TextGenerator
from recollect.core.state import LSTMState
from recollect.nn.decode import Sampling
from recollect.tasks.text.data import Stretch
from recollect.tasks.text.generation import Writer
from recollect.tasks.text.learning import Reader
from recollect.tasks.text.network import Shape, TextNetwork

PEER = Path(__file__).parent / "text_transformer.py"
TURNS = 4  # of a repeat, where two take turns


def shakespeare(asked: argparse.Namespace) -> None:
    """Train on the first 90 % and score the last 10 %."""
    text = (asked.data / "tinyshakespeare" / "input.txt").read_text(encoding="utf-8")
    cut = int(0.9 * len(text))
    train_and_score(asked, text[:cut], text[cut:])


def ptb(asked: argparse.Namespace) -> None:
    """Train on Mikolov's training part and score his test part."""
    files = (asked.data / "ptb" / f"ptb.{part}.txt.gz" for part in ("train", "test"))
    parts = (gzip.decompress(file.read_bytes()).decode() for file in files)
    train_and_score(asked, *parts)


def train_and_score(asked: argparse.Namespace, learned: str, test: str) -> None:
    """Train for the time that is left of the whole, score the test part under every protocol, and print it."""
    with tempfile.TemporaryDirectory() as place:
        files = [Path(place) / name for name in ("learned.txt", "test.txt")]
        for file, text in zip(files, (learned, test), strict=True):
            file.write_text(text, encoding="utf-8")
        left = asked.max_time - (time.perf_counter() - BEGAN)
        generator = TextGenerator(max_time=left, hidden_size=asked.hidden_size, dropout=asked.dropout, seed=asked.seed)
        generator.fit(files[0])
        seconds = time.perf_counter() - BEGAN
        model = generator.model
        read = model.record.steps * model.recipe.batch_size * model.recipe.stretch
        print(f"{asked.what}: {len(learned):,} characters to learn from, {len(test):,} of test")
        print(f"whole process to the trained model {seconds:.0f} s; {model.recipe}")
        print(f"{read:,} characters read, {read / model.record.seconds:,.0f} a second; {model.record.best_epoch} of "
              f"{model.record.epochs} epochs kept; held out {model.judgement.ours:.4f} nats")  # fmt: skip
        for name, scores in generator.evaluate(files[1]).scores.items():
            print(f"{name:16} {scores.nats_per_character:.4f} nats  {scores.bits_per_character:.4f} bits per character")
        if asked.peer:
            command = [sys.executable, str(PEER), str(files[0]), str(files[1]), "--max-time", str(asked.max_time)]
            subprocess.run(command, check=True)


def writing(asked: argparse.Namespace) -> None:
    """Characters a second of the stream and of many streams side by side, temperature 0.8."""
    model = random_model(512)
    for samples, length in ((1, 3000), (64, 300)):
        rates = []
        for _ in range(asked.repeats):
            writer = Writer(model, samples).read("THE")
            began = time.perf_counter()
            for _ in writer.write(length, Sampling(0.8, banned=model.banned), asked.seed):
                pass
            rates.append(samples * length / (time.perf_counter() - began))
        shown = ", ".join(f"{rate:,.0f}" for rate in rates)
        print(f"{samples:3} streams of 512 units: {max(rates):,.0f} characters/s  (of {shown})")


def training(asked: argparse.Namespace) -> None:
    """Characters a second of a training step, ours and with torch.nn.LSTM in the same network, taking short turns.

    The speeds are the best of the turns, the ratio is the median of those of neighbours: a machine's pace changes.
    """
    print("units  batch  ours/s  torch/s  ratio")
    for units, batch in ((128, 32), (256, 32), (384, 32), (512, 32)):
        shape = Shape(66, 64, units, 1, tied=False)
        ours, theirs = (Reader(network, batch) for network in (TextNetwork(shape), with_torch(shape)))
        rates: dict[str, list[float]] = {"ours": [], "torch": []}
        steps = {"ours": step_of(ours, batch), "torch": step_of(theirs, batch)}
        for _ in range(TURNS * asked.repeats):
            for name, step in steps.items():
                rates[name].append(batch * 64 / seconds_of(step, 0.3))
        best = {name: max(found) for name, found in rates.items()}
        ratio = statistics.median(a / b for a, b in zip(rates["ours"], rates["torch"], strict=True))
        print(f"{units:5}  {batch:5}  {best['ours']:,.0f}  {best['torch']:,.0f}  {ratio:.2f}", flush=True)


class TorchLSTM(nn.LSTM):
    """torch's own, with the state as ours names it."""

    def forward(self, x: torch.Tensor, state: LSTMState) -> tuple[torch.Tensor, LSTMState]:  # type: ignore[override]
        output, last = super().forward(x, (state.h, state.c))
        return output, LSTMState(*last)


def with_torch(shape: Shape) -> TextNetwork:
    network = TextNetwork(shape)
    network.lstm = TorchLSTM(shape.embedding_size, shape.hidden_size, shape.num_layers)  # type: ignore[assignment]
    return network


def step_of(reader: Reader, batch: int) -> Callable[[], None]:
    """One step of training: loss, gradient, AdamW."""
    optimizer = torch.optim.AdamW(reader.parameters(), fused=True)
    stretch = Stretch(torch.randint(66, (65, batch)), torch.ones(batch))

    def step() -> None:
        optimizer.zero_grad()
        torch.autograd.backward(reader.loss(stretch))
        optimizer.step()

    return step


def seconds_of(step: Callable[[], None], least: float = 1.5) -> float:
    """Seconds of one step, the mean over ``least`` seconds, after one to wake up."""
    step()
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < least:
        step()
        count += 1
    return (time.perf_counter() - began) / count


def random_model(units: int):
    """A model that has learnt almost nothing, of 66 symbols and one layer of ``units``."""
    with tempfile.TemporaryDirectory() as place:
        letters = "".join(map(chr, range(32, 96))) + "\n"
        file = Path(place) / "text.txt"
        file.write_text(letters * 20, encoding="utf-8")
        return TextGenerator(hidden_size=units, max_epochs=1).fit(file).model


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("shakespeare", "ptb", "writing", "training"))
    parser.add_argument("--data", type=Path)
    parser.add_argument("--max-time", type=float, default=180.0)
    parser.add_argument("--hidden-size", type=int)
    parser.add_argument("--dropout", type=float)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--peer", action="store_true", help="then train a transformer for the same time")
    asked = parser.parse_args()
    print(f"recollect {recollect.__version__}, torch {torch.__version__}, {torch.get_num_threads()} threads")
    {"shakespeare": shakespeare, "ptb": ptb, "writing": writing, "training": training}[asked.what](asked)


if __name__ == "__main__":
    main()
