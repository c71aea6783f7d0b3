"""Which training a text generator's is, so that one that was killed goes on and no other takes its checkpoints."""

from __future__ import annotations

import hashlib

from recollect import __version__
from recollect.data.tokens import Tokenizer
from recollect.tasks.text.data import Tokens
from recollect.tasks.text.network import TextNetwork
from recollect.tasks.text.settings import Settings
from recollect.train.resuming import Identity

__all__ = ["CHANGES", "identity"]

CHANGES = {
    "text": "the text is another",
    "tokenizer": "the text has other symbols",
    "start": "it starts from another model",
}


def identity(
    learned: str, held: Tokens, tokenizer: Tokenizer, settings: Settings, start: TextNetwork | None
) -> Identity:
    """What a training is: where all of it is equal, so are the bits that come of it.

    ``learned`` is the digest of the text that is learned from: with it and the tokenizer its tokens are known.
    The time that it may take is no part of it: it may change from one sitting to the next.
    """
    asked = {name: value for name, value in settings.to_json().items() if name != "max_time"}
    weights = [] if start is None else [value.numpy() for value in start.state_dict().values()]
    return {
        "recollect": __version__,
        "text": [learned, _digest(held)],
        "tokenizer": hashlib.sha256(repr(tokenizer.to_json()).encode()).hexdigest(),
        "start": _digest(*weights),
        **asked,
    }


def _digest(*arrays: Tokens) -> str:
    found = hashlib.sha256()
    for array in arrays:
        found.update(array.tobytes())
        found.update(b"|")
    return found.hexdigest()
