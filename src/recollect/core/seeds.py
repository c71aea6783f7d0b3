"""Random numbers that repeat: every generator is made from the user's seed and a word that names its use."""

from __future__ import annotations

import hashlib

__all__ = ["derive_seed"]


def derive_seed(seed: int, *path: str | int) -> int:
    """A 63-bit seed for one use of randomness, independent of every other use.

    ``derive_seed(7, "member", 2)`` is the same number on every machine and in every run; two paths that differ
    give unrelated streams, so that adding a draw in one place never shifts another.
    """
    text = "/".join([str(seed), *map(str, path)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
