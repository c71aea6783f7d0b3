"""``recollect memory`` as somebody types it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner, Result

from recollect.cli import build

FILES = {f"{name}.{kind}" for name in ("half_lives", "ribbon", "step", "reach") for kind in ("png", "svg")}


def recollect(*words: object) -> Result:
    return CliRunner().invoke(build(), list(map(str, words)))


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "sales.csv"
    days = pl.date_range(pl.date(2023, 1, 2), pl.date(2023, 5, 30), eager=True)
    values = 100 + 30 * np.sin(np.arange(len(days)) * 2 * np.pi / 7) + np.random.default_rng(0).normal(size=len(days))
    pl.DataFrame({"day": days, "sales": values.round(1)}).write_csv(path)
    return path


@pytest.fixture(scope="module")
def model(table: Path) -> Path:
    out = table.parent / "model"
    result = recollect("forecast", "train", table, "--horizon", "7", "--max-epochs", "1", "--out", out)
    assert result.exit_code == 0, result.output
    return out


def test_it_leaves_pictures_and_a_page_and_says_what_it_saw(model: Path, table: Path, tmp_path: Path) -> None:
    result = recollect("memory", model, table, "--out", tmp_path / "seen")
    assert (result.exit_code, result.stderr) == (0, "")
    assert {path.name for path in (tmp_path / "seen").iterdir()} == FILES | {"memory.html"}
    said = " ".join(result.stdout.split())
    assert "Of 96 units, the first quarter keep half" in said
    assert "the season of 7 days" in said
    assert f"Written to {tmp_path / 'seen'}" in said
    page = (tmp_path / "seen" / "memory.html").read_text("utf-8")
    assert "2023-05-30" in page and "The memory behind a forecast of sales" in page


def test_without_data_it_reads_what_the_model_kept(model: Path, tmp_path: Path) -> None:
    result = recollect("memory", model, "--out", tmp_path / "seen")
    assert result.exit_code == 0
    assert "2023-05-30" in (tmp_path / "seen" / "memory.html").read_text("utf-8")


@pytest.mark.parametrize("kind", ["absent", "empty", "table"])
def test_what_is_no_model_is_one_clear_error(kind: str, table: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    given = {"absent": tmp_path / "absent", "empty": tmp_path / "empty", "table": table}[kind]
    result = recollect("memory", given, "--out", tmp_path / "seen")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ") and result.stderr.count("\n") == 1
    assert str(given) in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_data_that_lack_a_column_are_an_error_and_nothing_is_written(model: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    pl.DataFrame({"day": ["2023-01-01", "2023-01-02"], "visits": [1, 2]}).write_csv(other)
    result = recollect("memory", model, other, "--out", tmp_path / "seen")
    assert result.exit_code == 2
    assert "sales" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["other.csv"]


def test_a_series_that_is_not_there_is_an_error_and_nothing_is_written(model: Path, tmp_path: Path) -> None:
    result = recollect("memory", model, "--series", "north", "--out", tmp_path / "seen")
    assert result.exit_code == 2
    assert "no series 'north'" in result.stderr
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_an_error(model: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    result = recollect("memory", model, "--out", tmp_path / "file")
    assert result.exit_code == 2
    assert "cannot write to" in result.stderr
    assert (tmp_path / "file").read_text() == "mine"
    if os.geteuid():  # root may write anywhere
        (tmp_path / "locked").mkdir(mode=0o500)
        assert recollect("memory", model, "--out", tmp_path / "locked" / "seen").exit_code == 2
