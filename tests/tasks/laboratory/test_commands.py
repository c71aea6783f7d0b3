"""``recollect memory lab`` as somebody types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from recollect.cli import build
from recollect.tasks.laboratory import estimator, journey, measuring
from recollect.tasks.laboratory.settings import Settings

FILES = {"results.json", "results.csv", "success.png", "success.svg"}


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Trainings too short to learn anything, one after the other in this process."""
    monkeypatch.setattr(estimator, "Settings", lambda: Settings(steps=4, rows=2, hidden_size=4, validate_every=2))
    monkeypatch.setattr(journey, "_processors", lambda: 1)
    for use in ("VALIDATION", "TEST", "CHUNK"):
        monkeypatch.setattr(measuring, use, 16)


def lab(*words: object) -> Result:
    return CliRunner().invoke(build(), ["memory", "lab", *map(str, words)])


def test_it_leaves_results_and_a_picture_and_says_what_it_found(tmp_path: Path):
    out = tmp_path / "found" / "here"
    result = lab(
        "--task", "adding,order", "--cell", "lstm", "--cell", "rnn", "--lags", "10,12", "--seeds", "2", "--out", out
    )
    assert (result.exit_code, result.stderr) == (0, "")
    assert {path.name for path in out.iterdir()} == FILES
    rows = json.loads((out / "results.json").read_text())["results"]
    assert (
        len(rows) == 16
        and {row["cell"] for row in rows} == {"lstm", "rnn"}
        and {row["lag"] for row in rows} == {10, 12}
    )
    said = result.stdout
    assert "none (12)" in said and "The longest lag that most seeds solve" in said and f"Written to {out}" in said
    assert (out / "success.png").read_bytes().startswith(b"\x89PNG")
    assert "without memory" in (out / "success.svg").read_text("utf-8")


def test_of_one_task_it_says_what_each_cell_reaches_beside_no_memory(tmp_path: Path):
    result = lab("--task", "adding", "--cell", "lstm", "--lags", "12,10", "--seeds", 1, "--out", tmp_path)
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[0] == ["cell", "10", "12"]
    assert lines[1][0] == "lstm" and lines[2] == ["without", "memory", "0.167", "0.167"]
    assert lines[3] == ["solved", "0.01", "0.01"]


def test_quick_is_a_part_of_the_whole_and_what_one_names_counts(tmp_path: Path):
    assert lab("--quick", "--out", tmp_path).exit_code == 0
    rows = json.loads((tmp_path / "results.json").read_text())["results"]
    assert {row["task"] for row in rows} == {"adding", "order"} and max(row["lag"] for row in rows) == 100
    assert {"lstm", "rnn"} <= {row["cell"] for row in rows}
    assert lab("--quick", "--task", "copying", "--lags", "5", "--out", tmp_path).exit_code == 0
    more = json.loads((tmp_path / "results.json").read_text())["results"]
    assert [row["task"] for row in more[len(rows) :]] == ["copying"] * (len(more) - len(rows))


def test_out_of_time_says_how_much_is_left_and_the_same_command_goes_on(tmp_path: Path):
    words = ("--task", "adding", "--cell", "lstm,rnn", "--lags", "10", "--seeds", 1, "--out", tmp_path)
    result = lab(*words, "--max-time", "0.000001")
    assert result.exit_code == 0
    assert "2 of 2 trainings were not done in 1e-06 s: the same command goes on with them" in result.stdout
    assert lab(*words).exit_code == 0
    assert {path.name for path in tmp_path.iterdir()} == FILES


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--task", "adding,sums"], "there is no task 'sums'"),
        (["--cell", "lstm,"], None),
        (["--cell", ","], "no cell is given"),
        (["--lags", "fifty"], "--lags is 'fifty', and must be whole numbers with commas between them: 50,100"),
        (["--lags", "50,,100"], "--lags is '50,,100'"),
        (["--task", "noisy", "--lags", "3"], "a lag of 3 is too short for the task 'noisy': at least 4"),
        (["--seeds", "0"], "seeds is 0"),
        (["--max-time", "-1"], "max_time is -1"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_nothing_is_written(words, said, tmp_path: Path):
    if said is None:
        assert lab("--task", "adding", "--lags", "10", *words, "--out", tmp_path / "out").exit_code == 0
        return
    result = lab(*words, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ") and result.stderr.count("\n") == 1 and said in result.stderr
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_an_error_before_anything_is_trained(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(estimator, "measure", lambda case, **more: pytest.fail("trained"))
    (tmp_path / "file").write_text("mine")
    result = lab("--quick", "--out", tmp_path / "file")
    assert result.exit_code == 2 and "cannot write to" in result.stderr
    assert (tmp_path / "file").read_text() == "mine"


def test_a_model_folder_named_lab_is_reached_by_its_path(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for words in (["memory", "./lab"], ["memory", str(tmp_path / "lab")]):
        result = CliRunner().invoke(build(), [*words, "--out", "seen"])
        assert result.exit_code == 2 and "there is no model folder" in result.stderr


def test_help_of_memory_tells_of_both_and_help_of_the_lab_of_its_own_options():
    app = build()
    assert "memory lab" in CliRunner().invoke(app, ["--help"]).stdout
    assert "memory lab" in CliRunner().invoke(app, ["memory", "--help"]).stdout
    shown = lab("--help").stdout
    assert "Usage: recollect memory lab" in shown.replace("root", "recollect") and "--lags" in shown
