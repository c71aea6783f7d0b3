"""Writing on: from a prompt to text that comes as it is asked for, in constant memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from recollect.core.errors import InputError
from recollect.core.state import LSTMState
from recollect.data.stops import StopMatcher
from recollect.data.tokens import Tokenizer
from recollect.nn.decode import Sampling, generate
from recollect.tasks.text.model import Model

__all__ = ["Writer", "prompt_tokens"]

BITE = 4096  # tokens of a prompt that are read at once


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
        self.recent = torch.zeros(samples, 0, dtype=torch.int64)

    def read(self, text: str) -> Writer:
        """Read ``text``, which every stream goes on from; raises InputError for symbols never seen."""
        tokens = torch.tensor(prompt_tokens(self.model.tokenizer, text), dtype=torch.int64)
        self.recent = torch.cat([self.recent, tokens.expand(self.samples, -1)], 1)[:, -BITE:]
        with torch.inference_mode():
            for bite in tokens.split(BITE):
                hidden, self.state = self.model.network.hidden(bite[:, None].expand(-1, self.samples), self.state)
                self.logits = self.model.network.read(hidden[-1])
        return self

    def tokens(self, sampling: Sampling, seed: int) -> Iterator[Tensor]:
        """Tokens [B] without end. What was yielded last has not been read yet: see ``close``."""
        generator = torch.Generator().manual_seed(seed)
        return generate(self._step, self.expected, self.state, sampling, generator, self.recent)

    def write(self, length: int, sampling: Sampling, seed: int, stops: Sequence[str] = ()) -> Iterator[list[str]]:
        """What each stream says next, piece by piece, until each has ``length`` tokens or has come to a stop.

        A piece is empty where a stream has stopped, or where a character is only half there. Stops are not shown.
        """
        decoders = [self.model.tokenizer.decoder() for _ in range(self.samples)]
        matchers = [StopMatcher(stops) for _ in range(self.samples)]
        for count, tokens in enumerate(self.tokens(sampling, seed), 1):
            pieces = [
                matcher.feed(decoder.feed(token))
                for matcher, decoder, token in zip(matchers, decoders, tokens.tolist(), strict=True)
            ]
            yield pieces
            if count >= length or all(matcher.stopped for matcher in matchers):
                break
        yield [
            matcher.feed(decoder.finish()) + matcher.finish()
            for matcher, decoder in zip(matchers, decoders, strict=True)
        ]

    @property
    def expected(self) -> Tensor:
        """Logits [B, V] of the next token of each stream."""
        if self.logits is None:
            known = self.model.tokenizer
            begin = known.encode("\n") if not known.unknown("\n") else known.encode(" ")
            self.logits, self.state = self._step(torch.tensor(begin[:1]).expand(self.samples), self.state)
        return self.logits

    def _step(self, tokens: Tensor, state: LSTMState) -> tuple[Tensor, LSTMState]:
        with torch.inference_mode():
            self.logits, self.state = self.model.network.step(tokens, state)
        return self.logits, self.state
