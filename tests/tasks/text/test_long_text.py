"""A text of any length is read, learned from and judged in the memory that a short one takes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

MEGABYTE = 1 << 20

SCRIPT = """
import os, sys
from pathlib import Path
from recollect.data import corpus
from recollect.tasks.text.data import Streams
from recollect.tasks.text.fitting import read_texts
from recollect.tasks.text.resuming import identity
from recollect.tasks.text.settings import Settings

corpus._PIECE = 1 << 16  # or what a piece takes would hide what the whole does

def work(text, tokens):
    settings = Settings(tokens=tokens)
    texts = read_texts(corpus.Corpus(text), settings, Path(text).parent)
    identity(texts.source.digest, texts.held.tokens, texts.tokenizer, settings, None)
    list(Streams(texts.learned, 32, 64, 0.2, 0).stretches(0, 10))

def peak(*asked):
    child = os.fork()  # its peak does not know of what the imports took
    if not child:
        work(*asked)
        os._exit(0)
    _, status, used = os.wait4(child, 0)
    assert not status
    return used.ru_maxrss

for tokens in ("characters", "bytes"):
    short, long = (peak(text, tokens) for text in sys.argv[1:])
    print(long - short)
"""


def test_a_long_text_takes_no_more_memory_than_a_short_one(book: Path, tmp_path: Path) -> None:
    part = book.read_bytes()
    sizes = {"short.txt": 3 * MEGABYTE, "long.txt": 27 * MEGABYTE}
    for name, size in sizes.items():
        (tmp_path / name).write_bytes((part * (size // len(part) + 1))[:size])
    command = [sys.executable, "-c", SCRIPT, *(str(tmp_path / name) for name in sizes)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    for grown in done.stdout.split():
        assert int(grown) < 6 * 1024, "kB, of 24 MB that the one text is longer"
