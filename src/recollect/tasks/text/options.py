"""The options of the text commands, in groups."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["Choosing", "Learning", "Tokens", "Writing"]


class Tokens(str, Enum):
    """What a text is read in."""

    AUTO = "auto"
    CHARACTERS = "characters"
    BYTES = "bytes"
    BPE = "bpe"


Encoding = Annotated[str, typer.Option(metavar="NAME", help="Encoding of the text, such as gb18030.")]


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
    length: Annotated[int, typer.Option(metavar="N", help="Tokens to write; 0 never stops.")] = 500
    samples: Annotated[int, typer.Option(metavar="N", help="Texts to write side by side.")] = 1
    stop: Annotated[list[str] | None, typer.Option(metavar="TEXT", help="Stop before this text; repeatable.")] = None
    beam: Annotated[int, typer.Option(metavar="N", help="Look for the N likeliest texts in place of drawing.")] = 0
    interactive: Annotated[bool, typer.Option("--interactive", help="Choose each token yourself.")] = False
    state: Annotated[Path | None, typer.Option(metavar="FILE", help="Go on where --save-state was.")] = None
    save_state: Annotated[Path | None, typer.Option(metavar="FILE", help="Keep what the network holds at the end.")] = (
        None
    )
