"""The frames that people have in Python, to polars and back to their own kind."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import polars as pl

from recollect.core.errors import InputError
from recollect.data.tables import read_table

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["FrameLike", "like", "to_polars"]

# pandas, polars and Arrow frames share no type that could be named here without importing them
FrameLike: TypeAlias = Any


def to_polars(data: FrameLike) -> pl.DataFrame:
    """``data`` as a polars frame.

    Takes a polars frame; a pandas frame or series, whose index becomes a column if it has a name or holds times;
    an Arrow table and any other frame known to narwhals; an array, [R] as one series called "value" or [R, N] as
    columns "s0", "s1", ... of a wide table; a mapping of names to columns; and the path of a file. Raises InputError
    for anything else, and for columns of different lengths.
    """
    if isinstance(data, (str, Path)):
        return read_table(Path(data))[0]
    if isinstance(data, pl.LazyFrame):
        return data.collect()
    if isinstance(data, pl.DataFrame):
        return data
    if isinstance(data, np.ndarray):
        return _from_array(data)
    if isinstance(data, Mapping):
        return _from_columns(data)
    return _from_narwhals(data)


def like(frame: pl.DataFrame, template: FrameLike | type) -> FrameLike:
    """``frame`` as the kind that ``template`` is: pandas, Arrow, or polars for all else (files, arrays, mappings)."""
    kind = (template if isinstance(template, type) else type(template)).__module__.split(".")[0]
    if kind == "pandas":
        import pandas as pd

        return pd.DataFrame({column.name: _pandas_values(column) for column in frame.get_columns()})
    return frame.to_arrow() if kind == "pyarrow" else frame


def _from_array(data: NDArray[Any]) -> pl.DataFrame:
    if data.ndim not in (1, 2) or data.dtype.kind not in "fiub":
        given = f"{data.dtype} of shape {data.shape}"
        raise InputError(f"an array must hold numbers, [R] for one series or [R, N] for N of them, got {given}")
    if data.ndim == 1:
        return pl.DataFrame({"value": data})
    return pl.DataFrame({f"s{n}": data[:, n] for n in range(data.shape[1])})


def _from_columns(data: Mapping[str, ArrayLike]) -> pl.DataFrame:
    lengths = {name: len(np.atleast_1d(np.asarray(column))) for name, column in data.items()}
    if len(set(lengths.values())) > 1:
        raise InputError(f"columns must be equally long, got {lengths}")
    try:
        return pl.DataFrame(dict(data))
    except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise InputError(f"these columns make no table: {error}") from error


def _from_narwhals(data: FrameLike) -> pl.DataFrame:
    import narwhals as nw

    if type(data).__module__.split(".")[0] == "pandas":
        data = _with_index(data)
    try:
        frame = nw.from_native(data, eager_only=True, allow_series=True)
        return frame.to_polars() if isinstance(frame, nw.DataFrame) else frame.to_frame().to_polars()
    except TypeError as error:
        raise InputError(
            f"a {type(data).__name__} is not a table known here; a path, an array, a mapping of columns and frames of"
            " pandas, polars and Arrow are"
        ) from error
    except ModuleNotFoundError as error:
        raise InputError(f"reading a {type(data).__name__} needs {error.name}: pip install {error.name}") from error


def _with_index(data: FrameLike) -> FrameLike:
    """The pandas object with an index that carries meaning as a column; a mere numbering is left behind."""
    import pandas as pd

    if isinstance(data, pd.Series):
        data = data.to_frame(data.name if data.name is not None else "value")
    data = data.rename(columns=str)
    index = data.index
    if isinstance(index, pd.MultiIndex):
        return data.reset_index()
    if isinstance(index, pd.PeriodIndex):
        data = data.set_axis(index.to_timestamp())
    if index.name is None and pd.api.types.is_numeric_dtype(index.dtype):
        return data
    return data.reset_index(names=str(index.name or "time"))


def _pandas_values(column: pl.Series) -> Any:  # noqa: ANN401
    """What pandas makes a column of, without the need of pyarrow."""
    import pandas as pd

    zone = getattr(column.dtype, "time_zone", None)
    if zone is not None:
        return pd.DatetimeIndex(column.dt.convert_time_zone("UTC").to_numpy()).tz_localize("UTC").tz_convert(zone)
    return column.to_list() if column.dtype == pl.String else column.to_numpy()
