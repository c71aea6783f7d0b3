"""Poems of the Tang: does a trained network keep their form and their rhyme, and how much more often than chance?

    python benchmarks/bench_poems.py --data DIR --max-time 600

DIR holds chinese_poetry/tang_poems.jsonl.gz. Poems of regular form (4 or 8 lines of all five or all seven characters)
that share at most one line with one before are shuffled and split by the poem: a twentieth is the test, another decides
which weights are kept, the others teach. `TextGenerator` learns from a file with a poem on each line, as `recollect
text train` would, and then writes poems from an empty prompt, at the temperature that `generate` has by default.
n-grams of the same text write as many at the same temperature. What rhymes is told in two ways, of which only the first
looks at these poems: see poems.py, and its second needs pypinyin. Chance is the same poems with the ends of their even
lines shuffled among all of the same form: the same characters as often as before, in other company. Nothing is tuned on
the test part.

With --shortened the first half of the time goes to another text: every poem four times, with the last character of each
of its lines, the last two, the last three, and whole, in one shuffled order. The second half goes on with the poems.

Finer than to count rhymes in what is written: in poems of the test part the ends of the even lines are exchanged for
those of another poem, and at each later one's end the chance is read that the network gives to rhymes. Nothing else
has changed, so what the chance gains is what the network knows of rhyme.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path

import numpy as np
import torch
from poems import MARKS, Learned, Oracle, distinct, ends, form, lines, pairs, read, shortened, spoken, told_apart

import recollect
from recollect import TextGenerator
from recollect.evaluate.ngrams import NGrams, choose_order

LONGEST, SHUFFLES = 80, 1000
SIZES = (1, 2, 3, LONGEST)  # of the lines of --shortened
CHOICES = {"hidden_size": int, "embedding_size": int, "dropout": float, "learning_rate": float, "batch_size": int}


def main() -> None:
    """Split, learn, write, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--max-time", type=float, default=600.0)
    parser.add_argument("--shortened", action="store_true", help="shortened lines among the whole for half of the time")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--poems", type=int, default=400, help="how many are written")
    for name, kind in CHOICES.items():
        parser.add_argument("--" + name.replace("_", "-"), type=kind, help="of TextGenerator; left out, it chooses")
    parser.add_argument("--temperature", type=float, default=0.8, help="of what is written, by the n-grams too")
    parser.add_argument("--out", type=Path, help="folder for the model and its poems")
    parser.add_argument("--model", type=Path, help="a model that --out was given before, in place of a training")
    asked = parser.parse_args()
    print(f"recollect {recollect.__version__}, torch {torch.__version__}, {torch.get_num_threads()} threads")
    test, learned = split(asked.data / "chinese_poetry" / "tang_poems.jsonl.gz", asked.seed)
    aside = len(learned) // 10
    oracles: dict[str, Oracle | None] = {
        "by the poems learned": Learned(learned[aside:], learned[:aside], asked.seed),
        "in Mandarin": spoken(),
    }
    print_oracles(oracles, test, asked.seed)
    generator = TextGenerator.load(asked.model) if asked.model else trained(asked, learned, test)
    print_preference(generator, test, oracles, asked.seed)
    written = {"poems of the test part": test, "the network": poems_of(generator, asked)}
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
    judge, teach = learned[: len(test)], learned[len(test) :]
    generator, stages = None, [teach]
    if asked.shortened:
        mixed = [shortened(poem, size) for poem in teach for size in SIZES]
        stages.insert(0, [mixed[n] for n in np.random.default_rng(asked.seed).permutation(len(mixed))])
    with tempfile.TemporaryDirectory() as place:
        files = {name: Path(place) / f"{name}.txt" for name in ("teach", "judge", "test")}
        for poems in stages:
            for name, part in (("teach", poems), ("judge", judge), ("test", test)):
                files[name].write_text("\n".join(part) + "\n", encoding="utf-8")
            generator = stage(asked, files, generator, len(stages))
        scores = generator.evaluate(files["test"]).scores
    for name, score in scores.items():
        print(f"{name:16} {score.nats_per_character:.3f} nats per character of the test part")
    return generator


def stage(asked: argparse.Namespace, files: dict[str, Path], start: TextGenerator | None, stages: int) -> TextGenerator:
    """Its share of the time, on one text, from what was learned before."""
    chosen = {name: getattr(asked, name) for name in CHOICES}
    if start:
        chosen["learning_rate"] = None  # a third of what a beginning would take
    began = time.perf_counter()
    generator = TextGenerator(max_time=asked.max_time / stages, seed=asked.seed, **chosen)
    generator.fit(files["teach"], validation=files["judge"], start=start)
    record, recipe = generator.model.record, generator.model.recipe
    read = record.steps * recipe.batch_size * recipe.stretch
    print(f"trained in {time.perf_counter() - began:.0f} s on {read:,} characters, "
          f"{read / generator.model.source.characters:.1f} times the text; {record.best:.3f} nats of what judges, "
          f"after {record.best_epoch} of {record.epochs} rounds; {recipe}", flush=True)  # fmt: skip
    return generator


def poems_of(generator: TextGenerator, asked: argparse.Namespace) -> list[str]:
    """Poems from nothing, each up to the end of its line."""
    drawn = {"temperature": asked.temperature, "samples": asked.poems, "seed": asked.seed}
    return list(generator.generate(length=LONGEST, stop="\n", **drawn))


def print_preference(
    generator: TextGenerator, test: Sequence[str], oracles: dict[str, Oracle | None], seed: int
) -> None:
    """The chance of a rhyme with the end of the first even line, and with an end that does not stand there."""
    network, tokenizer = generator.model.network.eval(), generator.model.tokenizer
    characters = [tokenizer.decode([token]) for token in range(tokenizer.size)]

    @torch.inference_mode()
    def chances(poem: str) -> torch.Tensor:
        """Of each character at the end of every even line but the first."""
        logits = network(torch.tensor(tokenizer.encode("\n" + poem))[:, None]).logits
        return logits[end_places(poem)[1:], 0].softmax(-1)

    drawn = [(poem, other, chances(poem), chances(with_ends(poem, other))) for poem, other in company(test, seed)]
    print("\n| what rhymes | poems | chance of a rhyme with the end of the first even line | with one that does not "
          "stand there | gain, standard error |\n|---|---|---|---|---|")  # fmt: skip
    for way, oracle in oracles.items():
        if oracle is None:
            continue
        rhymes = cache(partial(rhyming, oracle, characters))
        rows = []
        for poem, other, own, exchanged in drawn:
            mine, theirs = rhymes(ends(poem)[0]), rhymes(ends(other)[0])
            rows.append([float((own @ a + exchanged @ b).mean()) / 2 for a, b in ((mine, theirs), (theirs, mine))])
        table = np.array(rows)
        gain = table[:, 0] - table[:, 1]
        found = f"{gain.mean():.2%}, {gain.std() / len(gain) ** 0.5:.2%}"
        print(f"| {way} | {len(table):,} | {table[:, 0].mean():.2%} | {table[:, 1].mean():.2%} | {found} |", flush=True)


def rhyming(oracle: Oracle, characters: Sequence[str], end: str) -> torch.Tensor:
    """Ones at the characters that rhyme with ``end``."""
    return torch.tensor([float(len(character) == 1 and oracle(end, character)) for character in characters])


def company(poems: Sequence[str], seed: int) -> list[tuple[str, str]]:
    """Each poem with another of its form."""
    random = np.random.default_rng(seed)
    groups: dict[tuple[int, int] | None, list[str]] = {}
    for poem in poems:
        groups.setdefault(form(poem), []).append(poem)
    drawn = [(poem, groups[form(poem)][random.integers(len(groups[form(poem)]))]) for poem in poems]
    return [(poem, other) for poem, other in drawn if poem != other]


def end_places(poem: str) -> list[int]:
    """Where the last characters of its even lines stand."""
    marks = [place for place, character in enumerate(poem) if character in MARKS]
    return [place - 1 for place in marks[1::2]]


def with_ends(poem: str, other: str) -> str:
    """``poem`` with the ends of the even lines of ``other``, which has the same form."""
    characters = list(poem)
    for place, end in zip(end_places(poem), ends(other), strict=True):
        characters[place] = end
    return "".join(characters)


def poems_by_ngrams(ngrams: NGrams, tokenizer, asked: argparse.Namespace) -> list[str]:
    """As many poems by n-grams, drawn in the same way."""
    random, (end,) = np.random.default_rng(asked.seed), tokenizer.encode("\n")

    @cache
    def ahead(before: tuple[int, ...]) -> np.ndarray:
        chance = ngrams.probabilities(before)
        chance[tokenizer.unknown_id] = 0
        return np.cumsum(chance ** (1 / asked.temperature))

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
