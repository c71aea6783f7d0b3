"""What tests of several tasks share: a command that is killed in the middle of its training."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

KILLED = """
import functools, importlib, os, signal, sys
from recollect.cli import main
from recollect.train import loop
from recollect.train.plan import Plan

left, step = int(sys.argv.pop(1)), loop._Run.step

def counted(*words):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return step(*words)

loop._Run.step = counted
fitting = importlib.import_module(f"recollect.tasks.{sys.argv[1]}.fitting")
fitting.Plan = functools.partial(Plan, checkpoint_every=0)
main()
"""


@pytest.fixture(scope="session")
def killed() -> Callable[..., str]:
    """Runs ``recollect WORDS``, kills it after so many steps of training, and gives what it had said."""

    def run(steps: int, *words: object) -> str:
        command = [sys.executable, "-c", KILLED, str(steps), *map(str, words)]
        done = subprocess.run(command, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True)
        assert done.returncode == -signal.SIGKILL, done.stderr
        return done.stdout

    return run
