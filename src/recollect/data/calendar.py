"""Covariates that follow from the date alone: time of day, week and year, and public holidays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from recollect.core.errors import InputError, MissingExtraError
from recollect.data.clock import DAY, MICROS, Clock

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["calendar_features", "check_calendar", "feature_names", "public_holidays"]

YEAR = 365.2425


def feature_names(clock: Clock, calendar: bool, holidays: str | None) -> tuple[str, ...]:
    """The names of the columns that ``calendar_features`` gives, in order."""
    waves = [f"{wave} of {cycle}" for cycle in _cycles(clock) for wave in ("sin", "cos")] if calendar else []
    return (*waves, *([f"holiday {holidays}"] if holidays else []))


def check_calendar(clock: Clock, calendar: bool, holidays: str | None) -> None:
    """Raise InputError if the clock has no dates for them, MissingExtraError if the holidays package is absent."""
    if (calendar or holidays) and not clock.dated:
        raise InputError(
            f"calendar and holidays need dates, and the times here are {clock.kind}: name a column of dates with time="
        )
    if calendar and not _cycles(clock):
        raise InputError(f"a step of {clock.span} has no place in the day, week or year: leave calendar out")
    if holidays:
        if clock.unit != "business day" and MICROS.get(clock.unit, 2 * DAY) * clock.multiple > DAY:
            raise InputError(f"holidays need steps of a day or less, and a step here is {clock.span}")
        public_holidays(holidays, 2024, 2024)


def calendar_features(clock: Clock, steps: NDArray[np.int64], calendar: bool, holidays: str | None) -> pl.DataFrame:
    """Columns [R] for ``steps`` [R]: sine and cosine of the day, week and year, and 1 on public holidays.

    A cycle is given where a step is shorter than half of it. Local time where the clock has a zone.
    """
    moments = pl.Series("time", clock.moments(steps))
    columns = list[pl.Expr]()
    time = pl.col("time")
    if calendar:
        seconds = time.dt.hour().cast(pl.Float64) * 3600 + time.dt.minute() * 60.0 + time.dt.second()
        day = pl.lit(0.0) if clock.kind == "date" else seconds / 86_400
        phases = {
            "day": day,
            "week": (time.dt.weekday() - 1 + day) / 7,
            "year": (time.dt.ordinal_day() - 1 + day) / YEAR,
        }
        for cycle in _cycles(clock):
            angle = phases[cycle] * (2 * np.pi)
            columns += [angle.sin().alias(f"sin of {cycle}"), angle.cos().alias(f"cos of {cycle}")]
    if holidays:
        years = moments.dt.year()
        dates = public_holidays(holidays, int(years.min()), int(years.max()))  # type: ignore[arg-type]
        columns.append(time.dt.date().is_in(dates).cast(pl.Float64).alias(f"holiday {holidays}"))
    return moments.to_frame().select(columns)


def public_holidays(place: str, first: int, last: int) -> pl.Series:
    """The dates of the public holidays of ``place`` ("DE" or "DE-BY") in the years ``first`` to ``last``.

    Raises MissingExtraError without the holidays package, InputError for a place it does not know.
    """
    try:
        import holidays
    except ImportError as error:
        raise MissingExtraError("holidays", "holidays", "calendar") from error
    country, _, region = place.partition("-")
    try:
        days = holidays.country_holidays(country, subdiv=region or None, years=range(first, last + 1))
    except NotImplementedError as error:
        raise InputError(f"no public holidays for {place!r}: give a code such as DE, US or DE-BY ({error})") from error
    return pl.Series("holiday", sorted(days), dtype=pl.Date)


def _cycles(clock: Clock) -> tuple[str, ...]:
    """The cycles that a step of the clock divides into more than two parts."""
    days = {"business day": 1.0, "month": 30.4, "quarter": 91.3, "year": 365.2}
    step = days.get(clock.unit, MICROS.get(clock.unit, 0) / DAY) * clock.multiple
    return tuple(name for name, length in (("day", 1), ("week", 7), ("year", 365)) if step * 2 < length)
