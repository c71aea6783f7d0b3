"""Options that several commands share: declared once, as the fields of a dataclass."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["from_options"]


def from_options(work: Callable[..., None]) -> Callable[..., None]:
    """``work`` as a command: each argument that is a dataclass is filled from one option for each of its fields.

    So options that several commands share are declared once, and no function takes two dozen arguments.
    """
    asked = inspect.signature(work, eval_str=True).parameters
    groups: dict[str, Any] = {name: p.annotation for name, p in asked.items() if dataclasses.is_dataclass(p.annotation)}
    options: dict[str, Mapping[str, inspect.Parameter]] = {
        name: inspect.signature(groups[name], eval_str=True).parameters if name in groups else {name: parameter}
        for name, parameter in asked.items()
    }

    def _call(**given: object) -> None:
        parts = {name: kind(**{option: given.pop(option) for option in options[name]}) for name, kind in groups.items()}
        work(**parts, **given)

    every = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for group in options.values() for one in group.values()]
    parameters = sorted(every, key=lambda one: one.default is not inspect.Parameter.empty)  # what is required first
    _call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    _call.__doc__ = work.__doc__
    return _call
