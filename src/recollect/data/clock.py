"""A regular clock: turns the times of a table into whole step numbers and back."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recollect.core.errors import ArtifactError, DataError
from recollect.data.stamps import parse_stamps, write_stamps

__all__ = ["DAY", "MICROS", "MONTHS", "Clock"]

Ints = NDArray[np.int64]

DAY = 86_400_000_000
MICROS = {
    "millisecond": 1_000,
    "second": 1_000_000,
    "minute": 60_000_000,
    "hour": 3_600_000_000,
    "day": DAY,
    "week": 7 * DAY,
}
MONTHS = {"month": 1, "quarter": 3, "year": 12}
_STEP_PERIODS = (4, 5, 7, 12, 24, 30, 48, 52, 60, 96, 144, 168, 288, 336, 365)


@dataclass(frozen=True)
class Clock:
    """Step ``s`` stands for the time ``anchor + s * multiple`` units; every time of a table lies on such a step.

    Attributes:
        unit: step, millisecond, second, minute, hour, day, business day, week, month, quarter or year.
        multiple: units in a step: ("minute", 15) is a quarter of an hour.
        anchor: where step 0 lies: microseconds after 1970-01-01 for units up to the week (in UTC below a day, else
            local), business days or months after it for those, the number itself for integers.
        day: for months and longer the day of the month; 31 is the last day of every month.
        offset: microseconds after midnight, for business days, months and longer.
        kind: what the times are: rows (the table has no time column), integer, date or datetime.
        zone: the time zone of zoned times ("Europe/Berlin"), or None for local times without one.
        stored: how the column holds them: native, text or integer.
        form: the format of a column held as text or integer.
        resolution: time unit of a native datetime column: ms, us or ns.
    """

    unit: str = "step"
    multiple: int = 1
    anchor: int = 0
    day: int = 1
    offset: int = 0
    kind: Literal["rows", "integer", "date", "datetime"] = "rows"
    zone: str | None = None
    stored: Literal["native", "text", "integer"] = "native"
    form: str | None = None
    resolution: Literal["ms", "us", "ns"] = "us"

    @property
    def label(self) -> str:
        """The length of a step in words: "15 minutes", "month"."""
        return self.unit if self.multiple == 1 else f"{self.multiple} {self.unit}s"

    @property
    def span(self) -> str:
        """The length of a step in a sentence: "15 minutes", "one month"; "1" for a clock of whole numbers."""
        if not self.dated and self.unit == "step":
            return str(self.multiple)
        return f"one {self.unit}" if self.multiple == 1 else self.label

    @property
    def dated(self) -> bool:
        """Whether times are dates or datetimes, not mere numbers."""
        return self.kind in ("date", "datetime")

    @property
    def wall(self) -> bool:
        """Whether steps are counted on the local clock: days and longer, which are not all 24 hours in a zone."""
        return MICROS.get(self.unit, DAY) >= DAY

    def seasons(self) -> tuple[int, ...]:
        """Candidate seasonal periods in steps, shortest first: (24, 168) for hours, (12,) for months."""
        if self.unit in ("millisecond", "second", "minute", "hour"):
            cycles = (60_000_000, 3_600_000_000, DAY, 7 * DAY) if self.unit != "hour" else (DAY, 7 * DAY)
            step = MICROS[self.unit] * self.multiple
            return tuple(cycle // step for cycle in cycles if cycle % step == 0 and cycle // step > 1)
        table = {"day": (7, 365), "business day": (5, 261), "week": (52,), "month": (12,), "quarter": (4,), "year": ()}
        if self.unit not in table:
            return _STEP_PERIODS
        return tuple(p // self.multiple for p in table[self.unit] if p % self.multiple == 0 and p > self.multiple)

    def index(self, times: pl.Series) -> Ints:
        """Step numbers [R] of ``times`` [R], given in the column's own form.

        Raises DataError if a time cannot be read or lies between two steps; ``nearest`` forgives the second.
        """
        steps, shift = self.nearest(times)
        off = np.flatnonzero(shift)
        if off.size:
            raise DataError(
                f"times that lie between two steps of {self.span}: {off.size:,}, first {times[int(off[0])]}"
                f" (row {off[0] + 1}); the nearest step is {self.at(steps[off[:1]])[0]}"
            )
        return steps

    def nearest(self, times: pl.Series) -> tuple[Ints, Ints]:
        """The step nearest to each of ``times`` [R], and how far each lies after it, [R] microseconds or numbers."""
        values = self.values(times)
        steps = self._floor(values)
        shift = self._value(steps)
        np.subtract(values, shift, out=shift)  # in place: a column of a long table is large
        if shift.any():
            after = self._value(steps + 1) - values
            up = after < shift
            steps, shift = steps + up, np.where(up, -after, shift)
        return steps, shift

    def at(self, steps: Ints) -> pl.Series:
        """The times [R] of ``steps`` [R] in the column's own form: its dtype and zone, or its text format."""
        moments = self.moments(steps)
        if self.form is None:
            return moments
        text = write_stamps(moments, self.form)
        return text.cast(pl.Int64) if self.stored == "integer" else text

    def times(self, first: int, count: int) -> pl.Series:
        """The ``count`` times from step ``first`` on, in the column's own form."""
        return self.at(np.arange(first, first + count, dtype=np.int64))

    def moments(self, steps: Ints) -> pl.Series:
        """The times [R] of ``steps`` [R] as Date, Datetime or Int64, for plots and calendars."""
        values = pl.Series("time", self._value(np.asarray(steps, dtype=np.int64)))
        if not self.dated:
            return values
        moments: pl.Series = values.cast(pl.Datetime("us"))
        if self.zone is not None:
            moments = self._zoned(moments, self.zone)
        moments = moments.cast(pl.Date) if self.kind == "date" else moments.dt.cast_time_unit(self.resolution)
        return moments

    def to_json(self) -> dict[str, object]:
        """The clock as a dictionary for JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: object) -> Clock:
        """The clock that ``to_json`` wrote. Raises ArtifactError if ``data`` is not one."""
        names = {field.name for field in fields(cls)}
        if not isinstance(data, dict) or set(data) != names:
            raise ArtifactError(f"a saved clock must hold exactly {sorted(names)}, got {data!r:.200}")
        return cls(**data)

    def values(self, times: pl.Series) -> Ints:
        """``times`` [R] as microseconds after 1970-01-01 on the clock's own side of the zone, or as plain numbers.

        Raises DataError if a time is missing, unreadable, or zoned where the clock is not (or the reverse).
        """
        if self.form is not None and not times.dtype.is_temporal():
            times = parse_stamps(times, self.form)
        if not (times.dtype.is_temporal() if self.dated else times.dtype.is_integer()):
            raise DataError(f"times must be {self.kind}s as in the training data, got {times.dtype}, first {times[0]}")
        if times.null_count():
            row = int(times.is_null().arg_true()[0])
            raise DataError(f"{times.null_count()} times are missing or unreadable, first in row {row + 1}")
        if not self.dated:
            return np.asarray(times.cast(pl.Int64).to_numpy(), dtype=np.int64)
        micros = self._local(times).cast(pl.Datetime("us")).to_physical()
        return np.asarray(micros.to_numpy(), dtype=np.int64)

    def _local(self, times: pl.Series) -> pl.Series:
        zone = getattr(times.dtype, "time_zone", None)
        if (zone is None) != (self.zone is None):
            raise DataError(
                f"times are in zone {zone or 'none'} and the clock in zone {self.zone or 'none'}:"
                " give both with a zone, or both without"
            )
        if self.zone is None:
            return times
        return times.dt.convert_time_zone(self.zone if self.wall else "UTC").dt.replace_time_zone(None)

    def _zoned(self, moments: pl.Series, zone: str) -> pl.Series:
        if not self.wall:
            return moments.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
        local = moments.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        if local.null_count():
            # midnight does not exist where the clock springs at 00:00: the day begins at 01:00
            later = moments.dt.offset_by("1h").dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
            local = local.zip_with(local.is_not_null(), later)
        return local

    def _floor(self, values: Ints) -> Ints:
        """The last step that is not after each value."""
        if self.unit in MICROS:
            return (values - self.anchor) // (MICROS[self.unit] * self.multiple)
        if self.unit == "business day":
            days = (values - self.offset) // DAY + 3  # 1970-01-01 was a Thursday; Monday is 0
            return (days // 7 * 5 + np.minimum(days % 7, 4) - self.anchor) // self.multiple
        if not self.dated:
            return (values - self.anchor) // self.multiple
        months = values.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
        steps = (months - self.anchor) // (MONTHS[self.unit] * self.multiple)
        return steps - (self._value(steps) > values)

    def _value(self, steps: Ints) -> Ints:
        if self.unit in MICROS:
            return steps * (MICROS[self.unit] * self.multiple) + self.anchor
        if self.unit == "business day":
            count = steps * self.multiple + self.anchor
            return (count // 5 * 7 + count % 5 - 3) * DAY + self.offset
        if not self.dated:
            return steps * self.multiple + self.anchor
        months = steps * (MONTHS[self.unit] * self.multiple) + self.anchor
        starts = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
        ends = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
        days: Ints = starts + np.minimum(self.day, ends - starts) - 1
        return days * DAY + self.offset
