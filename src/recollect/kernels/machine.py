"""What this machine offers for arithmetic: processors, instruction sets, and whether the compiled core is present.

Loads no torch: the facts cost milliseconds.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import TypeVar

__all__ = ["Machine", "core_trouble", "load_core", "machine", "peak_gflops", "settled"]

Asked = TypeVar("Asked", bound=Callable[[], object])


@dataclass(frozen=True)
class Machine:
    """Facts about the processor.

    Attributes:
        system: the operating system and architecture, such as ``Linux x86_64``.
        cores: processors that this process may use.
        instruction_sets: what the compiled core and the processor share, the widest last; empty without the core.
        instruction_set: the one in use (the widest, or what RECOLLECT_ISA names); None without the core.
        core: ``present``, or why the compiled core is not usable.
    """

    system: str
    cores: int
    instruction_sets: tuple[str, ...]
    instruction_set: str | None
    core: str


def load_core() -> ModuleType | None:
    """The compiled core, or None where there is none; ``machine`` says why."""
    try:
        return import_module("recollect._core")
    except ImportError:
        return None


def settled(function: Asked) -> Asked:
    """Let torch.compile ask ``function`` once, in place of reading its code.

    torch.compiler.assume_constant_result does the same, and would load the whole compiler here.
    """
    function._dynamo_marked_constant = True  # type: ignore[attr-defined]
    return function


@settled
def core_trouble() -> str:
    """Why the compiled core cannot be used, or an empty string: quick to ask again."""
    return _trouble(os.environ.get("RECOLLECT_ISA"))


@cache
def _trouble(wish: str | None) -> str:  # the core reads the variable by itself
    facts = machine()
    return facts.core if facts.instruction_set is None else ""


def machine() -> Machine:
    """Ask the operating system and the compiled core."""
    system = f"{platform.system()} {platform.machine()}"
    try:
        import recollect._core as _core
    except ModuleNotFoundError:
        reason = "absent: recollect was installed without a C++ compiler; install GCC or Clang, then recollect again"
        return Machine(system, _cores(), (), None, reason)
    except ImportError as error:
        return Machine(system, _cores(), (), None, f"not loadable: {error}; install recollect again")
    sets = tuple(_core.instruction_sets())
    try:
        return Machine(system, _cores(), sets, _core.chosen_instruction_set(), "present")
    except ValueError as error:
        return Machine(system, _cores(), sets, None, f"not usable: {error}")


def peak_gflops(seconds: float = 0.2) -> float | None:
    """Measured float32 peak of one thread in 10^9 operations a second (an FMA is two); None without the core.

    Multiply-adds on registers alone, for ``seconds``; the best stretch counts, so that a busy moment does not.
    """
    if machine().instruction_set is None:
        return None
    from recollect import _core

    return _core.peak_flops(seconds) / 1e9


def _cores() -> int:
    # A container or a job scheduler may grant fewer processors than the machine has.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
