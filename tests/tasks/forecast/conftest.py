"""Small panels and small networks, so that a whole training takes a fraction of a second."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import pytest
import torch
from numpy.typing import ArrayLike, NDArray

from recollect.data.clock import Clock
from recollect.data.panel import Panel
from recollect.data.schema import Schema
from recollect.tasks.forecast.settings import Settings


class MakePanel(Protocol):
    def __call__(
        self,
        values: Sequence[ArrayLike],
        *,
        known: Sequence[ArrayLike] | None = None,
        past: Sequence[ArrayLike] | None = None,
        starts: Sequence[int] | None = None,
        timed: bool = True,
    ) -> Panel: ...


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def make_panel() -> MakePanel:
    """A panel out of bare series; ``known`` may be longer than the values and ``starts`` are steps on the clock."""

    def make(
        values: Sequence[ArrayLike],
        *,
        known: Sequence[ArrayLike] | None = None,
        past: Sequence[ArrayLike] | None = None,
        starts: Sequence[int] | None = None,
        timed: bool = True,
    ) -> Panel:
        target = [np.asarray(v, np.float64) for v in values]
        ends = np.array([len(v) for v in target])
        rows = ends if known is None else np.array([len(np.asarray(v)) for v in known])
        clock = Clock(unit="hour", kind="datetime") if timed else Clock()
        schema = Schema(
            "y", clock, time="t" if timed else None, series="id", known=("k",) * (known is not None),
            past=("p",) * (past is not None),
        )  # fmt: skip
        return Panel(
            schema,
            clock,
            tuple(f"s{n}" for n in range(len(target))),
            np.array(starts if starts is not None else np.zeros(len(target)), np.int64),
            np.concatenate([[0], np.cumsum(rows)]),
            ends,
            np.concatenate([_padded(v, r) for v, r in zip(target, rows, strict=True)]),
            _column(known, rows),
            _column(past, rows),
            np.empty((len(target), 0)),
            np.empty((len(target), 0), np.int64),
        )

    return make


def _padded(values: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    return np.concatenate([values, np.full(length - len(values), np.nan)])


def _column(values: Sequence[ArrayLike] | None, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    if values is None:
        return np.empty((int(rows.sum()), 0))
    padded = [_padded(np.asarray(v, np.float64), r) for v, r in zip(values, rows, strict=True)]
    return np.concatenate(padded)[:, None]


@pytest.fixture
def waves() -> list[NDArray[np.float64]]:
    """Three positive noisy series of period 6, of different lengths and scales."""
    random = np.random.default_rng(7)
    rows = zip((90, 70, 110), (1.0, 40.0, 1e4), strict=True)
    return [s * np.exp(np.sin(np.arange(n) * np.pi / 3) + 0.2 * random.normal(size=n)) for n, s in rows]


@pytest.fixture
def tiny() -> Settings:
    """Horizon 4, and a network so small that an epoch takes a tenth of a second."""
    return Settings(horizon=4, season=6, hidden_size=8, max_epochs=2, seed=3)
