"""The options of the forecast commands, in groups, and how a group becomes part of a command line."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from recollect.core.errors import InputError

__all__ = ["Columns", "Judging", "Learning", "names", "percents", "words"]

Many = list[str] | None


class Domain(str, Enum):
    """What values the target can take."""

    AUTO = "auto"
    REAL = "real"
    POSITIVE = "positive"
    NONNEGATIVE = "nonnegative"
    COUNT = "count"


class Baselines(str, Enum):
    """The forecasts that ours is compared with."""

    NAIVE = "naive"
    ALL = "all"


@dataclass(frozen=True)
class Columns:
    """The table and the roles of its columns."""

    data: Annotated[Path, typer.Argument(metavar="DATA", help="CSV, Parquet or Arrow, also CSV in gzip.")]
    target: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Column to forecast. [default: the only column of numbers]")
    ] = None
    time: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Column of the times. [default: found by its content]")
    ] = None
    series: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Column that names the series, where there are several.")
    ] = None
    known: Annotated[
        Many, typer.Option(metavar="COLUMNS", help="Columns known ahead, for the horizon too: a,b or repeated.")
    ] = None
    past: Annotated[Many, typer.Option(metavar="COLUMNS", help="Columns known only up to now: a,b or repeated.")] = None
    static: Annotated[
        Many, typer.Option(metavar="COLUMNS", help="Columns that describe a series: a,b or repeated.")
    ] = None
    wide: Annotated[bool, typer.Option("--wide", help="Take each column of numbers as a series.")] = False
    calendar: Annotated[bool, typer.Option("--calendar", help="Give the model time of day, of week and of year.")] = (
        False
    )
    holidays: Annotated[
        str | None,
        typer.Option(metavar="COUNTRY", help="Give the model the public holidays of a country or region: DE, DE-BY."),
    ] = None


@dataclass(frozen=True)
class Learning:
    """What the model is to do, and how long it may learn."""

    horizon: Annotated[int, typer.Option(metavar="STEPS", help="Steps to forecast.")]
    levels: Annotated[str, typer.Option(metavar="LEVELS", help="Levels of the intervals, in per cent.")] = "80,95"
    season: Annotated[
        int | None,
        typer.Option(metavar="STEPS", help="Seasonal period in steps, 1 for none. [default: found in the data]"),
    ] = None
    lookback: Annotated[int | None, typer.Option(metavar="STEPS", help="Use nothing older than this many steps.")] = (
        None
    )
    domain: Annotated[Domain, typer.Option(help="What the target can be; auto takes logarithms where they help.")] = (
        Domain.AUTO
    )
    ensemble: Annotated[int, typer.Option(metavar="N", help="Networks to train and average.")] = 1
    max_epochs: Annotated[int | None, typer.Option(metavar="N", help="Epochs a training may take.")] = None
    max_time: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Seconds that all training together may take.")
    ] = None
    seed: Annotated[int, typer.Option(metavar="N", help="The same seed gives the same bits on the same machine.")] = 0


@dataclass(frozen=True)
class Judging:
    """How the model is tested on the past."""

    folds: Annotated[int, typer.Option(metavar="N", help="Past origins to test at, a horizon apart.")] = 10
    baselines: Annotated[
        Baselines, typer.Option(help="Compare with the seasonal naive forecast, or with ETS and Theta too.")
    ] = Baselines.NAIVE
    refit: Annotated[bool, typer.Option("--refit", help="Train anew before each of them.")] = False


def words(verb: str, *groups: Columns | Learning | Judging, out: Path) -> str:
    """The command line that asks for the same again; options at their defaults are left out, the seed never is."""
    said = ["recollect", "forecast", verb]
    for group in groups:
        for field in dataclasses.fields(group):
            value = getattr(group, field.name)
            if field.name == "data":
                said.append(str(value))
            elif field.name == "seed" or value != field.default:
                said += _option(field.name, value)
    return shlex.join([*said, "--out", str(out)])


def names(given: Many) -> tuple[str, ...]:
    """``["a,b", "c"]`` is a, b and c."""
    return tuple(name.strip() for part in given or () for name in part.split(",") if name.strip())


def percents(text: str) -> tuple[float, ...]:
    """``80,95`` as numbers in ascending order; raises InputError for anything else."""
    try:
        return tuple(sorted({float(part.strip().removesuffix("%")) for part in text.split(",")}))
    except ValueError as error:
        raise InputError(f"--levels is {text!r}, and must be per cents with commas between them: 80,95") from error


def _option(name: str, value: object) -> Sequence[str]:
    option = f"--{name.replace('_', '-')}"
    if isinstance(value, list):
        return [option, ",".join(names(value))]
    return [option] if value is True else [option, str(value.value if isinstance(value, Enum) else value)]
