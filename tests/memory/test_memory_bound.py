"""A long record goes to disk as it is made, and what is computed from it reads a piece at a time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import resource, sys
from pathlib import Path
import numpy as np
import torch
from recollect.memory import events, gates, half_life, record
from recollect.nn import LSTM

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

def chunks(steps):
    for n in range(steps // 10_000):
        yield np.sin(np.arange(10_000 * n, 10_000 * (n + 1)) / 50)[:, None]

torch.set_num_threads(1)
torch.manual_seed(0)
layer, place = LSTM(1, 16), Path(sys.argv[1])
for use in (gates, half_life, events):
    use(record(layer, chunks(20_000), folder=place / "short"))
before = peak()
found = record(layer, chunks(300_000), folder=place / "long")
recorded = peak() - before
gates(found), half_life(found), events(found)
print(recorded, peak() - before, sum(path.stat().st_size for path in (place / "long").iterdir()) / 2**20)
"""


def test_three_hundred_thousand_steps_cost_no_more_than_some_pieces(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    recorded, used, size = map(float, done.stdout.split())
    assert size > 100
    assert recorded < 20
    assert used < 60
