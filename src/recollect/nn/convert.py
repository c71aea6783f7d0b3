"""Weights to and from torch.nn.LSTM: the same gate order, two biases there, one here."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from recollect.kernels.contract import Weights

__all__ = ["read_torch", "write_torch"]


def read_torch(module: nn.LSTM, weights: Sequence[Weights]) -> None:
    """Copy the parameters of ``module`` into ``weights``, layer by layer and direction by direction."""
    with torch.no_grad():
        for ours, theirs in zip(weights, _parameters(module), strict=True):
            ours.W.copy_(theirs["weight_ih"])
            ours.R.copy_(theirs["weight_hh"])
            ours.b.copy_(theirs["bias_ih"] + theirs["bias_hh"]) if module.bias else ours.b.zero_()
            if ours.P is not None:
                ours.P.copy_(theirs["weight_hr"])


def write_torch(weights: Sequence[Weights], module: nn.LSTM) -> None:
    """Copy ``weights`` into the parameters of ``module``, the bias into its first one."""
    with torch.no_grad():
        for ours, theirs in zip(weights, _parameters(module), strict=True):
            theirs["weight_ih"].copy_(ours.W)
            theirs["weight_hh"].copy_(ours.R)
            theirs["bias_ih"].copy_(ours.b)
            theirs["bias_hh"].zero_()
            if ours.P is not None:
                theirs["weight_hr"].copy_(ours.P)


def _parameters(module: nn.LSTM) -> list[dict[str, Tensor]]:
    ends = [
        f"_l{layer}{back}"
        for layer in range(module.num_layers)
        for back in ("", "_reverse")[: 1 + module.bidirectional]
    ]
    named = dict(module.named_parameters())
    return [{name.removesuffix(end): value for name, value in named.items() if name.endswith(end)} for end in ends]
