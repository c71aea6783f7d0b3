"""Windows are gathered, never laid out: a long series costs a few copies of itself, not one for each window."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import resource
import numpy as np
import torch
from recollect.data.clock import Clock
from recollect.data.panel import Panel
from recollect.data.schema import Schema
from recollect.tasks.forecast.fitting import fit_model
from recollect.tasks.forecast.settings import Settings

def grown(lengths):
    total, count = sum(lengths), len(lengths)
    ends = np.array(lengths)
    values = np.sin(np.arange(total) * np.pi / 12) + 0.1 * np.random.default_rng(0).normal(size=total)
    panel = Panel(
        Schema("y", Clock(), series="id"), Clock(), tuple(map(str, range(count))), np.zeros(count, np.int64),
        np.concatenate([[0], np.cumsum(ends)]), ends, values, np.empty((total, 0)), np.empty((total, 0)),
        np.empty((count, 0)), np.empty((count, 0), np.int64),
    )
    fit_model(panel, Settings(24, hidden_size=8, max_epochs=1), panel.ends, 24).ahead(panel)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

torch.set_num_threads(1)
start = grown([2000])
print(grown(LENGTHS) - start)
"""


@pytest.mark.parametrize("lengths", ["[1_000_000]", "[500] * 2000"])
def test_a_million_values_cost_a_few_copies_of_themselves(lengths: str) -> None:
    """The values are 8 MB; their windows of a week would be 1,300 MB."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.replace("LENGTHS", lengths)], stdout=subprocess.PIPE, text=True, check=True
    )
    assert float(done.stdout) < 80
