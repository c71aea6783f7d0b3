"""How the command leaves: exit codes and what it says."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

import recollect
from recollect.cli import build
from recollect.core.errors import DataError


def run(*words: str) -> Result:
    return CliRunner().invoke(build(), list(words))


def run_failing(fail: Callable[[], None]) -> Result:
    app = build()
    app.command("fail")(fail)
    return CliRunner().invoke(app, ["fail"])


def test_version() -> None:
    result = run("--version")
    assert (result.exit_code, result.stdout) == (0, f"recollect {recollect.__version__}\n")


def test_our_errors_become_a_sentence_and_exit_code_2() -> None:
    def fail() -> None:
        raise DataError("load.csv line 7: 'x' is not a number")

    result = run_failing(fail)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "error: load.csv line 7: 'x' is not a number\n"


def test_an_interrupt_is_130_and_says_so() -> None:
    def fail() -> None:
        raise KeyboardInterrupt

    result = run_failing(fail)
    assert result.exit_code == 130
    assert result.stderr.startswith("interrupted")


def test_a_defect_of_ours_keeps_its_traceback() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    assert isinstance(run_failing(fail).exception, ZeroDivisionError)


@pytest.mark.parametrize("words", [["dokter"], ["--vers"], ["doctor", "--deep"]])
def test_unknown_words_are_exit_code_2(words: list[str]) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert words[-1] in result.stderr


def test_a_reader_that_leaves_early_is_no_error() -> None:
    code = """
import os, sys
from recollect.cli import build
app = build()
@app.command()
def chatter() -> None:
    for _ in range(100_000):
        print("a line that nobody reads")
sys.argv = ["recollect", "chatter"]
app()
"""
    talk = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert talk.stdout is not None
    assert talk.stderr is not None
    with talk:
        talk.stdout.readline()
        talk.stdout.close()
        assert talk.stderr.read() == ""
    assert talk.returncode == 0
