"""Events: when a unit wrote, kept, showed and forgot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recollect.memory.reading import Bools, Floats, Ints, largest
from recollect.memory.recording import Recording

__all__ = ["KINDS", "Events", "events"]

KINDS = ("write", "keep", "show", "forget")
NEAR_ONE = 0.9  # half is gone after 7 steps
# The flat place of layer, row and unit, the first step, the number of steps, and the size.
RUN = np.dtype([("place", np.int64), ("start", np.int64), ("steps", np.int64), ("size", np.float64)])


@dataclass(frozen=True)
class Events:
    """What happened, in the order of time: n events. ``x[start]`` is what the layer read when each began.

    Attributes:
        kind: [n], "write", "keep", "show" or "forget".
        layer: [n], where; and so ``unit`` and ``row``, of the batch.
        unit: [n].
        row: [n].
        start: [n], the step at which it began.
        steps: [n], for how many it went on.
        size: [n], what was written, kept, shown or forgotten in the first step, as a share of the unit's span.
        span: [L, H], the largest value of each unit's memory in the record less the smallest.
    """

    kind: NDArray[np.str_]
    layer: Ints
    unit: Ints
    row: Ints
    start: Ints
    steps: Ints
    size: Floats
    span: Floats


def events(recording: Recording, *, share: float = 0.1, most: int = 100) -> Events:
    """Find the stretches of steps in which a unit did one thing, by thresholds from its own distribution:

        write    i is open,        |i g|           >= share * span
        keep     f >= 0.9,         |c[t-1]| is large
        show     o is open,        |c| is large,       o |c|           >= share * span
        forget   f is not open,    |c[t-1]| is large,  (1 - f) |c[t-1]| >= share * span

    Open and large mean above the middle between the smallest and the largest value that the gate, or |c|, of that unit
    has in the record; c[-1] counts as 0. f is what keeps the memory (Recording.keep). A gru writes n by 1 - z, keeps by
    z, and its memory is h, which always shows: it has no event "show". Of each kind and unit the ``most`` largest are
    given; of those that keep, the longest.

    After Karpathy, Johnson & Li 2016, "Visualizing and understanding recurrent networks", section 4.2, who read such
    stretches by eye; the thresholds are ours. Raises InputError for the rnn cell, which has no gates.
    """
    T, L, B, H = recording.shape
    middle, span = _bounds(recording)
    runs = {kind: _Runs(L * B * H) for kind in KINDS}
    for start, stop in recording.blocks():
        for kind, (going, size) in _doing(_inside(recording, start, stop), middle, span, share).items():
            runs[kind].feed(start, going.reshape(stop - start, -1), size.reshape(stop - start, -1))
            runs[kind].prune(B, H, most, longest=kind == "keep")
    nothing = np.zeros((1, L * B * H))
    for kind, run in runs.items():
        run.feed(T, nothing > 0, nothing)
        run.prune(B, H, most, longest=kind == "keep")
    kinds = np.repeat(KINDS, [len(run.found) for run in runs.values()])
    found = np.concatenate([run.found for run in runs.values()])
    order = np.lexsort((found["place"], found["start"]))
    kinds, found = kinds[order], found[order]
    layer, row, unit = np.unravel_index(found["place"], (L, B, H))
    return Events(kinds, layer, unit, row, found["start"], found["steps"], found["size"], span[:, 0])


def _inside(recording: Recording, start: int, stop: int) -> dict[str, Floats]:
    """What the thresholds look at, [n, L, B, H] each."""
    name = recording.memory
    memory = recording.read(name, max(start - 1, 0), stop)
    if not start:
        memory = np.concatenate([np.zeros_like(memory[:1]), memory])
    found = {"f": recording.keep(start, stop), "c": memory[1:], "|c|": abs(memory[1:]), "before": abs(memory[:-1])}
    if name == "h":
        found["i"] = 1 - recording.read("z", start, stop)
    else:
        found |= {gate: recording.read(gate, start, stop) for gate in "io"}
    return found | {"written": abs(found["i"] * recording.read("n" if name == "h" else "g", start, stop))}


def _bounds(recording: Recording) -> tuple[dict[str, Floats], Floats]:
    """The middle between the extremes of each gate and of |c|, and the span of c, [L, 1, H] each."""
    low: dict[str, Floats] = {}
    high: dict[str, Floats] = {}
    for block in recording.blocks():
        for name, value in _inside(recording, *block).items():
            least, most = value.min((0, 2))[:, None], value.max((0, 2))[:, None]
            low[name], high[name] = np.minimum(low.get(name, least), least), np.maximum(high.get(name, most), most)
    return {name: (low[name] + high[name]) / 2 for name in low}, high["c"] - low["c"]


def _doing(
    at: dict[str, Floats], middle: dict[str, Floats], span: Floats, share: float
) -> dict[str, tuple[Bools, Floats]]:
    """For each kind, whether it goes on at each step, and how much of the span it moves."""
    large, was_large = at["|c|"] >= middle["|c|"], at["before"] >= middle["|c|"]
    scale = np.where(span > 0, span, np.inf)
    amounts = {"write": at["written"], "keep": at["before"], "forget": (1 - at["f"]) * at["before"]}
    doing = {"write": at["i"] >= middle["i"], "keep": (at["f"] >= NEAR_ONE) & was_large}
    doing["forget"] = (at["f"] <= middle["f"]) & was_large
    if "o" in at:
        amounts["show"], doing["show"] = at["o"] * at["|c|"], (at["o"] >= middle["o"]) & large
    sizes = {kind: amount / scale for kind, amount in amounts.items()}
    return {kind: (doing[kind] & ((sizes[kind] >= share) | (kind == "keep")), sizes[kind]) for kind in doing}


class _Runs:
    """Runs of steps in which something goes on, gathered block by block."""

    def __init__(self, places: int) -> None:
        self.began, self.size = np.full(places, -1), np.zeros(places)
        self.found = np.empty(0, RUN)

    def feed(self, first: int, going: Bools, size: Floats) -> None:
        """The next steps, [n, places] each, of which the first is step ``first``."""
        changed = going != np.concatenate([self.began[None] >= 0, going[:-1]])
        place, at = np.nonzero(changed.T)
        begins = going[at, place]
        end = np.flatnonzero(~begins)
        here = (end > 0) & (place[end - 1] == place[end])  # what ends began in this block, or before it
        ended = np.empty(len(end), RUN)
        ended["place"] = place[end]
        ended["start"] = np.where(here, first + at[end - 1], self.began[place[end]])
        ended["steps"] = first + at[end] - ended["start"]
        ended["size"] = np.where(here, size[at[end - 1], place[end]], self.size[place[end]])
        self.found = np.concatenate([self.found, ended])
        self.began[place[begins]], self.size[place[begins]] = first + at[begins], size[at[begins], place[begins]]
        self.began[~going[-1]] = -1

    def prune(self, B: int, H: int, most: int, longest: bool) -> None:
        """Keep the ``most`` largest or longest of each layer and unit, all rows together."""
        unit = self.found["place"] // (B * H) * H + self.found["place"] % H
        size = self.found["steps"].astype(np.float64) if longest else self.found["size"]
        self.found = self.found[largest(unit, size, most)]
