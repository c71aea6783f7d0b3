"""The laboratory from Python: what is learnt, that it repeats, goes on and refuses."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from recollect import laboratory
from recollect.core.errors import ArtifactError, InputError, OutputError
from recollect.tasks.laboratory import estimator, measuring
from recollect.tasks.laboratory.problems import TASKS
from recollect.tasks.laboratory.results import Case, Result, as_csv, longest
from recollect.tasks.laboratory.settings import Settings


@pytest.fixture(autouse=True)
def fewer_sequences_to_score(monkeypatch):
    monkeypatch.setattr(measuring, "TEST", measuring.CHUNK)


TINY = Settings(steps=4, rows=2, hidden_size=4, validate_every=2)
BRIEF = Settings(steps=200, rows=16, hidden_size=16, validate_every=50)


def tiny(cells=("lstm",), lags=(10,), tasks=("adding",), **more) -> list[Result]:
    return laboratory(tasks, cells, lags, seeds=more.pop("seeds", 1), settings=more.pop("settings", TINY), **more)


def timeless(results: list[Result]) -> list[tuple[object, ...]]:
    return [(one.case, one.solved, one.steps, one.trained, one.stopped, one.scores) for one in results]


def test_an_lstm_learns_temporal_order_and_stops_there():
    (found,) = tiny(tasks=["order"], lags=[20], settings=BRIEF)
    assert found.solved and found.stopped == "enough" and found.steps <= found.trained < 200
    assert found.measure == found.scores["wrong"] <= found.bar < found.chance == 0.75


@pytest.mark.parametrize("task", TASKS)
def test_every_task_is_learnt_and_scored_by_every_kind_of_cell(task):
    for found in tiny(["lstm", "rnn", "gru", "decay"], tasks=[task]):
        assert next(iter(found.scores)) and all(math.isfinite(value) for value in found.scores.values())
        assert (found.chance, found.bar) == (TASKS[task].chance(10), TASKS[task].bar(10))
        assert not found.solved and found.stopped == "done" and found.trained == 4


def test_a_case_gives_the_same_bits_whatever_else_is_asked_for(tmp_path):
    alone = tiny(["gru"], [12], seed=3)
    among = tiny(["lstm", "gru"], [10, 12], seed=2, seeds=2, out=tmp_path)
    assert timeless(alone)[0] in timeless(among) and len(among) == 8


def test_processes_give_the_bits_that_one_gives(monkeypatch):
    monkeypatch.undo()  # other processes know nothing of it
    assert timeless(tiny(["lstm", "rnn"], workers=2)) == timeless(tiny(["lstm", "rnn"]))


def test_it_goes_on_with_what_a_folder_lacks(tmp_path, monkeypatch):
    first = tiny(["lstm"], out=tmp_path)
    measured: list[Case] = []
    work = estimator.measure
    monkeypatch.setattr(estimator, "measure", lambda case, **more: measured.append(case) or work(case, **more))
    both = tiny(["lstm", "rnn"], out=tmp_path)
    assert measured == [Case("adding", "rnn", 10, 0)]
    assert both[0] == first[0]
    assert tiny(["lstm", "rnn"], out=tmp_path) == both and len(measured) == 1


def test_what_was_done_before_an_interruption_is_kept(tmp_path, monkeypatch):
    work = estimator.measure

    def broken(case: Case, **more) -> Result | None:
        if case.cell == "rnn":
            raise KeyboardInterrupt
        return work(case, **more)

    monkeypatch.setattr(estimator, "measure", broken)
    with pytest.raises(KeyboardInterrupt):
        tiny(["lstm", "rnn", "gru"], out=tmp_path)
    rows = json.loads((tmp_path / "results.json").read_text())["results"]
    assert [row["cell"] for row in rows] == ["lstm"]


def test_when_the_time_is_over_what_is_not_done_is_left_out(tmp_path):
    seen = []
    found = tiny(
        ["lstm", "rnn"], max_time=1e-6, out=tmp_path, watch=lambda results, cases: seen.append((len(results), cases))
    )
    assert found == [] and seen == [(0, 2)]


def test_a_loss_that_is_not_finite_is_a_failure_and_no_end_to_the_others(monkeypatch):
    loss = measuring._loss
    monkeypatch.setattr(
        measuring,
        "_loss",
        lambda network, batch: loss(network, batch) * (math.inf if network.lstm.cell == "rnn" else 1),
    )
    broken, whole = tiny(["rnn", "lstm"])
    assert (broken.stopped, broken.solved, broken.trained) == ("diverged", False, 1)
    assert math.isfinite(broken.measure) and whole.stopped == "done"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"tasks": ["addition"]}, "there is no task 'addition'; there are adding, order"),
        ({"cells": ["lstmm"]}, "there is no cell 'lstmm'; there are lstm, "),
        ({"cells": []}, "no cell is given"),
        ({"lags": [1, 10]}, "a lag of 1 is too short for the task 'adding': at least 2 "),
        ({"tasks": ["reber"], "lags": [4]}, "a lag of 4 is too short for the task 'reber': at least 5 "),
        ({"lags": []}, "no lag is given for the task 'adding'"),
        ({"seeds": 0}, "seeds is 0, and must be at least 1"),
        ({"workers": 0}, "workers is 0"),
        ({"max_time": math.nan}, "max_time is nan"),
    ],
)
def test_what_cannot_be_is_refused_by_name(given, said):
    with pytest.raises(InputError, match=said):
        tiny(**given)


@pytest.mark.parametrize("name", ["steps", "rows", "hidden_size", "validate_every"])
def test_a_budget_of_nothing_is_refused_by_name(name):
    with pytest.raises(InputError, match=f"{name} is 0, and must be at least 1"):
        Settings(**{name: 0})


def test_a_name_alone_is_one_name():
    assert [one.case for one in tiny("lstm", tasks="adding")] == [Case("adding", "lstm", 10, 0)]


def test_a_folder_of_other_settings_is_refused(tmp_path):
    tiny(out=tmp_path)
    before = (tmp_path / "results.json").read_bytes()
    with pytest.raises(InputError, match=r"holds results of other settings \(steps 4 in place of 200"):
        tiny(out=tmp_path, settings=BRIEF)
    assert (tmp_path / "results.json").read_bytes() == before


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"format": "recollect laboratory 1", "settings": {}, "results": [{}]}']
)
def test_a_damaged_file_is_refused(tmp_path, content):
    (tmp_path / "results.json").write_text(content)
    with pytest.raises(ArtifactError, match="holds no results of the laboratory, or is damaged"):
        tiny(out=tmp_path)


def test_a_file_is_no_folder(tmp_path: Path):
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(OutputError, match="it is a file"):
        tiny(out=tmp_path / "mine")
    with pytest.raises(OutputError, match="cannot write"):
        tiny(out=tmp_path / "mine" / "below")


def result(lag: int, seed: int, solved: bool) -> Result:
    return Result(
        Case("adding", "lstm", lag, seed), solved, 5, 10, "done", 1.0, 0.1, 1 / 6, 0.01, {"mse": 0.1, "missed": 0.9}
    )


def test_the_longest_lag_is_the_last_before_most_seeds_fail():
    some = [result(50, 0, True), result(50, 1, True), result(100, 0, True), result(100, 1, False), result(200, 0, True)]
    assert longest(some, "adding", "lstm") == 50
    assert longest(some[2:4], "adding", "lstm") is None
    assert longest(some, "order", "lstm") is None


def test_the_table_has_a_row_for_each_case_and_score():
    lines = as_csv([result(50, 0, True)]).splitlines()
    assert lines[0] == "task,cell,lag,seed,solved,steps,trained,stopped,seconds,chance,bar,score,value"
    assert [line.split(",")[-2:] for line in lines[1:]] == [["mse", "0.1"], ["missed", "0.9"]]
    assert lines[1].startswith("adding,lstm,50,0,True,5,10,done,1.0,")


def test_all_cells_learn_from_the_same_sequences(monkeypatch):
    seen: dict[str, list[float]] = {"lstm": [], "rnn": []}
    loss = measuring._loss

    def listen(network, batch):
        seen[network.lstm.cell].append(float(np.sum(batch.x)))
        return loss(network, batch)

    monkeypatch.setattr(measuring, "_loss", listen)
    tiny(["lstm", "rnn"])
    assert seen["lstm"] == seen["rnn"] and len(set(seen["lstm"])) == 4
