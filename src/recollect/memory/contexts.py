"""Contexts: the windows of time in which a unit moved most, or held most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from recollect.core.errors import InputError
from recollect.memory.reading import Bools, Floats, Ints, largest
from recollect.memory.recording import Recording

__all__ = ["Contexts", "contexts"]


@dataclass(frozen=True)
class Contexts:
    """Windows, unit by unit and the strongest first: n of them. ``x[start:stop]`` is what the layer read there.

    Attributes:
        layer: [n], where; and so ``unit`` and ``row``, of the batch.
        unit: [n].
        row: [n].
        at: [n], the step at the middle.
        start: [n], the first step of the window.
        stop: [n], the step after its last.
        value: [n], |c[t] - c[t-1]| or |c[t]| at the middle.
    """

    layer: Ints
    unit: Ints
    row: Ints
    at: Ints
    start: Ints
    stop: Ints
    value: Floats


def contexts(recording: Recording, *, by: str = "change", most: int = 10, radius: int = 10) -> Contexts:
    """The ``most`` windows of each unit around the largest v[t] = |c[t] - c[t-1]| (``by`` "change") or |c[t]| ("size"):

        t is a middle where v[t] > 0 is the largest of v[t - radius] ... v[t + radius], and the first of its size

    so that no middle lies in another's window. c is h for a cell without c, and c[-1] counts as 0. All rows together.
    Karpathy, Johnson & Li 2016, "Visualizing and understanding recurrent networks", section 4.2, look at cells so.

    Raises InputError for another word.
    """
    if by not in ("change", "size"):
        raise InputError(f"by is {by!r}, and may be 'change' or 'size'")
    T, L, B, H = recording.shape
    found = np.empty((0, 2), dtype=np.int64), np.empty(0)
    for start, stop in recording.blocks():
        early, last = start <= radius, min(stop + radius, T)
        first = 0 if early else start - radius - 1
        c = recording.read(recording.memory, first, last).reshape(last - first, -1)
        c = np.concatenate([np.zeros_like(c[:1]), c]) if early else c
        v = abs(np.diff(c, axis=0)) if by == "change" else abs(c[1:])
        v = np.pad(v, ((radius - start if early else 0, stop + radius - last), (0, 0)))
        at, place = np.nonzero(_peaks(v, radius))
        places = np.concatenate([found[0], np.stack([at + start, place], axis=1)])
        values = np.concatenate([found[1], v[at + radius, place]])
        kept = largest(places[:, 1] // (B * H) * H + places[:, 1] % H, values, most)
        found = places[kept], values[kept]
    at = found[0][:, 0]
    layer, row, unit = np.unravel_index(found[0][:, 1], (L, B, H))
    return Contexts(layer, unit, row, at, np.maximum(at - radius, 0), np.minimum(at + radius + 1, T), found[1])


def _peaks(v: Floats, radius: int) -> Bools:
    """Where v [radius + n + radius, places] is the largest of its window, [n, places]."""
    middle = v[radius : len(v) - radius]
    if not radius:
        return middle > 0
    sides = sliding_window_view(v, radius, axis=0).max(-1)
    return np.asarray((middle > 0) & (middle > sides[: len(middle)]) & (middle >= sides[radius + 1 :]))
