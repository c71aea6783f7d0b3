"""Weights to and from PyTorch's recurrent layers: the same gate orders, two biases there, one here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from recollect.core.errors import InputError
from recollect.kernels.contract import Weights
from recollect.nn.regularize import Recurrent

__all__ = ["form_of", "read_torch", "torch_twin", "write_torch"]

BIASES = ("bias_ih", "bias_hh")
TWINS: dict[str, Any] = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


SHARED = ("input_size", "hidden_size", "num_layers", "bidirectional", "proj_size", "batch_first", "dropout")


def form_of(module: nn.RNNBase) -> dict[str, Any]:
    """The arguments of our layer that computes what ``module`` does; InputError if there is none."""
    for cell, twin in TWINS.items():
        if isinstance(module, twin):
            shared = {word: getattr(module, word) for word in SHARED}
            return {**shared, "cell": cell, "activation": getattr(module, "nonlinearity", "tanh")}
    raise InputError(f"{type(module).__name__} is none of torch.nn.LSTM, torch.nn.GRU and torch.nn.RNN")


def torch_twin(layer: nn.Module, cell: str, activation: str, regularize: Recurrent | None) -> nn.RNNBase:
    """The layer of PyTorch that computes what ``layer``, ours, does, its weights still to come.

    Raises InputError where there is none.
    """
    if cell not in TWINS or (cell != "rnn" and activation != "tanh"):
        raise InputError(f"PyTorch has no {cell} cell with {activation}, only lstm and gru with tanh, and rnn")
    if regularize is not None:
        raise InputError(f"PyTorch has no {regularize}: make the layer without it")
    form = {word: getattr(layer, word) for word in SHARED}
    if cell != "lstm":
        del form["proj_size"]  # torch's GRU and RNN refuse the very word
    if cell == "rnn":
        form["nonlinearity"] = activation
    if form["num_layers"] == 1:
        form["dropout"] = 0.0  # torch warns of what has no effect
    made: nn.RNNBase = TWINS[cell](**form)
    return made


def read_torch(module: nn.RNNBase, weights: Sequence[Weights]) -> None:
    """Copy the parameters of ``module`` into ``weights``, layer by layer and direction by direction."""
    with torch.no_grad():
        for ours, theirs in zip(weights, _parameters(module), strict=True):
            ours.W.copy_(theirs["weight_ih"])
            ours.R.copy_(theirs["weight_hh"])
            if ours.P is not None:
                ours.P.copy_(theirs["weight_hr"])
            before, after = (theirs[name] if module.bias else torch.zeros_like(ours.b) for name in BIASES)
            ours.b.copy_(before + after)
            if ours.E is not None:  # the GRU's reset gate multiplies the second bias of n: the two stay apart
                H = ours.E.shape[1]
                ours.b[-H:] = before[-H:]
                ours.E[0] = after[-H:]


def write_torch(weights: Sequence[Weights], module: nn.RNNBase) -> None:
    """Copy ``weights`` into the parameters of ``module``, the bias into its first one."""
    with torch.no_grad():
        for ours, theirs in zip(weights, _parameters(module), strict=True):
            theirs["weight_ih"].copy_(ours.W)
            theirs["weight_hh"].copy_(ours.R)
            theirs["bias_ih"].copy_(ours.b)
            theirs["bias_hh"].zero_()
            if ours.P is not None:
                theirs["weight_hr"].copy_(ours.P)
            if ours.E is not None:
                theirs["bias_hh"][-ours.E.shape[1] :] = ours.E[0]


def _parameters(module: nn.RNNBase) -> list[dict[str, Tensor]]:
    ends = [
        f"_l{layer}{back}"
        for layer in range(module.num_layers)
        for back in ("", "_reverse")[: 1 + module.bidirectional]
    ]
    named = dict(module.named_parameters())
    return [{name.removesuffix(end): value for name, value in named.items() if name.endswith(end)} for end in ends]
