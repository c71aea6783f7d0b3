"""Noise that makes a recurrent network generalise, in the recurrence itself."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor
from torch.nn import functional as F

from recollect.core.errors import InputError
from recollect.kernels.contract import Weights, Zoneout

__all__ = ["Recurrent", "connected", "mask", "zoneout_of"]


@dataclass(frozen=True)
class Recurrent:
    """Regularisers of the recurrence, each a share in [0, 1); 0 is none. They act in training, zoneout's mean always.

    Attributes:
        dropconnect: entries of R that are zero for a whole call, the others scaled by 1 / (1 - share). Wan et al. 2013,
            "Regularization of neural networks using DropConnect", section 2; on R as in Merity, Keskar & Socher 2018,
            "Regularizing and optimizing LSTM language models", section 3.
        variational: features of each layer's input, and units of the output before on its way to R, that a row misses:
            the same ones at every step. Gal & Ghahramani 2016, "A theoretically grounded application of dropout in
            recurrent neural networks", section 4.
        zoneout_cell: units whose cell keeps the value of the step before; a coin for each step, row and unit.
        zoneout_output: the same for the output. In evaluation both are share * old + (1 - share) * new. Krueger et al.
            2017, "Zoneout: regularizing RNNs by randomly preserving hidden activations", section 3.

    Raises InputError for a share outside [0, 1).
    """

    dropconnect: float = 0.0
    variational: float = 0.0
    zoneout_cell: float = 0.0
    zoneout_output: float = 0.0

    def __post_init__(self) -> None:
        for entry in fields(self):
            share = getattr(self, entry.name)
            if not 0 <= share < 1:
                raise InputError(f"{entry.name} is {share}, and must be a share in [0, 1)")


def connected(weights: Weights, share: float) -> Weights:
    """DropConnect: R with ``share`` of its entries dropped, the others scaled up."""
    return Weights(weights.W, F.dropout(weights.R, share), *weights[2:]) if share else weights


def mask(like: Tensor, shape: tuple[int, ...], share: float) -> Tensor:
    """Zeros for ``share`` of the places and 1 / (1 - share) elsewhere, of the kind of ``like``."""
    return F.dropout(like.new_ones(shape), share)


def zoneout_of(given: Recurrent, training: bool) -> Zoneout | None:
    """What zoneout there is; in training with a seed of its own from torch's generator."""
    if not (given.zoneout_cell or given.zoneout_output):
        return None
    seed = torch.randint(2**63 - 1, ()) if training else None
    return Zoneout(given.zoneout_cell, given.zoneout_output, seed)
