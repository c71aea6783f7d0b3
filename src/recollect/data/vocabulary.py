"""Which tokens to write a text in, chosen by what it holds and said in words; and tokenizers read back from JSON."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Iterator

from recollect.core.errors import ArtifactError, InputError
from recollect.data.bpe import BPE
from recollect.data.tokens import Bytes, Characters, Tokenizer

__all__ = ["AUTO", "KINDS", "learn_tokenizer", "tokenizer_from_json"]

AUTO = "auto"
KINDS = ("characters", "bytes", "bpe")
_MOST_SYMBOLS = 8192
_PAIRS = 4096
_SAMPLE = 10_000_000
_MINIMUM = 2


def learn_tokenizer(
    pieces: Callable[[], Iterable[str]], kind: str = AUTO, size: int = _PAIRS, minimum: int = _MINIMUM
) -> tuple[Tokenizer, str]:
    """The tokenizer of a training text, and a sentence that says which it is and why.

    ``pieces`` gives the training part from its beginning each time it is called. "auto" takes characters as long as at
    most 8,192 of them stand in the text ``minimum`` times; beyond, BPE of ``size`` tokens, or bytes without the package
    tokenizers. BPE learns from 10 million characters at most, evenly taken. With ``minimum`` 2 ``<unk>`` is met as
    often as characters seen once: Good's estimate of how often unseen ones are (Good 1953, Biometrika 40, section 2).

    Raises InputError for a kind that does not exist, and whatever the tokenizer raises.
    """
    if kind not in (AUTO, *KINDS):
        raise InputError(f"there are no tokens of kind {kind!r}: {', '.join((AUTO, *KINDS))} exist")
    if kind == "bytes":
        return Bytes(), "bytes, 256 of them, as asked for"
    if kind == "bpe":
        pairs = BPE.learn(_sample(pieces), size)
        return pairs, f"BPE, {pairs.size:,} tokens, as asked for"
    characters = Characters.learn(pieces(), minimum)
    count = len(characters.symbols)
    if kind == "characters" or count <= _MOST_SYMBOLS:
        why = "as asked for" if kind == "characters" else f"as there are at most {_MOST_SYMBOLS:,}"
        rare = f"; {characters.folded:,} rarer than {minimum} times are read as <unk>" if characters.folded else ""
        return characters, f"characters, {count:,} of them, {why}{rare}"
    if importlib.util.find_spec("tokenizers") is None:
        return Bytes(), f"bytes, as {count:,} characters are too many, and BPE needs the extra recollect[text]"
    pairs = BPE.learn(_sample(pieces), size)
    return pairs, f"BPE, {pairs.size:,} tokens, as {count:,} characters are too many"


def tokenizer_from_json(data: object) -> Tokenizer:
    """The tokenizer whose ``to_json`` gave ``data``; raises ArtifactError for anything else, and executes nothing."""
    kind = data.get("kind") if isinstance(data, dict) else None
    if kind == "characters":
        return Characters.from_json(data)
    if kind == "bytes":
        return Bytes.from_json(data)
    if kind == "bpe":
        return BPE.from_json(data)
    raise ArtifactError(f"a saved tokenizer must be of kind {', '.join(KINDS)}, got {data!r:.200}")


def _sample(pieces: Callable[[], Iterable[str]]) -> Iterator[str]:
    """The text, or of a long one the beginnings of all its pieces, as much of each as makes ``_SAMPLE`` in all."""
    length = sum(map(len, pieces()))
    share = min(1.0, _SAMPLE / max(length, 1))
    return (piece[: max(int(len(piece) * share), 1)] for piece in pieces())
