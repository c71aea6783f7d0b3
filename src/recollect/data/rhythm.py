"""The clock that a table's times tick on, found from the times alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recollect.core.errors import DataError
from recollect.data.clock import DAY, MICROS, Clock

__all__ = ["find_clock"]

Ints = NDArray[np.int64]
Codes = NDArray[np.int32]


def find_clock(times: pl.Series, codes: Codes, like: Clock) -> Clock:
    """The regular clock under ``times`` [R] of the series ``codes`` [R]; ``like`` holds how the column is stored.

    The step is the greatest common divisor of the gaps between neighbours, or their most frequent value if nearly
    all are multiples of that (the rest are then moved to it when rows are read). Months, quarters and years are
    told by equal days of the month, business days by the absence of weekends. Raises DataError if no series has
    two times, or if the times follow no clock.
    """
    raw = _raw(times, local=False)
    if not _sorted(raw, codes):
        order = np.lexsort((raw, codes))
        times, raw, codes = times.gather(order), raw[order], codes[order]
    gaps = _gaps(raw, codes)
    if not gaps[0].size:
        raise DataError("no series has two different times, so the step between times cannot be found")
    if not like.dated:
        step = _step(gaps)
        return replace(like, multiple=step, anchor=_phase(raw, step))
    local = _raw(times, local=True) if like.zone else raw
    # an hour less than 28 days: a clock that springs forward shortens February
    months = _month_clock(local, codes, like) if gaps[0][0] >= 28 * DAY - MICROS["hour"] else None
    return months or _day_clock(local, codes, like) or _fixed_clock(raw, gaps, like)


def _raw(times: pl.Series, local: bool) -> Ints:
    """Times as numbers: microseconds for dates, in UTC or on the local clock."""
    if not times.dtype.is_temporal():
        return np.asarray(times.cast(pl.Int64).to_numpy(), dtype=np.int64)
    if getattr(times.dtype, "time_zone", None) is not None:
        times = times.dt.replace_time_zone(None) if local else times.dt.convert_time_zone("UTC")
    return np.asarray(times.cast(pl.Datetime("us")).to_physical().to_numpy(), dtype=np.int64)


def _sorted(values: Ints, codes: Codes) -> bool:
    """Whether the rows are in order of series, then value."""
    new = codes[1:] > codes[:-1]
    return bool((new | ((codes[1:] == codes[:-1]) & (values[1:] >= values[:-1]))).all())


def _gaps(values: Ints, codes: Codes) -> tuple[Ints, Ints]:
    """The sizes of the gaps between neighbours of one series, smallest first, and how often each occurs."""
    gaps = np.diff(values)
    gaps *= codes[1:] == codes[:-1]
    sizes, counts = _counted(gaps)
    positive = sizes > 0  # the rest are repeats and the jumps from one series to the next
    return sizes[positive], counts[positive]


def _counted(values: Ints) -> tuple[Ints, Ints]:
    """The different ``values``, smallest first, and how often each occurs; sorted in place, as they may be many."""
    values.sort()
    runs = pl.Series("value", values).rle().struct.unnest()
    return runs["value"].to_numpy(), runs["len"].cast(pl.Int64).to_numpy()


def _step(gaps: tuple[Ints, Ints]) -> int:
    sizes, counts = gaps
    usual = int(sizes[np.argmax(counts)])
    step = usual if counts[sizes % usual == 0].sum() >= 0.95 * counts.sum() else int(np.gcd.reduce(sizes))
    if counts[sizes > 20 * step].sum() > 0.5 * counts.sum():
        raise DataError(
            "the times follow no regular clock (most gaps between neighbours are more than 20 times their common"
            " divisor): average the values over equal steps first, such as hours or days"
        )
    return step


def _phase(values: Ints, step: int) -> int:
    phases, counts = _counted(values % step)
    return int(phases[np.argmax(counts)])


def _fixed_clock(raw: Ints, gaps: tuple[Ints, Ints], like: Clock) -> Clock:
    step = _step(gaps)
    # days of a zone are counted on its local clock, so equal 24 hours are hours
    days = () if like.zone else ("day",)
    for unit in (*days, "hour", "minute", "second", "millisecond"):
        if step % MICROS[unit] == 0:
            return replace(like, unit=unit, multiple=step // MICROS[unit], anchor=_phase(raw, step))
    raise DataError(f"the times are {step / 1000:g} milliseconds apart: steps must be whole milliseconds or longer")


def _day_clock(local: Ints, codes: Codes, like: Clock) -> Clock | None:
    """Days, business days or weeks, where all rows have one time of day."""
    offset = _phase(local, DAY)
    off = local % DAY != offset
    # in some zones the clock springs at midnight, and the day begins at one
    if off.any() and (like.zone is None or off.mean() > 0.05 or (local[off] % DAY - offset != MICROS["hour"]).any()):
        return None
    days = local // DAY
    step = _step(_gaps(days, codes))
    if step == 1 and _skips_weekends(days, codes):
        return replace(like, unit="business day", offset=offset)
    unit, length = ("week", 7) if step % 7 == 0 else ("day", 1)
    return replace(like, unit=unit, multiple=step // length, anchor=_phase(days, step) * DAY + offset)


def _skips_weekends(days: Ints, codes: Codes) -> bool:
    """Whether no day is on a weekend, and most jumps over days are from a Friday to its Monday."""
    weekday = ((days + 3) % 7).astype(np.int8)
    gap = np.diff(days)
    jump = (gap > 1) & (codes[1:] == codes[:-1])
    over = jump & (gap == 3) & (weekday[:-1] == 4)
    return bool((weekday < 5).all() and over.any() and 2 * over.sum() >= jump.sum())


def _month_clock(local: Ints, codes: Codes, like: Clock) -> Clock | None:
    """Months, quarters or years, where all rows have one day of the month and time of day."""
    days = (local // DAY).astype("datetime64[D]")
    starts = days.astype("datetime64[M]")
    number = (days - starts.astype("datetime64[D]")).astype(np.int64) + 1
    length = ((starts + 1).astype("datetime64[D]") - starts.astype("datetime64[D]")).astype(np.int64)
    offset = int(local[0] % DAY)
    if (local % DAY != offset).any():
        return None
    ends = number.min() >= 26 and not (number == number[0]).all()  # the last business day of the month
    if (number == length).all() or ends:
        day = 31
    elif (number == np.minimum(number.max(), length)).all():
        day = int(number.max())
    elif number.max() <= 4:  # the first business day of the month
        day = 1
    else:
        return None
    months = starts.astype(np.int64)
    step = _step(_gaps(months, codes))
    unit, size = ("year", 12) if step % 12 == 0 else ("quarter", 3) if step % 3 == 0 else ("month", 1)
    return replace(like, unit=unit, multiple=step // size, anchor=_phase(months, step), day=day, offset=offset)
