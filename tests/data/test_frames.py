from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from recollect.core.errors import InputError
from recollect.data.frames import like, to_polars

FRAME = pl.DataFrame({"time": ["2024-01-01", "2024-01-02"], "y": [1.5, None]})


def test_every_kind_of_frame_arrives(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    FRAME.write_csv(path)
    kinds = [FRAME, FRAME.lazy(), FRAME.to_arrow(), path, str(path), FRAME.to_dict(as_series=False)]
    for data in kinds:
        assert to_polars(data).equals(FRAME)
    pandas = pd.DataFrame({"time": ["2024-01-01", "2024-01-02"], "y": [1.5, np.nan]})
    assert to_polars(pandas).equals(FRAME)


def test_an_index_that_means_something_becomes_a_column() -> None:
    days = pd.date_range("2024-01-01", periods=2)
    assert to_polars(pd.DataFrame({"y": [1, 2]}, index=days)).columns == ["time", "y"]
    assert to_polars(pd.DataFrame({"y": [1, 2]}, index=days.rename("ds"))).columns == ["ds", "y"]
    assert to_polars(pd.Series([1, 2], index=days.to_period("M")))["time"].dt.month().to_list() == [1, 1]
    assert to_polars(pd.DataFrame({"y": [1, 2]}, index=[5, 9])).columns == ["y"]


def test_arrays_are_series() -> None:
    assert to_polars(np.arange(3.0)).to_dict(as_series=False) == {"value": [0.0, 1.0, 2.0]}
    assert to_polars(np.ones((2, 2))).columns == ["s0", "s1"]
    with pytest.raises(InputError, match=r"got float64 of shape \(1, 1, 1\)"):
        to_polars(np.ones((1, 1, 1)))
    with pytest.raises(InputError, match="columns must be equally long"):
        to_polars({"a": [1, 2], "b": [1]})
    with pytest.raises(InputError, match="a int is not a table known here"):
        to_polars(3)


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_results_go_back_in_the_same_kind(zone: str | None) -> None:
    times = pl.datetime_range(pl.datetime(2024, 3, 31), pl.datetime(2024, 3, 31, 5), "1h", time_zone=zone, eager=True)
    frame = pl.DataFrame({"id": ["a"] * len(times), "time": times, "y": np.arange(len(times)) / 2})
    back = like(frame, pd.DataFrame())
    assert isinstance(back, pd.DataFrame) and to_polars(back).equals(frame)
    assert isinstance(like(frame, pa.table({})), pa.Table)
    assert like(frame, "path.csv") is frame
