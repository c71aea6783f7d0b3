"""What happens inside a layer, step by step, by name."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

__all__ = ["GRUTrace", "RNNTrace", "Trace"]


class Trace(NamedTuple):
    """Inside an LSTM: gates ``i f g o`` after activation, cell ``c`` and output ``h``, each [T, L * D, B, H].

    ``h`` is [..., P] with projection. Of one row x [T, I] each is [T, L * D, H].
    """

    i: Tensor
    f: Tensor
    g: Tensor
    o: Tensor
    c: Tensor
    h: Tensor


class GRUTrace(NamedTuple):
    """Inside a GRU: reset ``r``, update ``z``, candidate ``n`` after activation and output ``h``, as ``Trace``."""

    r: Tensor
    z: Tensor
    n: Tensor
    h: Tensor


class RNNTrace(NamedTuple):
    """Inside a simple recurrent network: the output ``h``, as ``Trace``."""

    h: Tensor
