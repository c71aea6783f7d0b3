"""Groups of options: one option for each field, and the command that says the same again."""

from __future__ import annotations

import dataclasses
import shlex
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from recollect.core.errors import InputError
from recollect.core.options import from_options
from recollect.tasks.forecast.options import (
    Baselines,
    Columns,
    Domain,
    Judging,
    Learning,
    names,
    percents,
    words,
)
from recollect.tasks.forecast.settings import DOMAINS

PLAIN = (Columns(Path("a b.csv")), Learning(12), Judging())
EVERY = (
    Columns(Path("a.csv"), "y", "t", "s", ["k1,k2", "k3"], ["p"], ["f"], True, True, "DE-BY"),
    Learning(12, "50,90", 7, 30, Domain.COUNT, 3, 5, 1.5, 9),
    Judging(4, Baselines.ALL, True),
)


def parsed(command: str) -> tuple[Columns, Learning, Judging]:
    """The groups as the command line would fill them."""
    found = []

    def work(columns: Columns, learning: Learning, judging: Judging, out: Annotated[Path, typer.Option()]) -> None:
        found.append((columns, learning, judging))

    app = typer.Typer()
    app.command()(from_options(work))
    result = CliRunner().invoke(app, shlex.split(command)[3:])
    assert result.exit_code == 0, result.output
    return found[0]


@pytest.mark.parametrize("groups", [PLAIN, EVERY])
def test_a_command_in_words_is_read_back_as_it_was(groups: tuple[Columns, Learning, Judging]) -> None:
    columns, *others = parsed(words("run", *groups, out=Path("o")))
    assert tuple(others) == groups[1:]
    for field in dataclasses.fields(Columns):
        given, back = getattr(groups[0], field.name), getattr(columns, field.name)
        assert (names(back) == names(given)) if isinstance(given, list) else (back == given or not (back or given))


def test_defaults_are_left_out_and_the_seed_never_is() -> None:
    assert words("run", *PLAIN, out=Path("o")) == ("recollect forecast run 'a b.csv' --horizon 12 --seed 0 --out o")


def test_every_domain_is_on_offer() -> None:
    assert [domain.value for domain in Domain] == list(DOMAINS)


def test_levels_and_names_are_parted_by_commas() -> None:
    assert percents("95, 80 %,99.5") == (80.0, 95.0, 99.5)
    assert names(["a, b", "c,"]) == ("a", "b", "c")
    assert names(None) == ()
    for text in ("", "80,,95", "eighty"):
        with pytest.raises(InputError, match="--levels is"):
            percents(text)
