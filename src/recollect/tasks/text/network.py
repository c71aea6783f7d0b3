"""The language network: an embedding, a stack of LSTM layers, and the same embedding to read the answer from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

from recollect.core.state import LSTMState
from recollect.nn import LSTM, Recurrent
from recollect.nn.regularize import mask

__all__ = ["Noise", "Reading", "Shape", "TextNetwork", "surprise"]


@dataclass(frozen=True)
class Shape:
    """How large a network is: V tokens, embeddings of E, L layers of H units; ``tied`` reads answers by embeddings."""

    vocabulary: int
    embedding_size: int
    hidden_size: int
    num_layers: int
    tied: bool

    def to_json(self) -> dict[str, object]:
        """Plain values for the manifest."""
        return asdict(self)

    @property
    def work(self) -> int:
        """Multiplications to read one token."""
        H, E, V = self.hidden_size, self.embedding_size, self.vocabulary
        head = E * (H + V) if self.tied else H * V
        return 4 * H * (E + H) + 8 * H * H * (self.num_layers - 1) + head


@dataclass(frozen=True)
class Noise:
    """What disturbs a training, so that it learns rules and not the text (Merity, Keskar & Socher 2018, section 3-4).

    Attributes:
        embedding: share of the features of the embedding that a row misses, the same ones at every step.
        between: share of each layer's output that the next one misses.
        output: share of the last layer's units that a row misses, the same ones at every step.
        recurrent: share of the entries of R that are zero for a whole stretch (DropConnect).
        activation: alpha, weight of the mean square of the disturbed outputs in the loss (AR).
        change: beta, weight of the mean square of the outputs' changes from step to step (TAR).
    """

    embedding: float = 0.0
    between: float = 0.0
    output: float = 0.0
    recurrent: float = 0.0
    activation: float = 0.0
    change: float = 0.0


class Reading(NamedTuple):
    """Logits [T, B, V], the outputs [T, B, H] before and after noise, and the state."""

    logits: Tensor
    hidden: Tensor
    disturbed: Tensor
    state: LSTMState


class TextNetwork(nn.Module):
    """Logits of the token that comes next, at every step of B streams.

        x[t] = E[token[t]]                                      [T, B, E]
        h = LSTM(x)                                             [T, B, H]
        logits = E (P h) + b if tied, U h + b if not            [T, B, V]

    Tied: Press & Wolf 2017, arXiv:1608.05859; P [E, H] lets the layers be wider than the embedding.
    """

    def __init__(self, shape: Shape, noise: Noise | None = None) -> None:
        super().__init__()
        self.shape, self.noise = shape, noise or Noise()
        V, E, H = shape.vocabulary, shape.embedding_size, shape.hidden_size
        self.embedding = nn.Embedding(V, E)
        self.lstm = LSTM(
            E,
            H,
            shape.num_layers,
            dropout=self.noise.between,
            regularize=Recurrent(dropconnect=self.noise.recurrent),
        )
        self.narrow = nn.Linear(H, E, bias=False) if shape.tied else None
        self.head = nn.Linear(E if shape.tied else H, V)
        nn.init.normal_(self.embedding.weight, std=E**-0.5)
        nn.init.zeros_(self.head.bias)
        if shape.tied:
            self.head.weight = self.embedding.weight

    def forward(self, tokens: Tensor, state: tuple[Tensor, Tensor] | None = None) -> Reading:
        """Read ``tokens`` [T, B] from ``state``, or from nothing."""
        x = self.embedding(tokens)
        if self.training and self.noise.embedding:
            x = x * mask(x, x.shape[1:], self.noise.embedding)
        hidden, last = self.lstm(x, state)
        disturbed = hidden
        if self.training and self.noise.output:
            disturbed = hidden * mask(hidden, hidden.shape[1:], self.noise.output)
        return Reading(self.read(disturbed), hidden, disturbed, last)

    def hidden(self, tokens: Tensor, state: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, LSTMState]:
        """The outputs [T, B, H] and the state, for who needs no logits but the last."""
        hidden, last = self.lstm(self.embedding(tokens), state)
        return hidden, last

    def step(self, tokens: Tensor, state: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, LSTMState]:
        """Read one token of each row [B] and give the logits [B, V] and the state."""
        hidden, last = self.lstm.step(self.embedding.weight.index_select(0, tokens), state)
        return self.read(hidden), last

    def read(self, hidden: Tensor) -> Tensor:
        """Logits of outputs."""
        if self.narrow is not None:
            hidden = F.linear(hidden, self.narrow.weight)
        return F.linear(hidden, self.head.weight, self.head.bias)

    def empty(self, rows: int) -> LSTMState:
        """The state [L, B, H] of streams that have read nothing."""
        like = self.embedding.weight
        shape = (self.shape.num_layers, rows, self.shape.hidden_size)
        return LSTMState(like.new_zeros(shape), like.new_zeros(shape))


def surprise(logits: Tensor, targets: Tensor) -> Tensor:
    """-log p of each target in nats, in the shape of ``targets`` [T, B], by logits [T, B, V]."""
    return F.cross_entropy(logits.flatten(0, -2), targets.flatten(), reduction="none").view(targets.shape)
