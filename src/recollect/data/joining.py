"""Panels cut to their newest steps, and continued by newer rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recollect.core.errors import DataError
from recollect.data.panel import Panel

__all__ = ["join_panels", "tail_of"]

Ints = NDArray[np.int64]


def tail_of(panel: Panel, steps: int) -> Panel:
    """The last ``steps`` steps of every series' history, with the rows after it."""
    cut = np.maximum(panel.ends - steps, 0)
    kept = np.diff(panel.offsets) - cut
    keep = _spread(panel.offsets[:-1] + cut, kept)
    offsets = np.concatenate([[0], np.cumsum(kept)])
    return replace(
        panel,
        starts=panel.starts + cut,
        ends=panel.ends - cut,
        offsets=offsets,
        target=panel.target[keep],
        known=panel.known[keep],
        past=panel.past[keep],
    )


def join_panels(older: Panel, newer: Panel) -> Panel:
    """``older`` continued by the observations of ``newer``, on the same clock; its rows ahead are replaced.

    Where rows are mere steps, those of ``newer`` follow the last observation. Series that ``newer`` does not have stay
    as they are. Raises DataError for a series that ``older`` does not have and for an observation that is not after
    the last one.
    """
    newer, at = _continued(older, newer)
    starts, lengths, ends = older.starts, np.diff(older.offsets), older.ends.copy()
    after = newer.starts - starts[at]  # where the newer rows begin in the series
    ends[at] = after + newer.ends
    lengths[at] = after + np.diff(newer.offsets)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    # A series with newer observations gives up its rows ahead from there on: the newer ones bring their own.
    stay = np.diff(older.offsets)
    stay[at] = np.minimum(stay[at], after)
    source, kept = _spread(older.offsets[:-1], stay), _spread(offsets[:-1], stay)
    fresh = _spread(offsets[at] + after, np.diff(newer.offsets))

    def joined(old: NDArray[np.float64], new: NDArray[np.float64]) -> NDArray[np.float64]:
        both = np.full((int(offsets[-1]), *old.shape[1:]), np.nan)
        both[kept], both[fresh] = old[source], new
        return both

    return replace(
        older,
        offsets=offsets,
        ends=ends,
        target=joined(older.target, newer.target),
        known=joined(older.known, newer.known),
        past=joined(older.past, newer.past),
    )


def _continued(older: Panel, newer: Panel) -> tuple[Panel, Ints]:
    """``newer`` on the clock of ``older``, and which series of that its series are; DataError if it is not newer."""
    place = {name: n for n, name in enumerate(older.names)}
    if strange := [name for name in newer.names if name not in place]:
        raise DataError(
            f"series {strange[0]!r} (and {len(strange) - 1} more) was not there before: fit or predict first"
        )
    at = np.array([place[name] for name in newer.names], np.int64)
    stops = older.starts + older.ends
    if older.schema.time is None:
        newer = replace(newer, starts=stops[at] + newer.starts)
    late = np.flatnonzero(newer.starts < stops[at])
    if late.size:
        n = int(late[0])
        given, last = older.clock.at(np.array([newer.starts[n], stops[at[n]] - 1]))
        raise DataError(
            f"the observation at {given} is not after the last one, at {last}: update takes newer rows only"
        )
    return newer, at


def _spread(first: Ints, counts: Ints) -> Ints:
    """``first[n], first[n] + 1, ...``, ``counts[n]`` of each, end to end."""
    return np.repeat(first - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
