"""Where generated text is to stop: strings looked for as the text comes, whatever tokens it comes in."""

from __future__ import annotations

from collections.abc import Sequence

from recollect.core.errors import InputError

__all__ = ["StopMatcher"]


class StopMatcher:
    """Lets text through up to the first of the ``stops`` to be complete; of those complete at once the longest counts.

    Text that may be the beginning of a stop is held back until it is known to be none: nothing shown is taken back.

    Attributes:
        stopped: the stop that was found, or None.

    Raises InputError for an empty stop.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        if not all(stops):
            raise InputError("a text to stop at must not be empty")
        self.stopped: str | None = None
        self._stops, self._held = tuple(stops), ""

    def feed(self, text: str) -> str:
        """What of the text so far is certain and not yet shown; nothing once it has stopped."""
        if not self._stops:
            return text
        if self.stopped is not None:
            return ""
        text = self._held + text
        found = [(text.index(stop) + len(stop), -len(stop), stop) for stop in self._stops if stop in text]
        if found:
            end, _, self.stopped = min(found)
            self._held = ""
            return text[: end - len(self.stopped)]
        shown = len(text) - max((_begun(text, stop) for stop in self._stops), default=0)
        self._held = text[shown:]
        return text[:shown]

    def finish(self) -> str:
        """What was held back, when no more text comes."""
        held, self._held = self._held, ""
        return held


def _begun(text: str, stop: str) -> int:
    """How many characters at the end of the text begin the stop."""
    return next((size for size in range(min(len(stop) - 1, len(text)), 0, -1) if text.endswith(stop[:size])), 0)
