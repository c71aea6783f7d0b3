"""The columns of a table and their roles: enough to read other rows in the same way later."""

from __future__ import annotations

from dataclasses import dataclass, fields

from recollect.core.errors import ArtifactError
from recollect.data.calendar import feature_names
from recollect.data.clock import Clock

__all__ = ["Schema"]

Names = tuple[str, ...]


@dataclass(frozen=True)
class Schema:
    """What each column of a table is.

    Attributes:
        target: the column to forecast; in a wide table the name that its values get in results.
        clock: the times the rows stand on.
        time: the time column, or None if rows are steps. With ``parts`` the name that the times get in results.
        parts: columns that make up the time together (year, month, day, hour), in this order.
        series: the column that names the series, or None for a single series; "series" in a wide table.
        integer_names: whether the series column holds whole numbers.
        known: covariates known ahead (prices, holidays, plans).
        past: covariates known only up to now (measurements).
        static: covariates that describe a series and never change.
        wide: the columns that are a series each; empty in a long table.
        levels: the values of each text covariate seen in training, as pairs of column and values.
        calendar: whether time of day, week and year are given to the model.
        holidays: country or country-region ("DE", "DE-BY") whose public holidays are given to the model.
    """

    target: str
    clock: Clock
    time: str | None = None
    parts: Names = ()
    series: str | None = None
    integer_names: bool = False
    known: Names = ()
    past: Names = ()
    static: Names = ()
    wide: Names = ()
    levels: tuple[tuple[str, Names], ...] = ()
    calendar: bool = False
    holidays: str | None = None

    @property
    def time_name(self) -> str:
        """The name of the time column in results; "step" where the table has none."""
        return self.time or "step"

    @property
    def given_names(self) -> Names:
        """The columns of ``Panel.known`` that come from the table, in order; one for each level of a text column."""
        return self._expanded(self.known)

    @property
    def known_names(self) -> Names:
        """The columns of ``Panel.known`` in order: those from the table, then calendar and holidays."""
        return (*self.given_names, *feature_names(self.clock, self.calendar, self.holidays))

    @property
    def past_names(self) -> Names:
        """The columns of ``Panel.past`` in order; a text column gives one for each level."""
        return self._expanded(self.past)

    @property
    def static_names(self) -> Names:
        """The columns of ``Panel.static``: the static covariates that are numbers."""
        return tuple(name for name in self.static if name not in dict(self.levels))

    @property
    def group_names(self) -> Names:
        """The columns of ``Panel.groups``: the static covariates that are text."""
        return tuple(name for name in self.static if name in dict(self.levels))

    @property
    def group_sizes(self) -> tuple[int, ...]:
        """How many codes each of ``group_names`` has, with code 0 for values not seen in training."""
        levels = dict(self.levels)
        return tuple(len(levels[name]) + 1 for name in self.group_names)

    def to_json(self) -> dict[str, object]:
        """The schema as a dictionary for JSON."""
        data: dict[str, object] = {field.name: getattr(self, field.name) for field in fields(self)}
        return data | {"clock": self.clock.to_json()}

    @classmethod
    def from_json(cls, data: object) -> Schema:
        """The schema that ``to_json`` wrote, also after a trip through JSON.

        Raises ArtifactError if ``data`` is not one.
        """
        names = {field.name for field in fields(cls)}
        if not isinstance(data, dict) or set(data) != names:
            raise ArtifactError(f"a saved schema must hold exactly {sorted(names)}, got {data!r:.200}")
        tuples = {name: tuple(data[name]) for name in ("parts", "known", "past", "static", "wide")}
        levels = tuple((column, tuple(values)) for column, values in data["levels"])
        return cls(**(data | tuples | {"levels": levels, "clock": Clock.from_json(data["clock"])}))

    def _expanded(self, columns: Names) -> Names:
        levels = dict(self.levels)
        return tuple(
            name for column in columns for name in ([f"{column}={v}" for v in levels.get(column, ())] or [column])
        )
