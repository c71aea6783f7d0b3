"""Panels cut and continued, against the panel that was never cut."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recollect.core.errors import DataError
from recollect.data.clock import Clock
from recollect.data.inference import infer_schema
from recollect.data.joining import join_panels, tail_of
from recollect.data.panel import Panel, build_panel
from recollect.data.schema import Schema

ROWS = pl.DataFrame(
    {
        "id": ["a"] * 6 + ["b"] * 4,
        "t": [0, 1, 2, 3, 4, 5, 2, 3, 4, 5],
        "y": [1.0, 2.0, None, 4.0, None, None, 20.0, 30.0, 40.0, None],
        "k": [0.1 * n for n in range(10)],
        "p": [1.0, None, 3.0, 4.0, None, None, 5.0, 6.0, 7.0, None],
    }
)


def schema_of(frame: pl.DataFrame, *, time: str | None = "t") -> Schema:
    known, past = (("k",) if "k" in frame.columns else ()), (("p",) if "p" in frame.columns else ())
    series = "id" if "id" in frame.columns else None
    return infer_schema(frame, target="y", time=time, series=series, known=known, past=past)[0]


def panel_of(frame: pl.DataFrame, schema: Schema) -> Panel:
    return build_panel(frame, schema, least=1)[0]


def contents(panel: Panel) -> dict[str, list[tuple[int, bool, float, float, float]]]:
    """Step on the clock, whether it is history, target, known and past of every row."""
    found = {}
    for n, name in enumerate(panel.names):
        part = slice(panel.offsets[n], panel.offsets[n + 1])
        columns = [panel.target[part], *panel.known[part].T, *panel.past[part].T]
        values = np.nan_to_num(np.column_stack(columns), nan=-99.0)
        steps = panel.starts[n] + np.arange(len(values))
        found[name] = [
            (int(s), bool(s < panel.starts[n] + panel.ends[n]), *v) for s, v in zip(steps, values, strict=True)
        ]
    return found


class TestTail:
    def test_keeps_the_newest_history_and_all_rows_ahead(self) -> None:
        panel = panel_of(ROWS, schema_of(ROWS))
        whole, cut = contents(panel), contents(tail_of(panel, 2))
        assert {name: len(rows) for name, rows in cut.items()} == {"a": 2 + 2, "b": 2 + 1}
        assert all(cut[name] == rows[-len(cut[name]) :] for name, rows in whole.items())

    def test_leaves_shorter_series_whole(self) -> None:
        panel = panel_of(ROWS, schema_of(ROWS))
        assert contents(tail_of(panel, 100)) == contents(panel)


class TestJoin:
    def test_equals_the_whole_table_read_at_once(self) -> None:
        schema = schema_of(ROWS)
        whole = panel_of(ROWS, schema)
        older = ROWS.filter(pl.col("t") < 3)
        newer = ROWS.filter(pl.col("t") >= 3)
        assert contents(join_panels(panel_of(older, schema), panel_of(newer, schema))) == contents(whole)

    @given(st.lists(st.sets(st.integers(0, 9), min_size=1), min_size=2, max_size=3), st.integers(0, 999))
    @settings(max_examples=60, deadline=None)
    def test_is_the_same_in_any_pieces(self, steps: list[set[int]], seed: int) -> None:
        """Series that arrive unevenly, with steps left out, in one piece or in several."""
        random = np.random.default_rng(seed)
        rows = [{"id": n, "t": t, "y": 1.0 + 3 * t, "p": float(t)} for n, ts in enumerate(steps) for t in sorted(ts)]
        frame = pl.DataFrame(rows)
        clock = Clock(kind="integer")
        schema = Schema("y", clock, time="t", series="id", integer_names=True, past=("p",))
        parts = frame.partition_by("id")
        joined = panel_of(pl.concat([part.head(1) for part in parts]), schema)
        parts = [part.slice(1) for part in parts]
        while any(map(len, parts)):
            counts = random.integers(0, 4, len(parts))
            now = pl.concat([part.head(count) for part, count in zip(parts, counts, strict=True)])
            parts = [part.slice(count) for part, count in zip(parts, counts, strict=True)]
            joined = join_panels(joined, panel_of(now, schema)) if len(now) else joined
        assert contents(joined) == contents(panel_of(frame, schema))

    @given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=12), st.data())
    @settings(max_examples=60, deadline=None)
    def test_a_wide_table_may_come_in_pieces_with_empty_cells(
        self, there: list[tuple[bool, bool]], data: st.DataObject
    ) -> None:
        there = [(True, True), *there]
        columns = {name: [10.0 * n + t if on[n] else None for t, on in enumerate(there)] for n, name in enumerate("ab")}
        frame = pl.DataFrame({"t": range(len(there)), **columns})
        schema = Schema("value", Clock(kind="integer"), time="t", series="series", wide=("a", "b"))
        joined, first = panel_of(frame.head(1), schema), 1
        while first < len(frame):
            now = frame.slice(first, data.draw(st.integers(1, 4)))
            first += len(now)
            joined = (
                join_panels(joined, panel_of(now, schema)) if any(map(any, there[first - len(now) : first])) else joined
            )
        assert contents(joined) == contents(panel_of(frame, schema))

    def test_newer_rows_ahead_replace_older_ones_and_those_in_a_gap_stay(self) -> None:
        schema = schema_of(ROWS)
        older = panel_of(ROWS.filter(pl.col("id") == "a"), schema)  # observed to 3, known to 5
        newer = pl.DataFrame({"id": "a", "t": [5, 6], "y": [6.0, None], "k": [7.0, 8.0], "p": [9.0, None]})
        rows = contents(join_panels(older, panel_of(newer, schema)))["a"]
        assert [row[:2] for row in rows] == [(t, t <= 5) for t in range(7)]
        assert [row[3] for row in rows] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4, 7.0, 8.0])
        assert [row[2] for row in rows[4:]] == [-99.0, 6.0, -99.0], "step 4 is a gap, not a value"

    def test_rows_without_times_follow_the_last_one(self) -> None:
        frame = pl.DataFrame({"y": [1.0, 2.0, 3.0]})
        schema = schema_of(frame, time=None)
        older = panel_of(frame, schema)
        joined = join_panels(join_panels(older, panel_of(pl.DataFrame({"y": [4.0]}), schema)), older)
        assert joined.target.tolist() == [1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0]

    @pytest.mark.parametrize(("step", "last"), [(3, 3), (1, 3)])
    def test_refuses_what_is_not_newer(self, step: int, last: int) -> None:
        schema = schema_of(ROWS)
        older = panel_of(ROWS, schema)
        newer = panel_of(pl.DataFrame({"id": "a", "t": [step], "y": [0.0], "k": [0.0], "p": [0.0]}), schema)
        with pytest.raises(DataError, match=f"the observation at {step} is not after the last one, at {last}"):
            join_panels(older, newer)

    def test_refuses_a_series_that_was_not_there(self) -> None:
        schema = schema_of(ROWS)
        newer = panel_of(pl.DataFrame({"id": "z", "t": [9], "y": [0.0], "k": [0.0], "p": [0.0]}), schema)
        with pytest.raises(DataError, match=r"series 'z'.*was not there before"):
            join_panels(panel_of(ROWS, schema), newer)
