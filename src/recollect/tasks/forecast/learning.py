"""Training one member of the ensemble: which origins it sees, and on which it is judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recollect.core.seeds import derive_seed
from recollect.data.panel import Panel
from recollect.tasks.forecast.birth import give_birth, settle
from recollect.tasks.forecast.data import Batch, Rows, Windows
from recollect.tasks.forecast.network import ForecastNetwork, pinball
from recollect.train.loop import fit
from recollect.train.plan import Plan
from recollect.train.progress import Progress
from recollect.train.record import Record

__all__ = ["Draws", "quantiles_at", "tail_rows", "train_member"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
MOST_JUDGED = 512
BIRTH_BATCHES = 24
MOST_AT_ONCE = 256


class Draws:
    """The batches of one epoch: rows drawn from all origins before the cut, the same ones at every asking."""

    def __init__(self, windows: Windows, cuts: Ints, *, count: int, size: int, seed: int) -> None:
        self.windows, self.cuts, self.count, self.size, self.seed = windows, cuts, count, size, seed
        share = np.sqrt(np.where(cuts >= 2, cuts, 0))
        self.share = share / share.sum()
        g = windows.geometry
        # A row holds S origins; its last one must leave something to learn from, and one that reaches back into
        # nothing teaches little.
        full = np.minimum((g.steps - 1) * g.stride + g.window // 2, cuts - max(1, min(g.horizon, g.stride)))
        self.first = np.maximum(full, 1)

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Batch]:
        random = np.random.default_rng(self.seed)
        for _ in range(self.count):
            series = random.choice(len(self.cuts), self.size, p=self.share)
            first, cuts = self.first[series], self.cuts[series]
            origins = first + (random.random(self.size) * (cuts - first)).astype(np.int64)
            yield self.windows.batch(series, origins, cuts)


def train_member(
    network: ForecastNetwork,
    windows: Windows,
    cuts: Ints,
    judged: Rows,
    *,
    plan: Plan,
    batch_size: int,
    seed: int,
    checkpoint: Path | None = None,
    progress: Progress | None = None,
) -> Record:
    """Train ``network`` on what lies before ``cuts`` [N] and keep the weights that do best on ``judged``.

    From ``checkpoint``, if there is one, training alone goes on: what stands before and after it comes out the same.
    """
    quantiles = torch.tensor(network.quantiles)
    steps = plan.steps_per_epoch or 24

    def batches(epoch: int) -> Draws:
        return Draws(windows, cuts, count=steps, size=batch_size, seed=derive_seed(seed, "rows", epoch))

    network.eval()
    exams = [windows.batch(part.series, part.origins, part.limits) for part in _parts(judged)]
    once = int(cuts.sum()) // windows.geometry.steps  # rows that show every origin about once
    size = min(max(once, 16), MOST_AT_ONCE)
    count = min(max(once // size, 1), BIRTH_BATCHES)
    first = Draws(windows, cuts, count=count, size=size, seed=derive_seed(seed, "birth"))
    give_birth(network, first, exams)

    def loss(network: ForecastNetwork, batch: Batch) -> Tensor:
        return pinball(network(batch), batch.target, batch.weight, quantiles)

    def validate(network: ForecastNetwork) -> float:
        total, weight = 0.0, 0.0
        for exam in exams:
            last = replace(exam, target=exam.target[:, -1:], weight=exam.weight[:, -1:])
            share = float(last.weight.sum())
            total += share * float(pinball(network(exam)[:, -1:], last.target, last.weight, quantiles))
            weight += share
        return total / max(weight, 1e-9)

    record = fit(
        network, batches, loss, plan=plan, seed=seed, validate=validate, checkpoint=checkpoint, progress=progress
    )
    settle(network, exams)
    return record


def tail_rows(panel: Panel, cuts: Ints, ends: Ints, most: int = MOST_JUDGED) -> Rows:
    """Origins spread evenly over the tails from ``cuts`` to ``ends`` [N], each series' first at its cut."""
    room = np.maximum(ends - cuts, 0)
    used = np.flatnonzero(room)
    each = max(1, most // max(len(used), 1))
    used = used[:: max(1, -(-len(used) // most))]
    pairs = [(n, cuts[n] + np.unique(np.linspace(0, room[n] - 1, min(each, room[n])).astype(np.int64))) for n in used]
    series = np.concatenate([np.full(len(o), n, np.int64) for n, o in pairs])
    origins = np.concatenate([o for _, o in pairs])
    return Rows(series, origins, ends[series])


@torch.no_grad()
def quantiles_at(networks: Sequence[ForecastNetwork], windows: Windows, rows: Rows) -> tuple[Floats, Floats, Floats]:
    """The ensemble's quantiles [M, Q, K] in z, with the level and spread [M] of each origin.

    The quantiles of the members are averaged (Vincent averaging; Lichtendahl et al. 2013, doi:10.1287/mnsc.1120.1667).
    """
    found, levels, spreads = [], [], []
    for part in _parts(rows):
        batch = windows.batch(part.series, part.origins)
        mean = torch.stack([network(batch)[:, -1].double() for network in networks]).mean(0)
        level, spread = batch.level[:, -1].double(), batch.spread[:, -1].double()
        found.append((mean * spread[..., None] + level[..., None]).numpy())
        levels.append(level[:, 0].numpy())
        spreads.append(spread[:, 0].numpy())
    return np.concatenate(found), np.concatenate(levels), np.concatenate(spreads)


def _parts(rows: Rows) -> Iterator[Rows]:
    for first in range(0, len(rows), MOST_AT_ONCE):
        yield rows.part(first, first + MOST_AT_ONCE)
