"""One sentence for every argument that is out of its range."""

from __future__ import annotations

from recollect.core.errors import InputError

__all__ = ["require"]


def require(valid: bool, name: str, value: object, wanted: str) -> None:
    """Raise InputError unless ``value``, which the user knows as ``name``, is ``valid``: what is ``wanted``."""
    if not valid:
        raise InputError(f"{name} is {value!r}, and must be {wanted}")
