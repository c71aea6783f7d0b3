"""Events of a unit whose story is told, step by step; and the same story cut anywhere."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from recollect.core.errors import InputError
from recollect.memory import Recording, events, record

# Writes 1 at step 2, keeps it, shows it at steps 5 and 6, lets it go at step 8.
STORY = {
    "i": [0.0, 0.1, 1.0, 0.1, 0.0, 0.0, 0.0, 0.1, 0.0, 0.0],
    "f": [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.1, 1.0],
    "g": [0.5, 0.0, 1.0, 0.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.5],
    "o": [0.1, 1.0, 0.0, 0.1, 0.0, 0.9, 1.0, 0.1, 0.0, 0.0],
    "c": [0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.1, 0.1],
    "h": [0.0, 0.0, 0.0, 0.1, 0.0, 0.7, 0.8, 0.1, 0.0, 0.0],
}
TOLD = [("write", 2, 1, 1.0), ("keep", 3, 5, 1.0), ("show", 5, 2, 0.9), ("forget", 8, 1, 0.9)]


@pytest.mark.parametrize("size", [2**22, 8, 24])
def test_a_story_is_found_wherever_it_is_cut(size: int, told: Callable, small_pieces: Callable):
    small_pieces(size)
    found = events(told(**STORY))
    assert list(zip(found.kind, found.start, found.steps, found.size.round(6), strict=True)) == TOLD
    assert found.span.shape == (1, 1) and found.span.item() == pytest.approx(1)
    assert not found.layer.any() and not found.unit.any() and not found.row.any()


def test_the_thresholds_are_the_units_own(told: Callable):
    tenth = {name: np.array(values) * (0.1 if name in "gc" else 1) for name, values in STORY.items()}
    found = events(told(**{name: list(values) for name, values in tenth.items()}))
    assert list(zip(found.kind, found.start, found.steps, found.size.round(6), strict=True)) == TOLD
    dead = {name: [0.5] * 10 if name in "if" else [0.0] * 10 for name in STORY}
    assert len(events(told(**dead)).kind) == 0


def test_what_is_small_is_neither_kept_nor_shown_nor_forgotten(told: Callable):
    quiet = {name: [*values, *values] for name, values in STORY.items()}
    quiet["c"] = [*STORY["c"], *(0.4 * value for value in STORY["c"])]
    found = events(told(**quiet))
    assert [kind for kind, start in zip(found.kind, found.start, strict=True) if start >= 10] == ["write"]


def test_what_goes_on_at_the_end_is_an_event_up_to_there(told: Callable):
    found = events(told(**{name: values[:7] for name, values in STORY.items()}))
    assert list(zip(found.kind, found.start, found.steps, strict=True)) == [
        ("write", 2, 1),
        ("keep", 3, 4),
        ("show", 5, 2),
    ]


def test_a_gru_writes_by_what_it_does_not_keep(told: Callable):
    z, n = [1.0, 0.0, 1.0, 1.0, 0.0, 1.0], [0.0, 1.0, 0.0, 0.0, 0.0, 0.0]
    found = events(told("gru", r=z, z=z, n=n, h=[0.0, 1.0, 1.0, 1.0, 0.0, 0.0]))
    assert list(zip(found.kind, found.start, found.steps, strict=True)) == [
        ("write", 1, 1),
        ("keep", 2, 2),
        ("forget", 4, 1),
    ]


def test_each_unit_of_each_row_has_its_own(gated: str, make: Callable, normal: Callable, gaps, small_pieces):
    layer, x = make(gated, num_layers=2), normal(300, 2, 3)
    recording = record(layer, x, gaps=gaps(layer, x))
    whole = events(recording, most=10**6)
    assert set(zip(whole.layer.tolist(), whole.unit.tolist(), strict=True)) == {
        (k, u) for k in (0, 1) for u in range(4)
    }
    assert (np.diff(whole.start) >= 0).all() and set(whole.row.tolist()) == {0, 1}
    few = events(recording, most=3)
    for kind in ("write", "keep", "forget"):
        for k, u in np.ndindex(2, 4):
            own, kept = ((e.kind == kind) & (e.layer == k) & (e.unit == u) for e in (whole, few))
            size = (lambda e: e.steps) if kind == "keep" else (lambda e: e.size)
            assert sorted(size(few)[kept]) == sorted(size(whole)[own])[-3:]
    small_pieces(8 * 16 * 11)
    again = events(recording, most=10**6)
    for name in ("kind", "layer", "unit", "row", "start", "steps", "size"):
        np.testing.assert_array_equal(getattr(again, name), getattr(whole, name))


def test_a_cell_without_gates_has_no_events(make: Callable, normal: Callable):
    with pytest.raises(InputError, match="no gate"):
        events(record(make("rnn"), normal(9, 3)))


def test_a_recording_is_not_changed_by_looking(make: Callable, normal: Callable):
    recording = record(make("lstm"), normal(50, 3))
    before = {name: value.copy() for name, value in recording.values.items()}
    events(recording)
    assert isinstance(recording, Recording)
    for name, value in before.items():
        np.testing.assert_array_equal(recording[name], value)
    assert torch.is_grad_enabled()
