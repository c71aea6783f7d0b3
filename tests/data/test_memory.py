"""Reading a long table costs little more than the table: nothing holds many columns of its length at once."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import resource
import polars as pl
from recollect.data.inference import infer_schema
from recollect.data.panel import build_panel

def read(series, points):
    row = pl.int_range(series * points)
    frame = pl.select(id=row // points, time=(row % points * 3_600_000_000).cast(pl.Datetime("us")), y=row.sqrt())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    panel, _ = build_panel(frame, infer_schema(frame, series="id", target="y")[0])
    assert len(panel.target) == series * points
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 / frame.estimated_size("mb")

read(1, 100)
print(read(SERIES, POINTS))
"""


@pytest.mark.parametrize(("series", "points"), [(1, 2_000_000), (4000, 500)])
def test_reading_costs_less_than_a_copy_and_a_half_of_the_table(series: int, points: int) -> None:
    script = SCRIPT.replace("SERIES", str(series)).replace("POINTS", str(points))
    done = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, check=True)
    assert float(done.stdout) < 1.5
