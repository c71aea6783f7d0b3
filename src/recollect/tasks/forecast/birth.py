"""What the network is before training: the best mixture of naive forecasts, corrected by a ridge regression."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

import torch
from torch import Tensor

from recollect.tasks.forecast.data import Batch
from recollect.tasks.forecast.network import ForecastNetwork

__all__ = ["WHOLENESS", "give_birth", "settle"]

SHARPNESS = 4  # a naive forecast's share falls with this power of its mean error
LEAST_SHARE = -8.0  # as a logarithm
RIDGES = (1.0, 0.1, 0.01, 0.001)  # of the mean squared input
WORTHWHILE = 0.01  # of the mixture's error must be saved, or there is no regression
LEAST_GAP = 1e-3
WHOLENESS = 4  # a row weighs this power of its window's observed share: one with holes is a poor example of one without
MIX_BATCHES, GAP_BATCHES = 8, 2
FULL_TRUST = 0.05


@torch.no_grad()
def give_birth(network: ForecastNetwork, batches: Iterable[Batch], exams: Sequence[Batch]) -> None:
    """Set the newborn from ``batches``, which are read several times, its ridge by what serves ``exams`` best.

    The network then starts as the naive mixture, with the gaps between quantiles of the newborn's own errors.
    """
    _mix(network, islice(batches, MIX_BATCHES))
    _regress(network, batches, exams)
    network.mix.bias.copy_(network.born_mix.flatten())
    half = len(network.quantiles) // 2
    left = torch.cat([_errors(network, batch)[taught(batch).bool()] for batch in islice(batches, GAP_BATCHES)])
    marks = torch.nanquantile(left, torch.tensor(network.quantiles), dim=0)
    gaps = marks.diff(dim=0).nan_to_num().clamp(min=LEAST_GAP)  # [Q - 1, K]
    ordered = torch.cat([gaps[:half].flip(0), gaps[half:]])
    network.head.bias.view(len(network.quantiles), -1)[1:] = torch.log(torch.expm1(ordered))


@torch.no_grad()
def settle(network: ForecastNetwork, exams: Sequence[Batch]) -> None:
    """Set the trust in training by how much of the newborn's absolute error it saved on ``exams``.

    All from FULL_TRUST on, and half where it saved nothing: the average of two forecasts of equal worth is mostly
    better than either (Bates & Granger 1969, doi:10.1057/jors.1969.103). But where not even a regression was worth
    while, as on a random walk, training starts from no trust at all.
    """
    half = len(network.quantiles) // 2
    before = sum(_last_error(exam, network.newborn(exam)) for exam in exams)
    after = sum(_last_error(exam, network(exam)[:, :, half]) for exam in exams)
    saved = 1 - after / max(before, 1e-9)
    start = 0.5 if network.born_weight.any() else 0.0
    network.trust.fill_(min(max(start + (1 - start) * saved / FULL_TRUST, 0.0), 1.0))


def taught(batch: Batch) -> Tensor:
    """1 for the origins that have anything to learn from, [B, S]."""
    return (batch.weight > 0).any(-1).float()


def _mix(network: ForecastNetwork, batches: Iterable[Batch]) -> None:
    """A lag's share at each step of the horizon, by its mean error there."""
    error, count = torch.zeros_like(network.born_mix), torch.zeros_like(network.born_mix)
    for batch in batches:
        weight = batch.weight[:, :, None] * (batch.closed == 0)
        error += (weight * (batch.naive - batch.target[:, :, None]).abs()).sum((0, 1))
        count += weight.sum((0, 1))
    never = count == 0
    error = (error / count.clamp(min=1e-9)).clamp(min=1e-6)
    share = -SHARPNESS * torch.log(error / error.masked_fill(never, torch.inf).amin(0))
    network.born_mix.copy_(share.masked_fill(never, LEAST_SHARE).clamp(min=LEAST_SHARE))


def _regress(network: ForecastNetwork, batches: Iterable[Batch], exams: Sequence[Batch]) -> None:
    """Ridge regression of what the mixture leaves on the window (Hoerl & Kennard 1970, doi:10.2307/1267351)."""
    size = network.geometry.window + 1
    gram, moment = torch.zeros(size, size, dtype=torch.double), torch.zeros(size, network.geometry.horizon).double()
    for batch in batches:
        whole = batch.seen.mean(-1) ** WHOLENESS
        weight = (batch.weight.mean(-1) * whole)[taught(batch).bool()].double()[:, None]
        x = torch.nn.functional.pad(batch.window, (0, 1), value=1.0)[taught(batch).bool()].double()
        left = _errors(network, batch)[taught(batch).bool()].nan_to_num().double()  # not seen: as the mixture says
        gram += (x * weight).T @ x
        moment += (x * weight).T @ left
    found: list[tuple[float, Tensor]] = []
    for ridge in RIDGES:
        penalty = ridge * gram.diagonal().mean().clamp(min=1e-12) * torch.eye(size, dtype=torch.double)
        matrix = torch.linalg.solve(gram + penalty, moment).float()
        found.append((_trial(network, matrix, exams), matrix))
    least, matrix = min(found, key=lambda pair: pair[0])
    nothing = torch.zeros_like(matrix)
    if least > (1 - WORTHWHILE) * _trial(network, nothing, exams):
        matrix = nothing
    _trial(network, matrix, exams)


def _trial(network: ForecastNetwork, matrix: Tensor, exams: Sequence[Batch]) -> float:
    """Make ``matrix`` [W + 1, K] the newborn's linear part and measure it."""
    network.born_weight.copy_(matrix[:-1].T)
    network.born_bias.copy_(matrix[-1])
    return sum(_last_error(exam, network.newborn(exam)) for exam in exams)


def _errors(network: ForecastNetwork, batch: Batch) -> Tensor:
    """What the newborn leaves, [B, S, K]; NaN where no target is seen."""
    return (batch.target - network.newborn(batch)).masked_fill(batch.weight == 0, torch.nan)


def _last_error(exam: Batch, median: Tensor) -> float:
    """The weighted absolute error at each row's own origin, summed."""
    return float((exam.weight[:, -1] * (median[:, -1] - exam.target[:, -1]).abs()).sum())
