"""Which path computes an LSTM layer: a table, the fastest first, and a way to ask."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

import torch
from torch.autograd import forward_ad

from recollect.core.errors import InputError
from recollect.kernels.aten import ATEN
from recollect.kernels.compiled import COMPILED
from recollect.kernels.contract import Case, Path
from recollect.kernels.machine import settled
from recollect.kernels.reference import REFERENCE

__all__ = ["PATHS", "Choice", "altered", "available", "chosen", "forced", "transformed", "using"]

# The fastest first; the last one serves everything.
PATHS: tuple[Path, ...] = (COMPILED, ATEN, REFERENCE)

_peek = torch._C._functorch.peek_interpreter_stack

_forced: ContextVar[str | None] = ContextVar("forced", default=None)
_watched: str | None = None  # the same for a compiler, which reads no ContextVar but compiles anew if this has changed


class Choice(NamedTuple):
    """A path and the reason why it was taken."""

    path: Path
    reason: str


def available() -> tuple[Path, ...]:
    """The paths of this installation, the fastest first."""
    return PATHS


def chosen(case: Case) -> Choice:
    """The path that computes ``case``: the first that does not refuse, or the one that ``using`` names.

    Raises InputError if that one refuses.
    """
    name = forced()
    refusals: list[str] = []
    for path in available():
        if name not in (None, path.name):
            continue
        refusal = path.refuses(case)
        if not refusal:
            wanted = "asked for by using()" if name else "the fastest that serves this case"
            return Choice(path, "; ".join([wanted, *refusals]))
        refusals.append(f"{path.name} does not: {refusal}")
    raise InputError(f"no LSTM path is left for {case}: {'; '.join(refusals)}")


def forced() -> str | None:
    """The name of the path that ``using`` asks for here, if any."""
    return _watched if torch.compiler.is_dynamo_compiling() else _forced.get()


@settled
def transformed() -> bool:
    """Whether vmap, another torch.func transform or forward-mode differentiation is at work."""
    return _peek() is not None or forward_ad._current_level >= 0


def altered() -> bool:
    """Whether the operations are to be done in another way than the compiled core's; quick to ask."""
    return (
        torch.compiler.is_compiling()
        or torch.is_autocast_enabled("cpu")
        or _forced.get() is not None
        or _peek() is not None
        or forward_ad._current_level >= 0
    )


@contextmanager
def using(name: str) -> Iterator[None]:
    """Inside, every LSTM layer takes the path called ``name``: to compare paths, or to rule one out.

    Raises InputError if there is none of that name.
    """
    names = [path.name for path in available()]
    if name not in names:
        raise InputError(f"no LSTM path is called {name!r}; there are {', '.join(names)}")
    global _watched
    token = _forced.set(name)
    _watched = name
    try:
        yield
    finally:
        _forced.reset(token)
        _watched = _forced.get()
