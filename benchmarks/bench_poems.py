"""Poems of the Tang: does a trained network keep their form and their rhyme, and how much more often than chance?

    python benchmarks/bench_poems.py --data DIR --max-time 600

DIR holds chinese_poetry/tang_poems.jsonl.gz. Poems of regular form (4 or 8 lines of all five or all seven characters)
that share at most one line with one before are shuffled and split by the poem: a twentieth is the test, the others
teach. `TextGenerator` learns from a file with a poem on each line, as `recollect text train` would, and then writes
poems from an empty prompt, at the temperature that `generate` has by default. n-grams of the same text write as many
at the same temperature. What rhymes is told in two ways, of which only the first looks at these poems: see poems.py,
and its second needs pypinyin. Chance is the same poems with the ends of their even lines shuffled among all of the
same form: the same characters as often as before, in other company. Nothing is tuned on the test part.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import torch
from poems import Learned, Oracle, distinct, ends, form, lines, pairs, read, spoken, told_apart

import recollect
from recollect import TextGenerator
from recollect.evaluate.ngrams import NGrams, choose_order

LONGEST, SHUFFLES, TEMPERATURE = 80, 1000, 0.8
CHOICES = {"hidden_size": int, "embedding_size": int, "dropout": float, "learning_rate": float, "batch_size": int}


def main() -> None:
    """Split, learn, write, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--max-time", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--poems", type=int, default=400, help="how many are written")
    for name, kind in CHOICES.items():
        parser.add_argument("--" + name.replace("_", "-"), type=kind, help="of TextGenerator; left out, it chooses")
    parser.add_argument("--out", type=Path, help="folder for the model and its poems")
    asked = parser.parse_args()
    print(f"recollect {recollect.__version__}, torch {torch.__version__}, {torch.get_num_threads()} threads")
    test, learned = split(asked.data / "chinese_poetry" / "tang_poems.jsonl.gz", asked.seed)
    aside = len(learned) // 10
    oracles: dict[str, Oracle | None] = {
        "by the poems learned": Learned(learned[aside:], learned[:aside], asked.seed),
        "in Mandarin": spoken(),
    }
    print_oracles(oracles, test, asked.seed)
    generator = trained(asked, learned, test)
    written = {"poems of the test part": test, "the network": poems_of(generator, asked.poems, asked.seed)}
    if asked.out:
        asked.out.mkdir(parents=True, exist_ok=True)
        generator.save(asked.out / "model")
        (asked.out / "poems.txt").write_text("\n".join(written["the network"]) + "\n", encoding="utf-8")
    text, tokenizer = "\n" + "\n".join(learned) + "\n", generator.model.tokenizer
    tokens = tokenizer.encode(text)
    order = choose_order(tokens, tokenizer.size)
    for n in dict.fromkeys((order, 8)):
        written[f"{n}-grams"] = poems_by_ngrams(NGrams(tokens, tokenizer.size, n), tokenizer, asked)
    print_forms(written, learned)
    print_rhymes(written, oracles, asked.seed)


def split(path: Path, seed: int) -> tuple[list[str], list[str]]:
    """The test part and the part to learn from; what is left out is said."""
    every = read(path)
    regular = [poem for poem in every if form(poem)]
    kept = distinct(regular)
    test = len(kept) // 20
    shuffled = [kept[n] for n in np.random.default_rng(seed).permutation(len(kept))]
    print(f"{len(every):,} poems; {len(every) - len(regular):,} of another form and {len(regular) - len(kept):,} that "
          f"share two lines or more with one before left out; {len(kept) - test:,} teach, {test:,} test")  # fmt: skip
    return shuffled[:test], shuffled[test:]


def trained(asked: argparse.Namespace, learned: Sequence[str], test: Sequence[str]) -> TextGenerator:
    """Train, score the test part, and print both."""
    with tempfile.TemporaryDirectory() as place:
        files = [Path(place) / name for name in ("learned.txt", "test.txt")]
        for file, poems in zip(files, (learned, test), strict=True):
            file.write_text("\n".join(poems) + "\n", encoding="utf-8")
        began = time.perf_counter()
        chosen = {name: getattr(asked, name) for name in CHOICES}
        generator = TextGenerator(max_time=asked.max_time, seed=asked.seed, **chosen).fit(files[0])
        model = generator.model
        read = model.record.steps * model.recipe.batch_size * model.recipe.stretch
        print(f"trained in {time.perf_counter() - began:.0f} s on {read:,} characters, "
              f"{read / sum(map(len, learned)):.1f} times the text; {model.recipe}")  # fmt: skip
        for name, scores in generator.evaluate(files[1]).scores.items():
            print(f"{name:16} {scores.nats_per_character:.3f} nats per character of the test part")
    return generator


def poems_of(generator: TextGenerator, count: int, seed: int) -> list[str]:
    """Poems from nothing, each up to the end of its line."""
    return list(generator.generate(length=LONGEST, temperature=TEMPERATURE, samples=count, stop="\n", seed=seed))


def poems_by_ngrams(ngrams: NGrams, tokenizer, asked: argparse.Namespace) -> list[str]:
    """As many poems by n-grams, drawn in the same way."""
    random, (end,) = np.random.default_rng(asked.seed), tokenizer.encode("\n")

    @cache
    def ahead(before: tuple[int, ...]) -> np.ndarray:
        chance = ngrams.probabilities(before)
        chance[tokenizer.unknown_id] = 0
        return np.cumsum(chance ** (1 / TEMPERATURE))

    poems = []
    for _ in range(asked.poems):
        poem = [int(end)]
        while len(poem) <= LONGEST and (len(poem) == 1 or poem[-1] != end):
            upto = ahead(tuple(poem[1 - ngrams.order :]))
            poem.append(int(np.searchsorted(upto, random.random() * upto[-1], side="right")))
        poems.append(tokenizer.decode(poem).strip("\n"))
    return poems


def print_oracles(oracles: dict[str, Oracle | None], test: Sequence[str], seed: int) -> None:
    """How often each calls two even lines of a real poem rhymed, and two of different poems."""
    print("\n| what rhymes | pairs of one poem of the test part | pairs drawn from all of them |\n|---|---|---|")
    for name, oracle in oracles.items():
        if oracle is None:
            print(f"| {name} | not measured: pip install pypinyin | |")
            continue
        shares = (np.mean([oracle(*pair) for pair in found]) for found in told_apart(test, seed))
        print(f"| {name} | {' | '.join(f'{share:.1%}' for share in shares)} |")


def print_forms(written: dict[str, Sequence[str]], learned: Sequence[str]) -> None:
    """How many keep to a form, and how many lines are copies."""
    known = {line for poem in learned for line in lines(poem)}
    print("\n| | poems | all lines of five or all of seven | and 4 or 8 lines | lines of five or seven | lines that "
          "stand in the part learned |\n|---|---|---|---|---|---|")  # fmt: skip
    for name, poems in written.items():
        every = [line for poem in poems for line in lines(poem)]
        sizes = [set(map(len, lines(poem))) for poem in poems]
        shares = (
            np.mean([size in ({5}, {7}) for size in sizes]),
            np.mean([form(poem) is not None for poem in poems]),
            np.mean([len(line) in (5, 7) for line in every]),
            np.mean([line in known for line in every]),
        )
        print(f"| {name} | {len(poems)} | {' | '.join(f'{share:.1%}' for share in shares)} |")


def print_rhymes(written: dict[str, Sequence[str]], oracles: dict[str, Oracle | None], seed: int) -> None:
    """How many pairs of even lines rhyme, beside chance."""
    print("\n| | pairs of even lines | what rhymes | pairs that rhyme (95 % by poems) | shuffled (most of "
          f"{SHUFFLES:,}) | p | poems in one rhyme, shuffled |\n|---|---|---|---|---|---|---|")  # fmt: skip
    for name, poems in written.items():
        for way, oracle in oracles.items():
            if oracle is not None:
                print(f"| {name} | {rhyme_row(poems, way, oracle, np.random.default_rng(seed))} |")


def rhyme_row(poems: Sequence[str], way: str, oracle: Oracle, random: np.random.Generator) -> str:
    """The cells of one row: the share of pairs that rhyme, its interval, chance, and p of a permutation test."""
    kept = [poem for poem in poems if len(ends(poem)) > 1]
    if not kept:
        return f"0 | {way} | | | |"
    groups = [form(poem) for poem in kept]
    counts = rhymed([ends(poem) for poem in kept], oracle)
    share, whole = counts[:, 0].sum() / counts[:, 1].sum(), np.mean(counts[:, 0] == counts[:, 1])
    drawn = counts[random.integers(len(kept), size=(SHUFFLES, len(kept)))].sum(1)
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], [0.025, 0.975])
    chance = [rhymed(shuffled([ends(poem) for poem in kept], groups, random), oracle) for _ in range(SHUFFLES)]
    shares = np.array([found[:, 0].sum() / found[:, 1].sum() for found in chance])
    wholes = np.mean([found[:, 0] == found[:, 1] for found in chance])
    p = (1 + (shares >= share).sum()) / (1 + SHUFFLES)
    shuffle = f"{shares.mean():.1%} ({shares.max():.1%})"
    found = f"{counts[:, 1].sum():,} | {way} | {share:.1%} ({low:.1%} to {high:.1%}) | {shuffle} | {p:.3f}"
    return f"{found} | {whole:.1%}, {wholes:.1%}"


def rhymed(every: Sequence[str], oracle: Oracle) -> np.ndarray:
    """Of each poem's even ends [N]: pairs that rhyme, and pairs [N, 2]."""
    found = [[oracle(*pair) for pair in pairs(one)] for one in every]
    return np.array([(sum(one), len(one)) for one in found])


def shuffled(every: Sequence[str], groups: Sequence[tuple[int, int] | None], random: np.random.Generator) -> list[str]:
    """The ends of each poem exchanged for those of others of its group: the same characters in other company."""
    pool = {group: list("".join(e for e, g in zip(every, groups, strict=True) if g == group)) for group in set(groups)}
    for found in pool.values():
        random.shuffle(found)
    return ["".join(pool[group].pop() for _ in one) for one, group in zip(every, groups, strict=True)]


if __name__ == "__main__":
    main()
