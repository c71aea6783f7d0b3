"""What every test may ask for: real data where they lie, and a device where there is one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# One thread in every test and in the commands they start, whatever ran before: other numbers of threads give other
# bits. It must be said before torch is loaded.
os.environ["OMP_NUM_THREADS"] = "1"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real series that RECOLLECT_DATA names; without it the test is skipped, visibly."""
    place = os.environ.get("RECOLLECT_DATA")
    if not place:
        pytest.skip("RECOLLECT_DATA names no folder of real series")
    return Path(place)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip tests marked ``cuda`` where torch sees no device; torch is loaded only if such a test was chosen."""
    if item.get_closest_marker("cuda"):
        import torch

        if not torch.cuda.is_available():
            pytest.skip("no CUDA device")
