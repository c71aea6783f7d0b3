"""Every error that Recollect raises on purpose.

    RecollectError
    ├── InputError        what the user gave cannot be used          (also a ValueError)
    │   ├── DataError     the content of a table or series
    │   └── ShapeError    the shape, dtype or device of a tensor
    ├── ArtifactError     a saved model cannot be read
    ├── OutputError       a result cannot be written                 (also an OSError)
    ├── TrainingError     training cannot go on (a NaN loss, say)
    └── MissingExtraError a package of an optional extra is absent   (also an ImportError)

A message says what is wrong, where, what was given and what would work. The command line prints it without
a traceback and leaves with exit code 2.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = [
    "ArtifactError",
    "DataError",
    "InputError",
    "MissingExtraError",
    "OutputError",
    "RecollectError",
    "ShapeError",
    "TrainingError",
]


class RecollectError(Exception):
    """The root: catch this to catch whatever Recollect raises on purpose."""


class InputError(RecollectError, ValueError):
    """An argument, an option or a file that cannot be used as given."""


class DataError(InputError):
    """A table or series with wrong content; lists every problem found, not only the first.

    ``problems`` holds one sentence for each; the message joins them.
    """

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems: tuple[str, ...] = (problems,) if isinstance(problems, str) else tuple(problems)
        head = "" if len(self.problems) == 1 else f"{len(self.problems)} problems in the data:\n  - "
        super().__init__(head + "\n  - ".join(self.problems))


class ShapeError(InputError):
    """A tensor of the wrong shape, dtype or device."""


class ArtifactError(RecollectError):
    """A model folder that is not whole, not ours, damaged, or newer than this version."""


class OutputError(RecollectError, OSError):
    """A result that cannot be written where it was asked for."""


class TrainingError(RecollectError):
    """Training that cannot go on; the message says at which step and what to change."""


class MissingExtraError(RecollectError, ImportError):
    """A package that an optional feature needs is not installed."""

    def __init__(self, feature: str, package: str, extra: str) -> None:
        super().__init__(f"{feature} needs the package {package!r}: pip install 'recollect[{extra}]'")
