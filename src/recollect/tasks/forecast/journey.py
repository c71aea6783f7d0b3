"""What the commands do, from a file to a folder of results."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from matplotlib.figure import Figure
from rich.console import Console
from rich.text import Text

from recollect.core.errors import DataError
from recollect.core.files import staged_folder, write_whole
from recollect.core.notes import Note
from recollect.data.inference import infer_schema
from recollect.data.panel import Panel, build_panel
from recollect.data.tables import read_table
from recollect.report.canvas import save
from recollect.report.page import write_report
from recollect.report.remembered import write_memory
from recollect.report.terminal import errors_console, results_console, say_files, say_notes, teller, warnings_told
from recollect.tasks.forecast.estimator import Forecaster
from recollect.tasks.forecast.memory import look_inside
from recollect.tasks.forecast.memory_portrait import portrait
from recollect.tasks.forecast.options import Columns, Judging, Learning, names, percents, words
from recollect.tasks.forecast.plots import backtest_pictures, pick_series
from recollect.tasks.forecast.report import Run, build_report
from recollect.tasks.forecast.results import Intervals, forecast_frame
from recollect.tasks.forecast.settings import MOST_EPOCHS, Settings
from recollect.tasks.forecast.terminal import say_trial
from recollect.tasks.forecast.trial import Trial, hold_trial
from recollect.tasks.forecast.written import csv, scores_json
from recollect.train.progress import Progress, RichProgress
from recollect.train.sitting import Sitting, sitting

__all__ = ["backtest", "memory", "predict", "run", "train"]

TRIAL, MODEL = "test on the past", "final model"


@warnings_told()
def run(columns: Columns, learning: Learning, judging: Judging, out: Path) -> None:
    """Read, test on the past, learn from everything, forecast, write."""
    console, settings = results_console(), _settings(learning)
    panel, notes = _read(console, columns, learning)
    with sitting(out, teller(console)) as now:
        stage = now.stage
        trial = _trial(now, panel, settings, judging, trainings=2)
        forecaster = _learn(now, panel, settings, trial)
        forecast = forecaster.intervals()
        command = words("run", columns, learning, judging, out=out)
        hints = _hints(panel, forecast)
        story = Run(columns.data.name, command, [*notes, *hints], panel, forecaster.model, forecast, trial)
        write_whole(stage / "forecast.csv", csv(_table(panel, forecast, settings)))
        save(story.forecast_pictures[0], stage / "forecast.png")
        _write_trial(stage, settings, trial, story.backtest_pictures)
        write_report(stage / "report.html", build_report(story))
        forecaster.save(stage / "model")
        files = sorted(path.name for path in stage.iterdir())
    for stale in {"backtest.csv", "backtest.png"} - set(files):
        (out / stale).unlink(missing_ok=True)  # of an earlier run with more data
    say_trial(console, trial, forecaster.model.records)
    say_notes(console, hints)
    say_files(console, out, files)


@warnings_told()
def train(columns: Columns, learning: Learning, out: Path) -> None:
    """Read, learn, save."""
    console, settings = results_console(), _settings(learning)
    panel, _ = _read(console, columns, learning)
    with sitting(out, teller(console)) as now:
        _learn(now, panel, settings).save(now.stage)
    say_files(console, out, ["manifest.json", "weights.safetensors", "history.safetensors"])


@warnings_told()
def backtest(columns: Columns, learning: Learning, judging: Judging, out: Path) -> None:
    """Read and test on the past; raises DataError where the history is too short for that."""
    console, settings = results_console(), _settings(learning)
    panel, _ = _read(console, columns, learning)
    with sitting(out, teller(console)) as now:
        trial = _trial(now, panel, settings, judging, trainings=1)
        if trial.backtest is None:
            raise DataError(trial.why)
        picks = pick_series(panel, trial.backtest)
        _write_trial(now.stage, settings, trial, backtest_pictures(trial.backtest, picks))
    say_trial(console, trial)
    say_files(console, out, ["backtest.csv", "backtest.png", "scores.json"])


@warnings_told()
def predict(model: Path, data: Path | None, out: Path) -> None:
    """Forecast from the end of ``data``, or of what the model was trained on, without training."""
    forecaster = Forecaster.load(model)
    panel, schema = forecaster.panel, forecaster.model.schema
    if data is not None:
        frame, notes = read_table(data)
        panel, repairs = build_panel(frame, schema, horizon=forecaster.settings.horizon, source=data)
        say_notes(errors_console(), [*notes, *repairs])
    content = csv(_table(panel, forecaster.model.renewed(panel).ahead(panel), forecaster.settings))
    if str(out) == "-":
        sys.stdout.write(content)
        return
    if out.suffix.lower() == ".csv" and not out.is_dir():
        write_whole(out, content)
    else:
        with staged_folder(out) as stage:
            write_whole(stage / "forecast.csv", content)


@warnings_told()
def memory(model: Path, data: Path | None, series: str | None, out: Path) -> None:
    """Let a saved model read ``data``, or the newest of its training, and write what is seen inside it."""
    forecaster, console = Forecaster.load(model), results_console()
    panel = forecaster.panel
    if data is not None:
        frame, notes = read_table(data)
        panel, repairs = build_panel(frame, forecaster.model.schema, horizon=forecaster.settings.horizon, source=data)
        say_notes(console, [*notes, *repairs])
    with staged_folder(out) as stage:
        said = write_memory(stage, portrait(look_inside(forecaster.model, panel, series)))
        files = sorted(path.name for path in stage.iterdir())
    for sentence in said:
        console.print(Text(sentence))
    say_files(console, out, files)


def _settings(learning: Learning) -> Settings:
    return Settings(
        horizon=learning.horizon,
        levels=percents(learning.levels),
        season=learning.season,
        lookback=learning.lookback,
        ensemble=learning.ensemble,
        domain=learning.domain.value,
        max_epochs=MOST_EPOCHS if learning.max_epochs is None else learning.max_epochs,
        max_time=learning.max_time,
        seed=learning.seed,
    )


def _read(console: Console, columns: Columns, learning: Learning) -> tuple[Panel, list[Note]]:
    frame, notes = read_table(columns.data)
    schema, found = infer_schema(
        frame,
        target=columns.target,
        time=columns.time,
        series=columns.series,
        known=names(columns.known),
        past=names(columns.past),
        static=names(columns.static),
        wide=columns.wide,
        calendar=columns.calendar,
        holidays=columns.holidays,
        source=columns.data,
    )
    panel, repairs = build_panel(frame, schema, horizon=learning.horizon, source=columns.data)
    notes = [*notes, *found, *repairs]
    say_notes(console, notes)
    return panel, notes


def _trial(now: Sitting, panel: Panel, settings: Settings, judging: Judging, trainings: int) -> Trial:
    """The test on the past, within its share of the time for all."""
    trainings = judging.folds + trainings - 1 if judging.refit else trainings
    share = None if settings.max_time is None else settings.max_time / trainings
    return hold_trial(
        panel, replace(settings, max_time=share), folds=judging.folds, refit=judging.refit,
        baselines=judging.baselines.value, checkpoints=now.checkpoints("trial", TRIAL), progress=_bars(TRIAL),
    )  # fmt: skip


def _learn(now: Sitting, panel: Panel, settings: Settings, trial: Trial | None = None) -> Forecaster:
    """The final model, within what the test on the past has left of the time."""
    spent = sum(record.seconds for record in trial.backtest.records) if trial and trial.backtest else 0.0
    left = None if settings.max_time is None else max(settings.max_time - spent, settings.max_time / 100)
    forecaster = Forecaster(settings.horizon)
    forecaster.settings = replace(settings, max_time=left)
    return forecaster.fit_panel(panel, checkpoints=now.checkpoints("model", MODEL), progress=_bars(MODEL))


def _hints(panel: Panel, forecast: Intervals) -> list[Note]:
    """What the user may want to say about the target, and has not."""
    below = int((forecast.lower < 0).any(axis=(1, 2)).sum())
    if not below or np.nanmin(panel.target) < 0:
        return []
    text = "no value observed is below 0, but intervals reach there; if none can be, --domain nonnegative cuts them off"
    return [Note("warning", below, text)]


def _write_trial(stage: Path, settings: Settings, trial: Trial, pictures: Sequence[Figure]) -> None:
    write_whole(stage / "scores.json", scores_json(settings, trial))
    if trial.backtest is not None:
        write_whole(stage / "backtest.csv", csv(trial.backtest.frame()))
        save(pictures[0], stage / "backtest.png")


def _table(panel: Panel, forecast: Intervals, settings: Settings) -> pl.DataFrame:
    return forecast_frame(panel, np.arange(len(panel)), panel.ends, forecast, settings.levels)


def _bars(label: str) -> Callable[[str], Progress]:
    """A bar for each training; ``label`` names the stage, and the member of an ensemble stands behind it."""

    def bar(part: str) -> Progress:
        return RichProgress(label if part == "training" else f"{label}, {part}")

    return bar
