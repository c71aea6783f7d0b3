"""Characters, bytes or BPE: bits per character of Kneser-Ney n-grams over each, on the validation part of a text.

    python benchmarks/bench_tokens.py --data FILE

FILE is a text, or JSON lines (.jsonl.gz) whose "lines" are the text. The first nine tenths teach vocabulary and
n-grams, the next twentieth is scored, the last is not looked at. Unknown characters cost all of Unicode each, so that
the bits would restore the text and the rows can be compared.
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
from collections.abc import Callable
from pathlib import Path

from recollect.data.bpe import BPE
from recollect.data.corpus import Corpus
from recollect.data.tokens import Bytes, Characters, Tokenizer
from recollect.evaluate.ngrams import NGrams
from recollect.evaluate.text_metrics import text_scores

ORDERS = (3, 4, 5, 6, 7, 8)
KINDS: dict[str, Callable[[str], Tokenizer]] = {
    "all characters": lambda text: Characters.learn([text], 1),
    "seen twice": lambda text: Characters.learn([text], 2),
    "seen 5 times": lambda text: Characters.learn([text], 5),
    "bytes": lambda text: Bytes(),
    "BPE 1,024": lambda text: BPE.learn([text], 1024),
    "BPE 4,096": lambda text: BPE.learn([text], 4096),
}


def main() -> None:
    """Learn each vocabulary, count, score, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    path = parser.parse_args().data
    text = read(path)
    first, second = len(text) * 90 // 100, len(text) * 95 // 100
    train, validation = text[:first], text[first:second]
    print(f"{path.name}: {len(text):,} characters, {len(set(text)):,} different; {len(validation):,} scored")
    print("| tokens | V | characters a token | unknown | " + " | ".join(f"order {k}" for k in ORDERS) + " | seconds |")
    print("|---" * (len(ORDERS) + 5) + "|")
    for name, learn in KINDS.items():
        began = time.perf_counter()
        tokenizer = learn(train)
        before, after = tokenizer.encode(train), tokenizer.encode(validation)
        unknown = 0 if tokenizer.unknown_id is None else int((after == tokenizer.unknown_id).sum())
        bits = []
        for order in ORDERS:
            nats = -NGrams(before, tokenizer.size, order).log_probabilities(after, before)
            bits.append(text_scores(nats, len(validation), len(validation.encode()), unknown).bits_per_character)
        cells = [f"**{value:.3f}**" if value == min(bits) else f"{value:.3f}" for value in bits]
        head = f"| {name} | {tokenizer.size:,} | {len(validation) / len(after):.2f} | {unknown / len(after):.2%}"
        print(f"{head} | {' | '.join(cells)} | {time.perf_counter() - began:.0f} |", flush=True)


def read(path: Path) -> str:
    """The text of the file."""
    if path.suffixes[-2:] != [".jsonl", ".gz"]:
        return "".join(Corpus(path).pieces())
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return "\n".join("\n".join(json.loads(line)["lines"]) + "\n" for line in file)


if __name__ == "__main__":
    main()
