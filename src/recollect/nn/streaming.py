"""Steps of a stream at the speed of the compiled core: no gradient, no noise, no copies."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from recollect.core.state import LSTMState
from recollect.kernels.compiled import COMPILED
from recollect.kernels.contract import Case, Layer
from recollect.kernels.dispatch import altered, chosen
from recollect.kernels.stepping import Stepper

__all__ = ["Stream", "stream_of", "watched"]

_address = Tensor.data_ptr


class Stream:
    """A module that reads step after step, as long as nothing but x and the state changes between them."""

    def __init__(self, module: nn.Module, stepper: Stepper, x: Tensor, state: LSTMState) -> None:
        self.training = module.training
        self._weights, self._addresses = cast("dict[str, Tensor]", module._parameters), _addresses(module)
        self._stepper, self._size, self._dtype = stepper, x.shape, x.dtype
        self._shapes = state.h.shape, state.c.shape
        self._state: LSTMState | None = None

    def follow(self, x: Tensor, state: tuple[Tensor, Tensor] | None, training: bool) -> tuple[Tensor, LSTMState] | None:
        """The step x [B, I] from the state that the step before gave; None if anything else has changed."""
        if (
            torch.is_grad_enabled()
            or altered()
            or training is not self.training
            or state is not self._state
            or state is None
            or x.shape != self._size
            or x.dtype != self._dtype
            or not (x.is_cpu and x.is_contiguous())
            or [*map(_address, self._weights.values())] != self._addresses
        ):
            return None
        made = self._stepper(x, state)
        self._state = made[1]
        return made

    def start(self, module: nn.Module, x: Tensor, state: LSTMState) -> tuple[Tensor, LSTMState] | None:
        """The step x [B, I] from another state, both of the module's kind; None if they or the weights do not fit."""
        if x.shape != self._size or (state.h.shape, state.c.shape) != self._shapes or not _laid(x, state):
            return None
        if x.dtype != self._dtype or _addresses(module) != self._addresses:
            return None
        made = self._stepper(x, state)
        self._state, self.training = made[1], module.training
        return made


def stream_of(module: nn.Module, x: Tensor, case: Case, layers: list[Layer], state: LSTMState) -> Stream | None:
    """What reads steps like x [B, I] by the layers of ``module``, or None where the general way must be gone."""
    if not x.numel() or not _laid(x, state) or chosen(case).path is not COMPILED:
        return None
    return Stream(module, Stepper(layers, x, state), x, state)


def _laid(x: Tensor, state: LSTMState) -> bool:
    return x.is_contiguous() and state.h.is_contiguous() and state.c.is_contiguous()


def watched() -> bool:
    """Whether somebody else wants to see the operations, or to have them done in another way."""
    return torch.is_grad_enabled() or altered()


def _addresses(module: nn.Module) -> list[int]:
    return [*map(_address, cast("dict[str, Tensor]", module._parameters).values())]  # no layer of ours lacks one
