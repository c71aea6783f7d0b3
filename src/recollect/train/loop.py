"""The training loop: any module, any batches, one loss."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sized
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from recollect.core.errors import InputError, TrainingError
from recollect.core.seeds import derive_seed
from recollect.train import checkpoint as checkpoints
from recollect.train.plan import Plan
from recollect.train.progress import Progress, Silent
from recollect.train.record import Record
from recollect.train.state import State

__all__ = ["fit"]

M = TypeVar("M", bound=nn.Module)
Batch = TypeVar("Batch")


def fit(
    module: M,
    batches: Callable[[int], Iterable[Batch]],
    loss: Callable[[M, Batch], Tensor],
    *,
    plan: Plan,
    seed: int,
    validate: Callable[[M], float] | None = None,
    checkpoint: Path | None = None,
    progress: Progress | None = None,
) -> Record:
    """Train ``module`` in place and leave it in eval mode with the best weights that were seen.

    ``batches(e)`` gives the batches of epoch e = 1, 2, ..., the same ones whenever it is asked; ``loss(module, batch)``
    is a scalar to minimise; ``validate(module)``, called in eval mode without gradients, is a number to minimise. It
    is called before the first step too, so that a training that only harms leaves the module as it was.

    The optimiser is AdamW with gradient-norm clipping, warm-up and cosine (see Plan). How far the run is, is the
    larger of the share of its steps and the share of its time, so that the cosine ends with whichever ends first.
    Without ``max_time`` nothing depends on the clock: the same seed gives the same bits. Random numbers drawn by the
    module (dropout) or by a loss from torch's own generator come from ``seed`` and the epoch; the generator is given
    back as it was found.

    With ``checkpoint``, a file is written there between epochs, at most every ``plan.checkpoint_every`` seconds, and
    when the run ends. If it exists at the start, the run goes on from it, to the bits of a run never broken (and at
    once returns if that run had ended); deleting it is up to the caller. Ctrl-C ends the run and keeps the best
    weights so far; a second one is raised as usual.

    Raises TrainingError where the loss, the gradient or the validation is not finite, with the best weights so far
    restored; InputError for batches whose number is not known or zero; ArtifactError for a checkpoint of another run;
    OutputError where it cannot be written.
    """
    state = State(module, plan)
    if checkpoint is not None and checkpoint.exists():
        checkpoints.load(state, checkpoint, seed)
    if not state.record.stopped:
        judged = None if validate is None else partial(validate, module)
        run = _Run(state, seed, partial(loss, module), judged, checkpoint, progress or Silent())
        with torch.random.fork_rng(run.devices):
            run.all(batches)
    state.restore_best()
    module.eval()
    return state.record


class _Run:
    """One sitting of a training run."""

    def __init__(
        self,
        state: State,
        seed: int,
        loss: Callable[[Any], Tensor],
        validate: Callable[[], float] | None,
        checkpoint: Path | None,
        progress: Progress,
    ) -> None:
        self.state, self.plan, self.record = state, state.plan, state.record
        self.seed, self.loss, self.validate = seed, loss, validate
        self.checkpoint, self.progress = checkpoint, progress
        self.devices = sorted({p.device.index or 0 for p in state.parameters if p.device.type == "cuda"})
        self.began = time.monotonic() - self.record.seconds
        self.saved = -math.inf
        self.reserve = 0.0  # the seconds that the last validation will take

    def all(self, batches: Callable[[int], Iterable[Any]]) -> None:
        """Run to the end, whatever it is."""
        self.progress.start(self.plan.max_epochs)
        try:
            if not (self.record.epochs or self.record.validations):
                self.close_epoch()
            while not self.record.stopped:
                self.epoch(batches(self.record.epochs + 1))
                self.close_epoch()
        except KeyboardInterrupt:
            self.record.stopped = "interrupted"
            self.record.seconds = time.monotonic() - self.began
        except TrainingError:
            self.state.restore_best()
            self.state.module.eval()
            raise
        finally:
            self.progress.finish()

    def epoch(self, batches: Iterable[Any]) -> None:
        number = self.record.epochs + 1
        length = self.plan.steps_per_epoch or _length(batches)
        total = length * self.plan.max_epochs
        latest = self.record.validations[-1][1] if self.record.validations else None
        self.draw_from("epoch", number)
        self.state.module.train()
        summed, count = 0.0, 0
        for batch in islice(batches, length):
            # The middle of the step: the first rate is not zero and neither is the last.
            fraction = min(1.0, max(((number - 1) * length + count + 0.5) / total, self.time_used()))
            summed += self.step(batch, number, self.plan.rate(fraction))
            count += 1
            self.progress.update(number, self.record.steps, fraction, summed / count, latest)
            if self.time_used() >= 1:
                break
        if not count:
            raise InputError(f"epoch {number} has no batches: give at least one")
        self.record.epochs = number
        self.record.losses.append(summed / count)

    def step(self, batch: object, epoch: int, rate: float) -> float:
        for parameter in self.state.parameters:
            parameter.grad = None
        loss = self.loss(batch)
        torch.autograd.backward(loss)
        gradients = [p.grad for p in self.state.parameters if p.grad is not None]
        norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
        value, size = torch.stack((loss.detach(), norm)).tolist()  # one wait for the device, not two
        if not (math.isfinite(value) and math.isfinite(size)):
            raise TrainingError(
                f"epoch {epoch}, step {self.record.steps + 1}: the loss is {value:.4g} and the gradient's norm "
                f"{size:.4g} at a learning rate of {rate:.3g} and a clip_norm of {self.plan.clip_norm}; the best "
                f"weights so far (epoch {self.record.best_epoch}) are kept. Try a learning_rate of "
                f"{self.plan.learning_rate / 3:.1g} or a smaller clip_norm, and look for values in the data that are "
                f"not finite or very large"
            )
        if self.plan.clip_norm is not None and size > self.plan.clip_norm:
            torch._foreach_mul_(gradients, self.plan.clip_norm / size)
        self.state.step(rate)
        return float(value)

    def close_epoch(self) -> None:
        """Validate, keep the best, decide whether to stop, save."""
        ending = self.ending()
        with self.state.averaged():
            if self.validate is None:
                self.state.keep()
            elif ending or self.record.epochs % self.plan.validate_every == 0:
                self.judge(self.validate)
        self.record.stopped = ending or self.content() or self.impatient()
        self.record.seconds = time.monotonic() - self.began
        due = time.monotonic() - self.saved >= self.plan.checkpoint_every
        if self.checkpoint is not None and (due or self.record.stopped):
            checkpoints.save(self.state, self.checkpoint, self.seed)
            self.saved = time.monotonic()

    def judge(self, validate: Callable[[], float]) -> None:
        began = time.monotonic()
        self.draw_from("validation", self.record.epochs)
        self.state.module.eval()
        with torch.no_grad():
            value = float(validate())
        if math.isnan(value):
            raise TrainingError(
                f"the validation after epoch {self.record.epochs} is nan; the best weights so far (epoch "
                f"{self.record.best_epoch}) are kept. Look for missing values in the validation data"
            )
        best = self.record.best
        self.record.validations.append((self.record.epochs, value))
        if best is None or value < best:
            self.state.keep()
        self.reserve = time.monotonic() - began

    def ending(self) -> str:
        if self.record.epochs >= self.plan.max_epochs:
            return "done"
        return "time" if self.time_used() >= 1 else ""

    def content(self) -> str:
        best = self.record.best
        return "enough" if self.plan.enough is not None and best is not None and best <= self.plan.enough else ""

    def impatient(self) -> str:
        waited = self.record.epochs - self.record.best_epoch
        return "patience" if self.plan.patience is not None and waited >= self.plan.patience else ""

    def time_used(self) -> float:
        """Share of ``max_time`` that is gone, counting the validation still to come."""
        if self.plan.max_time is None:
            return 0.0
        return (time.monotonic() - self.began + self.reserve) / self.plan.max_time

    def draw_from(self, use: str, epoch: int) -> None:
        seed = derive_seed(self.seed, use, epoch)
        torch.default_generator.manual_seed(seed)
        for device in self.devices:
            torch.cuda.default_generators[device].manual_seed(seed)


def _length(batches: object) -> int:
    if isinstance(batches, Sized):
        return len(batches)
    raise InputError(f"batches are a {type(batches).__name__} without a length: give Plan(steps_per_epoch=...)")
