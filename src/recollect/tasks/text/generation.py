"""Writing on: from a prompt to text that comes as it is asked for, in constant memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor

from recollect.core.errors import ArtifactError, InputError
from recollect.core.state import LSTMState
from recollect.core.weights import read_tensors, write_tensors
from recollect.data.stops import StopMatcher
from recollect.data.tokens import Tokenizer
from recollect.nn.beam import Continuation, beam
from recollect.nn.decode import Sampling, generate
from recollect.nn.filters import ban
from recollect.tasks.text.model import Model

__all__ = ["Writer", "prompt_tokens"]

BITE = 4096  # tokens of a prompt that are read at once
RECENT = 64


def prompt_tokens(tokenizer: Tokenizer, prompt: str) -> list[int]:
    """The tokens of a prompt; raises InputError with the symbols that the model has never seen."""
    if unknown := tokenizer.unknown(prompt):
        shown = ", ".join(map(repr, unknown[:10])) + (", ..." if len(unknown) > 10 else "")
        raise InputError(
            f"the prompt has {len(unknown)} symbol{'s' if len(unknown) > 1 else ''} that the model has never seen: "
            f"{shown}; write it with those of the training text"
        )
    return [int(token) for token in tokenizer.encode(prompt)]


class Writer:
    """Several streams of text that a model is in the middle of: what it holds of them, and what it expects next.

    A stream that has read nothing yet begins as a new text would: after a line's end, if the model knows one.
    """

    def __init__(self, model: Model, samples: int = 1) -> None:
        self.model, self.samples = model, samples
        self.state = model.network.empty(samples)
        self.logits: Tensor | None = None
        self._recent: deque[Tensor] = deque(maxlen=RECENT)  # the last tokens, [B] each, for the repetition penalty
        self._unread: Tensor | None = None  # the token [B] that was written last, if it has not been read yet

    def read(self, text: str) -> Writer:
        """Read ``text``, which every stream goes on from; raises InputError for symbols never seen."""
        tokens = torch.tensor(prompt_tokens(self.model.tokenizer, text), dtype=torch.int64)
        if len(tokens):
            self._catch_up()
            self._recent.extend(tokens[-RECENT:, None].expand(-1, self.samples))
            with torch.no_grad():
                for bite in torch.split(tokens, BITE):
                    hidden, self.state = self.model.network.hidden(bite[:, None].expand(-1, self.samples), self.state)
                self.logits = self.model.network.read(hidden[-1])
        return self

    @property
    def recent(self) -> Tensor:
        """The last tokens [B, R] of each stream, at most 64."""
        return torch.stack(list(self._recent), 1) if self._recent else torch.zeros(self.samples, 0, dtype=torch.int64)

    @torch.no_grad()
    def expected(self) -> Tensor:
        """Logits [B, V] of the next token of each stream."""
        self._catch_up()
        if self.logits is None:
            known = self.model.tokenizer
            begin = known.encode(next((text for text in ("\n", " ") if not known.unknown(text)), "\n"))
            self._step(torch.tensor(begin[:1]).expand(self.samples), self.state)
        assert self.logits is not None
        return self.logits

    def write(
        self, length: int | None, sampling: Sampling, seed: int, stops: Sequence[str] = ()
    ) -> Iterator[list[str]]:
        """What each stream says next, piece by piece, until each has ``length`` tokens or has come to a stop.

        Without a length it never ends. A piece is empty where a stream has stopped, or where a character is only half
        there. Stops are not shown.
        """
        decoders = [self.model.tokenizer.decoder() for _ in range(self.samples)]
        matchers = [StopMatcher(stops) for _ in range(self.samples)]
        generator = torch.Generator().manual_seed(seed)
        endless = generate(self._step, self.expected(), self.state, sampling, generator, self.recent)
        for self._unread in islice(endless, length):
            self._recent.append(self._unread)
            yield [
                matcher.feed(decoder.feed(token))
                for matcher, decoder, token in zip(matchers, decoders, self._unread.tolist(), strict=True)
            ]
            if stops and all(matcher.stopped is not None for matcher in matchers):
                break
        yield [
            matcher.feed(decoder.finish()) + matcher.finish()
            for matcher, decoder in zip(matchers, decoders, strict=True)
        ]

    def choices(self, count: int) -> list[tuple[str, float]]:
        """The likeliest next tokens of the first stream with their probabilities, the likeliest first."""
        logits = ban(self.expected()[0], self.model.banned)
        chance, tokens = logits.softmax(0).topk(min(count, len(logits) - len(self.model.banned)))
        decode = self.model.tokenizer.decode
        return [(decode([token]), share) for token, share in zip(tokens.tolist(), chance.tolist(), strict=True)]

    def complete(self, length: int, width: int) -> list[Continuation]:
        """The likeliest ways to go on for ``length`` tokens that beam search finds, the best first."""
        logits, banned = self.expected()[:1], self.model.banned
        return beam(self.model.network.step, logits, self.state, length, width, banned=banned)[0]

    def save(self, path: Path) -> None:
        """Write what the streams hold to ``path``, for ``resume``; raises OutputError."""
        logits = self.expected()
        write_tensors(path, {"h": self.state.h, "c": self.state.c, "logits": logits, "recent": self.recent})

    def resume(self, path: Path) -> Writer:
        """Go on where ``save`` was. Raises ArtifactError for what is no such file, or of another model."""
        found = read_tensors(path)
        wanted = {"h": self.state.h.shape, "c": self.state.c.shape, "logits": (self.samples, self.model.tokenizer.size)}
        for name, shape in wanted.items():
            if name not in found or tuple(found[name].shape) != tuple(shape) or not found[name].isfinite().all():
                raise ArtifactError(
                    f"{path} holds no state of this model with samples={self.samples}: write it anew with the same "
                    "model and number of samples"
                )
        self.state, self.logits = LSTMState(found["h"], found["c"]), found["logits"]
        self._recent = deque(found.get("recent", self.recent).unbind(1), RECENT)
        return self

    @torch.no_grad()
    def _catch_up(self) -> None:
        if self._unread is not None:
            self._step(self._unread, self.state)

    def _step(self, tokens: Tensor, state: LSTMState) -> tuple[Tensor, LSTMState]:
        self._unread = None
        self.logits, self.state = self.model.network.step(tokens, state)
        return self.logits, self.state
