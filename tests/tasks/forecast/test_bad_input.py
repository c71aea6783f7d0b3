"""A table of things that go wrong, typed as a user types them: one error, exit code 2, nothing written."""

from __future__ import annotations

import errno
import gzip
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recollect.cli import build

DAYS = [f"2024-{month:02d}-{day:02d}" for month in (1, 2, 3) for day in range(1, 29)]
WHOLE = "--target load --horizon 3 --max-epochs 1"


def table(header: str, *rows: str) -> bytes:
    return "\n".join([header, *rows, ""]).encode()


def daily(change: dict[int, str] | None = None, header: str = "day,load") -> bytes:
    """84 rows of days and a load, some of them replaced."""
    rows = {n: f"{day},{10 + n % 7}" for n, day in enumerate(DAYS)} | (change or {})
    return table(header, *rows.values())


def with_price(until: int) -> bytes:
    rows = [f"{day},{'' if n >= 78 else n % 7},{n if n < until else ''}" for n, day in enumerate(DAYS)]
    return table("day,load,price", *rows)


# name: (file name, content, options, words of the message)
TABLES: dict[str, tuple[str, bytes, str, str]] = {
    "empty file": ("a.csv", b"", WHOLE, "a.csv is empty"),
    "header only": ("a.csv", b"day,load\n", WHOLE, "has a header but no rows"),
    "one row": ("a.csv", table("day,load", "2024-01-01,1"), WHOLE, "two different times"),
    "one row without times": ("a.csv", table("load", "1"), WHOLE, "the table has 1 row"),
    "two rows": ("a.csv", table("day,load", "2024-01-01,1", "2024-01-02,2"), WHOLE, "2 steps of history, too few"),
    "all missing": ("a.csv", table("day,load", *(f"{day}," for day in DAYS)), WHOLE, "has no value at all"),
    "an infinite value": ("a.csv", daily({5: "2024-01-06,inf"}), WHOLE, 'a.csv line 7, column "load": inf is not'),
    "text in a number": ("a.csv", daily({5: "2024-01-06,12x"}), WHOLE, 'a.csv line 7, column "load": "12x"'),
    "text as the target": ("a.csv", daily({}, "load,day"), "--target load --time day --horizon 3", "is not a"),
    "a time twice": ("a.csv", daily({5: "2024-01-05,99"}), WHOLE, "rows repeat a time with other values"),
    "a time missing": ("a.csv", daily({5: ",99"}), WHOLE, 'a.csv line 7, column "day": the time is missing'),
    "a day that is none": ("a.csv", daily({5: "2024-01-32,9"}), WHOLE, '"2024-01-32" is not a time'),
    "times in two forms": ("a.csv", daily({5: "06/01/24,9"}), WHOLE, '"06/01/24" is not a time'),
    "mixed zones": (
        "a.csv",
        table("t,load", "2024-01-01 00:00+01:00,1", "2024-01-01 01:00,2", "2024-01-01 02:00+01:00,3"),
        WHOLE,
        "is not a time",
    ),
    "a zone by its letters": (
        "a.csv",
        table("t,load", "2024-03-31 01:00 CET,1", "2024-03-31 03:00 CEST,2"),
        f"{WHOLE} --time t",
        "is not a time in a form known here",
    ),
    "no clock": (
        "a.csv",
        table("t,load", *(f"2024-0{m}-{m * 7 % 25 + 1:02d} 0{m}:{m * 5}:{m * 7}1,1" for m in range(2, 8))),
        f"{WHOLE} --time t",
        "no",
    ),
    "a delimiter of its own": ("a.csv", daily().replace(b",", b":"), "--horizon 3", "separated by a comma, semicolon"),
    "not text": ("a.csv", b"PK\x03\x04\x00\x00\x00", WHOLE, "is not a text file"),
    "half a gzip": ("a.csv.gz", gzip.compress(daily())[:-20], WHOLE, "cannot be unpacked"),
    "no Parquet": ("a.parquet", b"PAR0", WHOLE, "a.parquet cannot be read"),
    "a spreadsheet": ("a.xlsx", b"PK", WHOLE, "files of kind .xlsx cannot be read"),
    "lines of unequal length": ("a.csv", daily({5: "2024-01-06,1,2"}), WHOLE, "a.csv line 7 has 3 fields"),
    "a column name twice": ("a.csv", daily({}, "load,load"), WHOLE, "appears more than once"),
    "an unknown target": ("a.csv", daily(), "--target Laod --horizon 3", 'no column "Laod"; did you mean "load"?'),
    "an unknown covariate": ("a.csv", daily(), f"{WHOLE} --known price", 'no column "price"'),
    "an unknown time": ("a.csv", daily(), f"{WHOLE} --time date", 'no column "date"'),
    "an unknown series": ("a.csv", daily(), f"{WHOLE} --series shop", 'no column "shop"'),
    "a target that is a covariate": ("a.csv", daily(), f"{WHOLE} --known load", "a column has one role"),
    "series and wide": ("a.csv", daily(), "--wide --series day --horizon 3", "a series in each column"),
    "several targets": ("a.csv", daily({}, "day,load").replace(b"\n", b",1\n"), "--horizon 3", "could be the target"),
    "known too short": ("a.csv", with_price(80), f"{WHOLE} --known price", "end at 2024-03-24: 2 of 3 steps"),
    "a horizon beyond the data": ("a.csv", daily(), "--horizon 100", "88 steps of history, too few to learn"),
    "a horizon of zero": ("a.csv", daily(), "--horizon 0", "horizon is 0, and must be a whole number of at least 1"),
    "levels out of range": ("a.csv", daily(), f"{WHOLE} --levels 80,120", "levels is (80.0, 120.0), and must be"),
    "levels that are no numbers": ("a.csv", daily(), f"{WHOLE} --levels most", "--levels is 'most', and must be"),
    "a season of zero": ("a.csv", daily(), f"{WHOLE} --season 0", "season is 0"),
    "a season of text": ("a.csv", daily(), f"{WHOLE} --season weekly", "--season"),
    "a look-back of one": ("a.csv", daily(), f"{WHOLE} --lookback 1", "lookback is 1"),
    "an unknown domain": ("a.csv", daily(), f"{WHOLE} --domain money", "money"),
    "a domain that the data deny": ("a.csv", daily({3: "2024-01-04,-1"}), f"{WHOLE} --domain positive", "down to -1"),
    "counts with fractions": ("a.csv", daily({3: "2024-01-04,1.5"}), f"{WHOLE} --domain count", "holds fractions"),
    "no folds": ("a.csv", daily(), f"{WHOLE} --folds 0", "--folds is 0"),
    "unknown baselines": ("a.csv", daily(), f"{WHOLE} --baselines best", "best"),
    "no time at all": ("a.csv", daily(), f"{WHOLE} --max-time 0", "max_time is 0.0"),
    "no networks": ("a.csv", daily(), f"{WHOLE} --ensemble 0", "ensemble is 0"),
    "an unknown country": ("a.csv", daily(), f"{WHOLE} --holidays XX", "no public holidays for 'XX'"),
    "a calendar without dates": ("a.csv", table("load", *"123456789"), "--horizon 2 --calendar", "need dates"),
    "no horizon": ("a.csv", daily(), "--target load", "--horizon"),
    "an unknown option": ("a.csv", daily(), f"{WHOLE} --horizons 3", "--horizons"),
}  # fmt: skip


def refused(place: Path, *words: str) -> str:
    """The message of a command that must fail, having changed nothing below ``place``."""
    before = sorted(place.rglob("*"))
    result = CliRunner().invoke(build(), ["forecast", *words])
    assert result.exit_code == 2, (result.output, result.exception)
    assert result.stderr.casefold().count("error:") == 1, result.stderr
    assert "Traceback" not in result.output
    assert sorted(place.rglob("*")) == before
    return result.stderr


@pytest.mark.parametrize("case", TABLES)
def test_a_bad_table_or_option(case: str, tmp_path: Path) -> None:
    name, content, options, words = TABLES[case]
    (tmp_path / name).write_bytes(content)
    assert words in refused(tmp_path, "run", str(tmp_path / name), *options.split(), "--out", str(tmp_path / "out"))


def test_every_problem_of_a_table_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(daily({5: "2024-01-06,x", 9: "2024-01-10,y"}))
    said = refused(tmp_path, "run", str(tmp_path / "a.csv"), *WHOLE.split(), "--out", str(tmp_path / "out"))
    assert said.startswith("error: 2 problems in the data:\n  - a.csv line 7")


def test_no_such_file_and_a_folder_as_the_file(tmp_path: Path) -> None:
    out = ("--horizon", "3", "--out", str(tmp_path / "out"))
    assert "there is no file" in refused(tmp_path, "run", str(tmp_path / "gone.csv"), *out)
    assert "is a folder" in refused(tmp_path, "run", str(tmp_path), *out)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    (tmp_path / "good.csv").write_bytes(daily())
    return tmp_path / "good.csv"


def test_a_history_too_short_to_test_on(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(table("day,load", *(f"{day},1{n}" for n, day in enumerate(DAYS[:9]))))
    words = ("backtest", str(tmp_path / "a.csv"), "--horizon", "5", "--out", str(tmp_path / "out"))
    assert "too few to learn from one part" in refused(tmp_path, *words)


def test_a_place_that_cannot_be_written_is_told_before_training(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recollect.tasks.forecast.fitting.train_member", None)  # to train would be a TypeError
    (tmp_path / "file").write_text("in the way")
    for out in ("file", "file/below", "good.csv"):
        said = refused(tmp_path, "run", str(good), *WHOLE.split(), "--out", str(tmp_path / out))
        assert said.startswith("error: cannot write to ")
    assert "cannot write to" in refused(tmp_path, "train", str(good), *WHOLE.split(), "--out", "/proc/nowhere")


def test_a_disk_that_fills_up_leaves_the_folder_as_it_was(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "forecast.csv").write_text("from before")
    words = ("run", str(good), *WHOLE.split(), "--out", str(tmp_path / "out"))
    written, count = [], 1

    def full(handle: int) -> None:
        written.append(handle)
        if len(written) == count:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("recollect.core.files.os.fsync", full)
    assert "No space left on device" in refused(tmp_path, *words)
    written, count = [], 15  # the last file
    result = CliRunner().invoke(build(), ["forecast", *words])
    assert result.exit_code == 2 and "No space left on device" in result.stderr
    assert "what was learnt is kept" in result.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [".out.resume", "forecast.csv"]
    assert (tmp_path / "out" / "forecast.csv").read_text() == "from before"
    written = []
    again = CliRunner().invoke(build(), ["forecast", *words])
    assert again.exit_code == 0 and "final model: is trained already" in again.stdout
    assert not (tmp_path / "out" / ".out.resume").exists()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("trained")
    (place / "good.csv").write_bytes(daily())
    words = ["forecast", "train", str(place / "good.csv"), *WHOLE.split(), "--out", str(place / "model")]
    assert CliRunner().invoke(build(), words).exit_code == 0
    return place / "model"


def without(name: str) -> Callable[[Path], object]:
    return lambda model: (model / name).unlink()


def cut(name: str) -> Callable[[Path], object]:
    return lambda model: (model / name).write_bytes((model / name).read_bytes()[:-100])


def damaged(model: Path) -> None:
    content = bytearray((model / "weights.safetensors").read_bytes())
    content[:8] = b"\xff" * 8
    (model / "weights.safetensors").write_bytes(bytes(content))


def manifest(**change: object) -> Callable[[Path], object]:
    def write(model: Path) -> None:
        content = json.loads((model / "manifest.json").read_text()) | change
        (model / "manifest.json").write_text(json.dumps({k: v for k, v in content.items() if v is not None}))

    return write


MODELS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no folder": (shutil.rmtree, "there is no model folder"),
    "no manifest": (without("manifest.json"), "cannot read"),
    "no weights": (without("weights.safetensors"), "cannot read"),
    "no history": (without("history.safetensors"), "cannot read"),
    "a manifest cut short": (cut("manifest.json"), "cannot read"),
    "weights cut short": (cut("weights.safetensors"), "cannot read"),
    "damaged weights": (damaged, "cannot read"),
    "a newer version": (manifest(version=99), "format version 99"),
    "another program's": (manifest(format="toaster"), "does not describe a recollect forecaster"),
    "a part missing": (manifest(geometry=None), "is not whole: geometry missing"),
    "parts that do not fit": (manifest(names=["a", "b"]), "2 numbers are wanted"),
    "unknown settings": (manifest(settings={"horizon": 3}), "saved settings must hold"),
}


@pytest.mark.parametrize("case", MODELS)
def test_a_bad_model_folder(case: str, trained: Path, tmp_path: Path) -> None:
    change, words = MODELS[case]
    shutil.copytree(trained, tmp_path / "model")
    change(tmp_path / "model")
    assert words in refused(tmp_path, "predict", str(tmp_path / "model"), "--out", str(tmp_path / "out.csv"))


# name: (content, words of the message)
NEWER: dict[str, tuple[bytes, str]] = {
    "without the target": (daily({}, "day,power"), 'lacks the column "load"'),
    "times in another form": (daily().replace(b"2024-", b"24/"), "is not a time of the form"),
    "text in a number": (daily({5: "2024-01-06,12x"}), 'newer.csv line 7, column "load": "12x" is not a number'),
}


@pytest.mark.parametrize("case", NEWER)
def test_newer_data_that_do_not_fit_the_model(case: str, trained: Path, tmp_path: Path) -> None:
    content, words = NEWER[case]
    (tmp_path / "newer.csv").write_bytes(content)
    out = ("--out", str(tmp_path / "out"))
    assert words in refused(tmp_path, "predict", str(trained), str(tmp_path / "newer.csv"), *out)


def test_a_table_cannot_be_written_in_place_of_a_folder_or_into_none(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert "it is a file" in refused(tmp_path, "predict", str(trained), "--out", str(tmp_path / "file"))
    gone = str(tmp_path / "gone" / "out.csv")
    assert "cannot write" in refused(tmp_path, "predict", str(trained), "--out", gone)
