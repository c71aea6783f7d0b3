"""The options of the text commands, in groups."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from recollect.core.checks import require
from recollect.core.errors import InputError

__all__ = ["Choosing", "Learning", "Tokens", "Writing", "check_writing"]


class Tokens(str, Enum):
    """What a text is read in."""

    AUTO = "auto"
    CHARACTERS = "characters"
    BYTES = "bytes"
    BPE = "bpe"


Encoding = Annotated[str, typer.Option(metavar="NAME", help="Encoding of the text that is read, such as gb18030.")]


@dataclass(frozen=True)
class Learning:
    """What the network is to be, and how long it may learn."""

    max_time: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Seconds for reading and training. [default: 180]")
    ] = None
    max_epochs: Annotated[
        int | None,
        typer.Option(metavar="N", help="Passes over the text; without --max-time a run then repeats."),
    ] = None
    validation: Annotated[
        list[Path] | None,
        typer.Option(metavar="TEXT", help="Other text, to judge by; repeatable. [default: passages of CORPUS]"),
    ] = None
    start: Annotated[
        Path | None, typer.Option("--from", metavar="MODEL", help="Go on from this model, in its size and tokens.")
    ] = None
    tokens: Annotated[Tokens, typer.Option(help="What to read; auto takes characters as long as they are few.")] = (
        Tokens.AUTO
    )
    vocabulary: Annotated[int, typer.Option(metavar="N", help="Tokens of bpe.")] = 4096
    hidden_size: Annotated[
        int | None, typer.Option(metavar="N", help="Units of each layer. [default: what the time is enough for]")
    ] = None
    num_layers: Annotated[int | None, typer.Option(metavar="N", help="Layers. [default: 1]")] = None
    dropout: Annotated[
        float | None, typer.Option(metavar="SHARE", help="Noise in training. [default: by the passes over the text]")
    ] = None
    encoding: Encoding = "utf-8"
    seed: Annotated[int, typer.Option(metavar="N", help="Of all that is drawn.")] = 0


@dataclass(frozen=True)
class Choosing:
    """How the next token is chosen."""

    temperature: Annotated[float, typer.Option(metavar="T", help="0: the likeliest; 1: as the network says.")] = 0.8
    top_k: Annotated[int, typer.Option(metavar="K", help="Draw from the K likeliest only; 0 for all.")] = 0
    top_p: Annotated[float, typer.Option(metavar="P", help="Draw from the likeliest that sum to P only.")] = 1.0
    min_p: Annotated[float, typer.Option(metavar="P", help="Leave out those P times less likely than the best.")] = 0.0
    repetition_penalty: Annotated[float, typer.Option(metavar="X", help="Above 1, shun the newest tokens.")] = 1.0
    seed: Annotated[int, typer.Option(metavar="N", help="The same seed gives the same text.")] = 0


@dataclass(frozen=True)
class Writing:
    """From where to where to write."""

    prompt: Annotated[str | None, typer.Option(metavar="TEXT", help="What to go on from.")] = None
    prompt_file: Annotated[Path | None, typer.Option(metavar="FILE", help="The same from a file; - for the pipe.")] = (
        None
    )
    encoding: Encoding = "utf-8"
    length: Annotated[int, typer.Option(metavar="N", help="Tokens to write; 0 never stops.")] = 500
    samples: Annotated[int, typer.Option(metavar="N", help="Texts to write side by side.")] = 1
    stop: Annotated[list[str] | None, typer.Option(metavar="TEXT", help="Stop before this text; repeatable.")] = None
    beam: Annotated[int, typer.Option(metavar="N", help="Look for the N likeliest texts in place of drawing.")] = 0
    interactive: Annotated[bool, typer.Option("--interactive", help="Choose each token yourself.")] = False
    state: Annotated[Path | None, typer.Option(metavar="FILE", help="Go on where --save-state was.")] = None
    save_state: Annotated[Path | None, typer.Option(metavar="FILE", help="Keep what the network holds at the end.")] = (
        None
    )


def check_writing(writing: Writing, choosing: Choosing) -> None:
    """Raise InputError for options of which one would do nothing beside the other."""
    require(writing.beam >= 0, "beam", writing.beam, "a whole number of at least 0")
    if writing.prompt is not None and writing.prompt_file is not None:
        raise InputError("--prompt and --prompt-file are both given: choose one")
    asked = {"--interactive": writing.interactive, "--beam": writing.beam, "--samples": writing.samples > 1}
    ways = [way for way, wanted in asked.items() if wanted]
    if len(ways) > 1:
        raise InputError(f"{' and '.join(ways)} are different ways to write: choose one")
    if ways and not writing.length:
        raise InputError(f"--length 0 never stops, and {ways[0]} needs an end: give a length")
    if ways in (["--interactive"], ["--beam"]):
        idle = [*_given(choosing), *(["--stop"] if writing.stop else [])]
        idle += ["--length"] if writing.interactive and writing.length != Writing.length else []
        idle += ["--save-state"] if writing.beam and writing.save_state else []
        if idle:
            raise InputError(f"with {ways[0]} {' and '.join(idle)} would do nothing: leave out one or the other")


def _given(choosing: Choosing) -> list[str]:
    """The options that are not what they are if left out."""
    changed = [one.name for one in fields(choosing) if getattr(choosing, one.name) != one.default]
    return [f"--{name.replace('_', '-')}" for name in changed]
