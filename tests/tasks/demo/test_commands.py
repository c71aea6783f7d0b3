import json

import pytest
import typer
from typer.testing import CliRunner

from recollect.tasks.demo import commands

PICTURES = {"series.png", "held_out.png", "continuation.png", "learning.png", "gates.png"}


def run(*words):
    app = typer.Typer()
    commands.register(app)
    return CliRunner().invoke(app, words, catch_exceptions=False)


@pytest.mark.parametrize(("series", "activation"), [("sine", "tanh"), ("nyquist", "relu")])
def test_tells_every_step_and_leaves_pictures_and_scores(tmp_path, series, activation):
    out = tmp_path / "demo"
    result = run("--series", series, "--activation", activation, "--epochs", "1", "--out", str(out))
    assert result.exit_code == 0
    titles = ("The series", "The windows", "The network", "Training", "The score", "One step", "On its own", "Inside")
    for number, title in enumerate(titles, start=1):
        assert f"{number} {title}" in result.stdout
    assert {path.name for path in out.iterdir()} == {*PICTURES, "scores.json", "model"}
    for name in PICTURES:
        assert (out / name).read_bytes().startswith(b"\x89PNG")
    scores = json.loads((out / "scores.json").read_text())
    assert (scores["series"], scores["activation"], scores["training"]["stopped"]) == (series, activation, "done")
    assert set(scores["held_out_squared_error"]) > {"last value", "linear, same 50 values"}
    assert ("Nyquist" in result.stdout) == (series == "nyquist")


def test_an_unknown_series_is_refused():
    assert run("--series", "cosine").exit_code == 2
