"""Training a network on streams that never end: truncated back-propagation with the state carried on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from recollect.core.seeds import derive_seed
from recollect.core.state import LSTMState
from recollect.tasks.text.data import Streams, Stretch
from recollect.tasks.text.network import TextNetwork, surprise
from recollect.train.loop import fit
from recollect.train.plan import Plan
from recollect.train.progress import Progress
from recollect.train.record import Record

__all__ = ["Reader", "train_network"]


class Reader(nn.Module):
    """A network in the middle of B streams: what it holds of them is part of it, so that a checkpoint has it too."""

    def __init__(self, network: TextNetwork, rows: int) -> None:
        super().__init__()
        self.network = network
        state = network.empty(rows)
        self.h, self.c = nn.Buffer(state.h), nn.Buffer(state.c)

    def loss(self, stretch: Stretch) -> Tensor:
        """Mean nats of the T predictions of each stream, plus what AR and TAR ask, the state carried on.

            loss = mean -log p + alpha mean (m h)^2 + beta mean (h[t] - h[t - 1])^2     m: the output's mask

        Merity, Keskar & Socher 2018, section 4.4.
        """
        tokens, keep = stretch
        noise = self.network.noise
        read = self.network(tokens[:-1], LSTMState(self.h * keep[:, None], self.c * keep[:, None]))
        self.h.copy_(read.state.h.detach())
        self.c.copy_(read.state.c.detach())
        loss = surprise(read.logits, tokens[1:]).mean()
        if noise.activation:
            loss = loss + noise.activation * read.disturbed.square().mean()
        if noise.change:
            loss = loss + noise.change * (read.hidden[1:] - read.hidden[:-1]).square().mean()
        return loss


@dataclass(frozen=True)
class _Epoch:
    """The stretches of one epoch, the same ones at every asking."""

    streams: Streams
    first: int
    count: int

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Stretch]:
        return self.streams.stretches(self.first, self.count)


def train_network(
    network: TextNetwork,
    streams: Streams,
    judged: Tensor,
    *,
    plan: Plan,
    seed: int,
    checkpoint: Path | None = None,
    progress: Progress | None = None,
) -> Record:
    """Train ``network`` on ``streams`` and keep the weights that are least surprised by ``judged`` [T + 1, M].

    Validations are nats per token, each of the M windows read from nothing.
    """
    steps = plan.steps_per_epoch or streams.steps

    def batches(epoch: int) -> _Epoch:
        return _Epoch(streams, (epoch - 1) * steps, steps)

    def validate(reader: Reader) -> float:
        return float(surprise(reader.network(judged[:-1]).logits, judged[1:]).double().mean())

    return fit(
        Reader(network, streams.rows), batches, Reader.loss, plan=plan, seed=derive_seed(seed, "training"),
        validate=validate, checkpoint=checkpoint, progress=progress,
    )  # fmt: skip
