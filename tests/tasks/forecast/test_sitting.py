"""Commands that are killed and typed again: they go on, to the bytes of one that was not."""

from __future__ import annotations

import fcntl
import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner, Result

from recollect.cli import build
from recollect.train import loop
from recollect.train.plan import Plan
from recollect.train.progress import Silent

EPOCHS, STEPS, MEMBERS = 3, 8, 2
OPTIONS = ("--horizon", "7", "--max-epochs", EPOCHS, "--ensemble", MEMBERS)
RESULTS = ("forecast.csv", "backtest.csv", "scores.json", "model/weights.safetensors")


def forecast(*words: object) -> Result:
    return CliRunner().invoke(build(), ["forecast", *map(str, words)])


def done(*words: object) -> str:
    result = forecast(*words)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in RESULTS}


def listed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def table(path: Path, rows: int = 120) -> Path:
    random = np.random.default_rng(0)
    sales = 100 + 30 * np.sin(np.arange(rows) * 2 * np.pi / 7) + random.normal(scale=5, size=rows)
    pl.DataFrame({"sales": sales.round(1)}).write_csv(path)
    return path


@pytest.fixture(scope="module")
def sales(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return table(tmp_path_factory.mktemp("data") / "sales.csv")


@pytest.fixture(scope="module")
def unbroken(sales: Path) -> dict[str, bytes]:
    done("run", sales, *OPTIONS, "--out", sales.parent / "out")
    return contents(sales.parent / "out")


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one with each step of training."""
    taken: list[int] = []
    step = loop._Run.step

    def counted(run: loop._Run, batch: object, epoch: int, rate: float) -> float:
        taken.append(epoch)
        return step(run, batch, epoch, rate)

    monkeypatch.setattr(loop._Run, "step", counted)
    return taken


def test_a_run_that_is_killed_twice_ends_as_one_that_is_not(
    sales: Path, unbroken: dict[str, bytes], tmp_path: Path, steps: list[int], killed: Callable[..., str]
) -> None:
    out = tmp_path / "results" / "out"
    words = ["run", sales, *OPTIONS, "--out", out]
    # In the first epoch of the trial's second member; then, 24 steps later, in the last of the final model's second.
    for left in (STEPS * EPOCHS + 6, STEPS * EPOCHS + 40):
        said = killed(left, "forecast", *words)
        assert all(name.startswith(".out.") for name in listed(out.parent)), "nothing looks like a result"
    assert "test on the past: goes on with member 2, after" in said
    assert len([name for name in listed(out.parent) if "partial" in name]) == 2
    said = done(*words)
    assert "test on the past: is trained already, in" in said
    assert "final model: goes on from epoch 2 of member 2, after" in said
    assert len(steps) == STEPS, "the last epoch, and nothing twice"
    assert contents(out) == unbroken
    assert listed(out.parent) == ["out"]


class Dying(Silent):
    """Fails, as no training may, at a step of the second member of the second training."""

    trainings = 0

    def __init__(self, label: str) -> None:
        Dying.trainings += 1

    def update(self, epoch: int, step: int, fraction: float, loss: float, validation: float | None) -> None:
        if (Dying.trainings, epoch) == (4, EPOCHS):
            raise ZeroDivisionError


def die(monkeypatch: pytest.MonkeyPatch, sales: Path, out: Path, *more: object) -> Path:
    """A run that stops in the last epoch of all."""
    Dying.trainings = 0
    with monkeypatch.context() as patch:
        patch.setattr("recollect.tasks.forecast.journey.RichProgress", Dying)
        patch.setattr("recollect.tasks.forecast.fitting.Plan", functools.partial(Plan, checkpoint_every=0))
        result = forecast("run", sales, *OPTIONS, *more, "--out", out)
    assert isinstance(result.exception, ZeroDivisionError)
    assert f"what was learnt is kept in {out.parent / '.out.resume'}" in result.stderr
    assert listed(out.parent) == [".out.resume"]
    return out


@pytest.fixture
def broken(sales: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of such a run."""
    return die(monkeypatch, sales, tmp_path / "out")


def test_changed_data_start_anew_and_it_is_said(broken: Path, tmp_path: Path, steps: list[int]) -> None:
    other = table(tmp_path / "sales.csv", 121)
    said = done("run", other, *OPTIONS, "--out", broken)
    for stage in ("test on the past", "final model"):
        assert f"{stage}: starts anew, and not from the checkpoints in {tmp_path / '.out.resume'}: the data are" in said
    assert len(steps) == 2 * MEMBERS * EPOCHS * STEPS
    done("run", other, *OPTIONS, "--out", tmp_path / "fresh")
    assert contents(broken) == contents(tmp_path / "fresh")


def test_so_do_changed_options(sales: Path, broken: Path, steps: list[int]) -> None:
    said = done("run", sales, *OPTIONS, "--max-epochs", 1, "--out", broken)
    assert said.count("max_epochs was 3 and is 1") == 2
    assert len(steps) == 2 * MEMBERS * STEPS


def test_what_is_left_of_the_time_is_the_same_when_typed_again(
    sales: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: list[int]
) -> None:
    out = die(monkeypatch, sales, tmp_path / "out", "--max-time", 3000)
    taken = len(steps)
    said = done("run", sales, *OPTIONS, "--max-time", 3000, "--out", out)
    assert "final model: goes on from epoch 2 of member 2" in said and "anew" not in said
    assert len(steps) - taken == STEPS


def test_what_does_not_concern_a_training_lets_it_go_on(
    sales: Path, broken: Path, unbroken: dict[str, bytes], steps: list[int]
) -> None:
    broken.mkdir()
    said = done("run", sales, *OPTIONS, "--folds", 3, "--out", broken)
    assert "test on the past: starts anew" in said and "it learns from another stretch of the data" in said
    assert "final model: goes on from epoch 2 of member 2" in said
    assert (broken / "forecast.csv").read_bytes() == unbroken["forecast.csv"]


@pytest.mark.parametrize(("name", "member"), [("trial", 1), ("model", 2)])
@pytest.mark.parametrize("how", ["cut", "a bit turned over"])
def test_a_damaged_checkpoint_is_trained_again_and_it_is_said(
    sales: Path, broken: Path, unbroken: dict[str, bytes], steps: list[int], name: str, member: int, how: str
) -> None:
    place = broken.parent / ".out.resume" / f"{name}-{member}.safetensors"
    content = bytearray(place.read_bytes())
    content[-1000] ^= 1
    place.write_bytes(content[:-7] if how == "cut" else content)
    said = done("run", sales, *OPTIONS, "--out", broken)
    assert f"member {member} starts anew: its checkpoint {place} is damaged" in said
    assert len(steps) == (EPOCHS * STEPS + STEPS if name == "trial" else EPOCHS * STEPS)
    assert contents(broken) == unbroken


def test_a_second_run_does_not_disturb_the_first(sales: Path, broken: Path, steps: list[int]) -> None:
    with open(broken.parent / ".out.resume" / "lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = forecast("run", sales, *OPTIONS, "--out", broken)
    assert result.exit_code == 2 and "another run is at work on it" in result.stderr
    assert listed(broken.parent) == [".out.resume"] and not steps
    assert "goes on from epoch 2 of member 2" in done("run", sales, *OPTIONS, "--out", broken)


def test_a_failure_before_any_training_leaves_no_folder(tmp_path: Path) -> None:
    short = table(tmp_path / "short.csv", 6)
    result = forecast("backtest", short, "--horizon", 4, "--out", tmp_path / "not" / "there")
    assert result.exit_code == 2 and "too few" in result.stderr
    assert listed(tmp_path) == ["short.csv"]


def test_checkpoints_of_a_training_that_failed_for_good_are_not_kept(
    sales: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recollect.tasks.forecast.fitting.BATCH_SIZE", 4)
    monkeypatch.setattr("recollect.train.plan.Plan.rate", lambda plan, progress: float("inf"))
    result = forecast("train", sales, *OPTIONS, "--out", tmp_path / "out")
    assert result.exit_code == 2 and "the loss is" in result.stderr
    assert listed(tmp_path) == []
