"""A text of any size: what `recollect text train` takes of time and memory, phase by phase.

    python benchmarks/bench_text_size.py --data DIR --size 1000 --max-time 60 [--tokens bytes] [--place DIR]

Lines of English, German and French, drawn from DIR/tinyshakespeare and DIR/multi30k, fill a file of ``--size`` million
bytes. Then the command trains on it in a process of its own, whose steps are timed; the peak is the most memory that
the process has held so far, libraries and mapped pages of files included.
"""

from __future__ import annotations

import argparse
import functools
import gzip
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

STEPS = {
    "recollect.tasks.text.fitting": (
        "learn_tokenizer", "write_learned", "write_tokens", "identity", "ngram_scores", "measure_speed",
        "train_network",
    ),
    "recollect.tasks.text.estimator": ("read_texts", "fit_model", "save_model"),
}  # fmt: skip


def main() -> None:
    """Write the text, train on it, print what each step took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--size", type=int, default=1000, help="million bytes")
    parser.add_argument("--max-time", default="60")
    parser.add_argument("--tokens", default="auto")
    parser.add_argument("--place", type=Path, help="folder for the text and the model, on a disk")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.place) as folder:
        text, model = Path(folder, "big.txt"), Path(folder, "model")
        write_text(asked.data, text, asked.size * 1_000_000)
        options = ["--max-time", asked.max_time, "--tokens", asked.tokens]
        print(f"{text.stat().st_size:,} bytes, {' '.join(options)}", flush=True)
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, __file__, "--inside", "text", "train", text, "--out", model, *options], check=True
        )
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        say("all", time.perf_counter() - began, used.ru_utime + used.ru_stime, resource.RUSAGE_CHILDREN)


def write_text(data: Path, place: Path, size: int) -> None:
    """Lines in an order drawn anew for each million, until the file has its size."""
    lines = (data / "tinyshakespeare" / "input.txt").read_text(encoding="utf-8").splitlines()
    for language in ("en", "de", "fr"):
        with gzip.open(data / "multi30k" / f"train.{language}.gz", "rt", encoding="utf-8") as file:
            lines += file.read().splitlines()
    drawn = random.Random(0)
    with place.open("wb") as file:
        while (left := size - file.tell()) > 0:
            file.write("".join(f"{line}\n" for line in drawn.choices(lines, k=200_000)).encode()[:left])


def inside(words: list[str]) -> None:
    """The command, with each of ``STEPS`` timed."""
    import importlib

    from recollect.cli import main as command

    for module, names in STEPS.items():
        for name in names:
            place = importlib.import_module(module)
            setattr(place, name, timed(name, getattr(place, name)))
    print("| step | seconds | of the processor | peak so far, MB |\n|---|---|---|---|", flush=True)
    sys.argv = ["recollect", *words]
    command()


def timed(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
    """``work``, and a row that says what it took."""

    @functools.wraps(work)
    def timing(*given: object, **named: object) -> object:
        began, used = time.perf_counter(), time.process_time()
        found = work(*given, **named)
        say(name, time.perf_counter() - began, time.process_time() - used, resource.RUSAGE_SELF)
        return found

    return timing


def say(name: str, seconds: float, used: float, whose: int) -> None:
    """A row of the table; Linux counts the peak in kilobytes."""
    print(f"| {name} | {seconds:.1f} | {used:.1f} | {resource.getrusage(whose).ru_maxrss / 1000:,.0f} |", flush=True)


if __name__ == "__main__":
    inside(sys.argv[2:]) if sys.argv[1:2] == ["--inside"] else main()
