"""What the text commands say on the terminal: what was learnt, and how well it foretells."""

from __future__ import annotations

import math
import shlex
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from recollect.tasks.text.evaluation import Evaluation
from recollect.tasks.text.model import Model

__all__ = ["say_evaluation", "say_next", "say_training"]

ENDS = {
    "done": "all epochs are done",
    "time": "the time is up",
    "interrupted": "interrupted; the same command goes on from the last checkpoint",
    "patience": "it got no better",
}


def say_training(console: Console, model: Model) -> None:
    """What was trained, for how long, and how good it is beside n-grams."""
    shape, record, judged = model.recipe.shape, model.record, model.judgement
    weights = sum(value.numel() for value in model.network.parameters())
    layers = f"{shape.num_layers} layer{'s' if shape.num_layers > 1 else ''} of {shape.hidden_size} units"
    read = record.steps * model.recipe.batch_size * model.recipe.stretch
    console.print(
        Text(
            f"Trained {layers}, {weights:,} weights, on {read:,} tokens in {record.seconds:.0f} s: "
            f"{ENDS.get(record.stopped, record.stopped)}."
        )
    )
    better = "better" if judged.ours < judged.ngrams else "no better"
    console.print(
        Text.assemble(
            "Held-out text: ",
            (f"{judged.ours:.3f}", "bold green" if judged.ours < judged.ngrams else "bold"),
            f" nats = {judged.ours / math.log(2):.3f} bits per character, {better} than {judged.order}-grams of the "
            f"same text ({judged.ngrams:.3f} nats).",
        )
    )


def say_next(console: Console, out: Path, model: Model) -> None:
    """What to do with the model in ``out``, and what would make it better where n-grams are as good."""
    name = shlex.quote(str(out))
    if model.judgement.ours >= model.judgement.ngrams:
        console.print(
            Text("n-grams still foretell the text as well or better: more time (--max-time) or more text would help.")
        )
    console.print(Text(f"Next:  recollect text generate {name}            writes on", "dim"))
    console.print(Text(f"       recollect text evaluate {name} TEXT       says what surprises it in other text", "dim"))


def say_evaluation(console: Console, found: Evaluation) -> None:
    """A row for each protocol, and what is missing."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("", "nats/char", "bits/char", "bits/byte", "perplexity"):
        table.add_column(name, justify="right" if name else "left")
    for name, scores in found.scores.items():
        numbers = (scores.nats_per_character, scores.bits_per_character, scores.bits_per_byte, scores.perplexity)
        table.add_row(name, *(f"{number:.4f}" for number in numbers))
    console.print(table)
    one = next(iter(found.scores.values()))
    if found.order is not None:
        gained = found.scores[f"{found.order}-grams"].nats_per_character - one.nats_per_character
        better = f"better than {found.order}-grams by" if gained > 0 else f"worse than {found.order}-grams by"
        console.print(Text(f"The network, its state carried, is {better} {abs(gained):.3f} nats per character."))
    console.print(Text(f"{one.characters:,} characters, {one.tokens:,} tokens; perplexity is per token.", "dim"))
    if one.unknown:
        console.print(Text(f"{one.unknown:,} characters are unknown to the model, and cost log 1,112,064 more each."))
    if found.order is None:
        console.print(
            Text("Without n-grams: the text of the training is not as or where it was; give it with --corpus.")
        )
