"""``recollect memory`` finds out whose model it is given."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from recollect.cli import build
from recollect.report.film import film_figure
from recollect.tasks.demo.artifact import save_model
from recollect.tasks.demo.data import make
from recollect.tasks.demo.estimator import Learner


def recollect(*words: object) -> Result:
    return CliRunner().invoke(build(), list(map(str, words)))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    series = make("sine", 0)
    save_model(Learner(hidden_size=4, epochs=1).fit(series.values), series, tmp_path / "model")
    return tmp_path / "model"


def test_the_demos_model_is_shown_with_its_film(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The other pictures are drawn in tests/report: to draw them all takes many seconds.
    monkeypatch.setattr("recollect.report.remembered.pictures", lambda shown: {"film": film_figure(shown.film)})
    result = recollect("memory", model, "--out", tmp_path / "seen")
    assert (result.exit_code, result.stderr) == (0, "")
    assert {path.name for path in (tmp_path / "seen").iterdir()} == {"memory.html", "film.png", "film.svg"}
    assert "Of 4 units, the first quarter keep half" in result.stdout
    assert f"Written to {tmp_path / 'seen'}: film.png" in result.stdout


@pytest.mark.parametrize("more", [["co2.csv"], ["--series", "north"]])
def test_the_demo_reads_its_own_series(model: Path, tmp_path: Path, more: list[str]) -> None:
    result = recollect("memory", model, *more, "--out", tmp_path / "seen")
    assert result.exit_code == 2 and "reads its own series: leave out DATA and --series" in result.stderr
    assert not (tmp_path / "seen").exists()


@pytest.mark.parametrize("content", [{"format": "recollect soup"}, {"format": ["x"]}, {}, [1]])
def test_what_no_task_saves_is_one_clear_error(model: Path, tmp_path: Path, content: object) -> None:
    (model / "manifest.json").write_text(json.dumps(content))
    result = recollect("memory", model, "--out", tmp_path / "seen")
    assert result.exit_code == 2 and result.stderr.count("\n") == 1
    assert "recollect demo or a recollect forecaster" in result.stderr and str(model) in result.stderr
    assert not (tmp_path / "seen").exists()
