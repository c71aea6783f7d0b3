"""Everything that a training run changes, in one place, so that a checkpoint can hold all of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw

from recollect.core.errors import InputError
from recollect.train.plan import Plan
from recollect.train.record import Record

__all__ = ["State", "copied"]


class State:
    """The module, AdamW's moments, the average of its weights, the best weights so far and the record."""

    def __init__(self, module: nn.Module, plan: Plan) -> None:
        self.module = module
        self.plan = plan
        self.parameters: list[Tensor] = [p for p in module.parameters() if p.requires_grad]
        if not self.parameters:
            raise InputError(f"{type(module).__name__} has no parameter that requires a gradient: nothing to train")
        self.moments = {
            "first": [torch.zeros_like(p) for p in self.parameters],
            "second": [torch.zeros_like(p) for p in self.parameters],
            "steps": [torch.zeros((), device=p.device) for p in self.parameters],
        }
        self.average = [p.detach().clone() for p in self.parameters] if plan.average is not None else []
        self.best = copied(module)
        self.record = Record()

    def step(self, rate: float) -> None:
        """One step of AdamW (Loshchilov & Hutter 2019, algorithm 2) at this learning rate, then of the average."""
        decay = self.plan.weight_decay
        moved = [index for index, p in enumerate(self.parameters) if p.grad is not None]
        vectors = [index for index in moved if decay and self.parameters[index].ndim < 2]  # biases do not decay
        self._adamw([index for index in moved if index not in vectors], rate, decay)
        if vectors:
            self._adamw(vectors, rate, 0.0)
        self.record.steps += 1
        if self.plan.average is not None:
            # A young average forgets faster, or the random start would stay in it.
            decay = min(self.plan.average, (1 + self.record.steps) / (10 + self.record.steps))
            with torch.no_grad():
                torch._foreach_lerp_(self.average, self.parameters, 1 - decay)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Inside, the module carries the averaged weights, if an average is kept."""
        if not self.average:
            yield
            return
        training = [p.detach().clone() for p in self.parameters]
        try:
            self._assign(self.average)
            yield
        finally:
            self._assign(training)

    def keep(self) -> None:
        """Remember the module's present weights as the best so far."""
        self.best = copied(self.module)
        self.record.best_epoch = self.record.epochs

    def restore_best(self) -> None:
        """Give the module the best weights so far."""
        self.module.load_state_dict(self.best)

    def _adamw(self, indices: list[int], rate: float, decay: float) -> None:
        """torch's function and not its class, which takes more than a second to load torch's compiler at first use."""
        parameters = [self.parameters[index] for index in indices]
        gradients = [p.grad for p in parameters if p.grad is not None]
        first, second, steps = ([values[index] for index in indices] for values in self.moments.values())
        with torch.no_grad():
            adamw(
                parameters,
                gradients,
                first,
                second,
                [],
                steps,
                fused=True,  # a third of the time of the other forms on a small model on a CPU
                amsgrad=False,
                beta1=0.9,
                beta2=0.999,
                lr=rate,
                weight_decay=decay,
                eps=1e-8,
                maximize=False,
            )

    def _assign(self, values: list[Tensor]) -> None:
        with torch.no_grad():
            for parameter, value in zip(self.parameters, values, strict=True):
                parameter.copy_(value)


def copied(module: nn.Module) -> dict[str, Tensor]:
    """A copy of every weight and buffer of ``module``, none sharing memory."""
    return {
        name: value.detach().clone(memory_format=torch.contiguous_format) for name, value in module.state_dict().items()
    }
