"""Learn to say the next value of a series from the 50 before it, and go on from there."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor, nn

from recollect.core.seeds import derive_seed
from recollect.memory import Film, Frames, Inside, look_inside
from recollect.nn import Trace
from recollect.tasks.demo.data import TRAINING, VALIDATION, WINDOW, Floats, Series, windows
from recollect.tasks.demo.network import NextValue
from recollect.train.loop import fit
from recollect.train.plan import Plan
from recollect.train.progress import Progress
from recollect.train.record import Record

__all__ = ["Learner", "baselines"]

BATCH = 32

Pair = tuple[Tensor, Tensor]


class Learner:
    """LSTM(hidden_size) + Linear(1), trained on windows of 50 with AdamW on the squared error.

    The recipe is that of the introductions but for the rate, which warms up and falls, and the gradient's norm, which
    is bounded: with both, relu learns too.
    """

    def __init__(
        self, activation: str = "tanh", *, hidden_size: int = 50, epochs: int = 20, seed: int = 0, cell: str = "lstm"
    ) -> None:
        generator = torch.Generator().manual_seed(derive_seed(seed, "demo", "weights"))
        self.network = NextValue(hidden_size, activation, generator, cell)
        # A relu cell can grow without bound; small steps at first keep it from doing so.
        self.plan = Plan(max_epochs=epochs, learning_rate=5e-3, clip_norm=0.1, weight_decay=0.0)
        self.seed = seed
        self.record = Record()
        self.film: Frames | None = None
        self._errors = np.zeros(0)

    @property
    def parameters(self) -> int:
        """The number of weights."""
        return sum(value.numel() for value in self.network.parameters())

    def fit(self, values: Floats, progress: Progress | None = None) -> Learner:
        """Train on the training part of ``values`` [1000], and keep the weights best on the validation part."""
        training = _pair(windows(values, 0, TRAINING))
        validation = _pair(windows(values, TRAINING, VALIDATION))
        film = Film(self.network.lstm, _tensor(values[-WINDOW:])[:, None])

        def batches(epoch: int) -> Iterable[Pair]:
            generator = torch.Generator().manual_seed(derive_seed(self.seed, "demo", "order", epoch))
            order = torch.randperm(len(training[1]), generator=generator)
            return [(training[0][rows], training[1][rows]) for rows in torch.split(order, BATCH)]

        def validate(network: NextValue) -> float:
            film()  # once before the first epoch, and after each
            return _squared(network, validation).item()

        self.record = fit(
            self.network, batches, _squared, plan=self.plan, seed=self.seed, validate=validate, progress=progress
        )
        self.film = film.frames()
        inputs, targets = windows(values, TRAINING, VALIDATION)
        self._errors = targets - self.predict(inputs)
        return self

    def predict(self, inputs: Floats) -> Floats:
        """Windows [N, 50] -> the next value of each [N]."""
        with torch.no_grad():
            return _numbers(self.network(_tensor(inputs)))

    def paths(self, window: Floats, steps: int, count: int = 64) -> Floats:
        """Go on from ``window`` [50] for ``steps``, on ``count`` paths [count, steps] that its errors make differ.

        Each step predicts the next value of every path, adds one of the errors made on the validation part, and reads
        the sum as if it had been observed: what the network does not know spreads as it would. The first path adds
        nothing: it is what the network itself would say.
        """
        generator = np.random.default_rng(derive_seed(self.seed, "demo", "paths"))
        shocks = generator.choice(self._errors, (steps, count))
        shocks[:, 0] = 0.0
        values = np.empty((count, WINDOW + steps))
        values[:, :WINDOW] = window
        for step, shock in enumerate(shocks):
            values[:, WINDOW + step] = self.predict(values[:, step : WINDOW + step]) + shock
        return values[:, WINDOW:]

    def memory(self, series: Series, progress: Progress | None = None) -> Inside:
        """What the LSTM keeps, for how long, and when it lets go, while it reads ``series`` from end to end.

        The place of a step in the wave is a part of it, ``season`` of them. For comparison of what reaches how far, a
        plain RNN of the same size is trained in the same way, which takes as long as this training did.
        """
        network, turns = self.network.lstm, series.angle * np.arange(len(series.values)) / (2 * np.pi)
        twin = Learner(
            network.activation, hidden_size=network.hidden_size, epochs=self.plan.max_epochs, seed=self.seed, cell="rnn"
        ).fit(series.values, progress)
        return look_inside(
            network,
            series.values.astype(np.float32)[:, None],
            place=np.floor(turns % 1 * series.season).astype(np.int64),
            others={"a plain RNN, trained alike": twin.network.lstm},
            seed=self.seed,
        )

    def trace(self, window: Floats) -> dict[str, Floats]:
        """The gates, the cell and the output while ``window`` [50] is read, each [50, H]."""
        with torch.no_grad():
            trace: Trace = self.network.lstm.trace(_tensor(window)[:, None])
        return {name: _numbers(value[:, 0]) for name, value in trace._asdict().items()}


def baselines(values: Floats, season: int) -> dict[str, Floats]:
    """What simple rules say of the held-out part [100]: last value, last season, and a line through the same window.

    The line is the least-squares autoregression of order 50, fitted on the training part.
    """
    inputs, targets = windows(values, 0, TRAINING)
    line, *_ = np.linalg.lstsq(np.c_[inputs, np.ones(len(inputs))], targets, rcond=None)
    held_out, _ = windows(values, VALIDATION, len(values))
    return {
        "last value": held_out[:, -1],
        f"value {season} steps before": held_out[:, -season],
        "linear, same 50 values": held_out @ line[:-1] + line[-1],
    }


def _squared(network: nn.Module, pair: Pair) -> Tensor:
    return nn.functional.mse_loss(network(pair[0]), pair[1])


def _pair(pair: tuple[Floats, Floats]) -> Pair:
    return _tensor(pair[0]), _tensor(pair[1])


def _tensor(values: Floats) -> Tensor:
    return torch.from_numpy(values.astype(np.float32))


def _numbers(tensor: Tensor) -> Floats:
    return tensor.numpy().astype(np.float64)
