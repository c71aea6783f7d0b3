"""The report on a run: how far to trust the forecast first, then everything that it rests on."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from matplotlib.figure import Figure

from recollect.core.notes import Note
from recollect.data.clock import Clock
from recollect.data.panel import Panel
from recollect.evaluate.metrics import percent
from recollect.report.canvas import embed
from recollect.report.page import Picture, Report, Section, Table
from recollect.report.words import number, score_table, spans
from recollect.tasks.forecast import plots
from recollect.tasks.forecast.fitting import tail_lengths
from recollect.tasks.forecast.model import Model
from recollect.tasks.forecast.plots import Pick
from recollect.tasks.forecast.results import Backtest, Intervals
from recollect.tasks.forecast.trial import Trial, headlines, sentence

__all__ = ["Run", "build_report"]

ENDED = {
    "done": "all epochs done",
    "patience": "no better for long",
    "time": "its time was up",
    "interrupted": "interrupted",
}


@dataclass(frozen=True)
class Run:
    """Everything that a run found out: the file's name, what was noted of it, the forecast, and how it came about."""

    source: str
    command: str
    notes: Sequence[Note]
    panel: Panel
    model: Model
    forecast: Intervals
    trial: Trial

    @cached_property
    def picks(self) -> Sequence[Pick]:
        """The series to draw."""
        return plots.pick_series(self.panel, self.trial.backtest)

    @cached_property
    def forecast_pictures(self) -> list[Figure]:
        """The forecasts of the picked series, six to a picture."""
        return plots.forecast_pictures(self.panel, self.forecast, self.model.settings.levels, self.picks)

    @cached_property
    def backtest_pictures(self) -> list[Figure]:
        """Forecasts of the past of the picked series, six to a picture; none without a backtest."""
        return plots.backtest_pictures(self.trial.backtest, self.picks) if self.trial.backtest else []

    @property
    def what(self) -> str:
        """What is forecast: the target, or the series of a wide table."""
        return f"{len(self.panel):,} series" if self.panel.schema.wide else self.panel.schema.target

    @property
    def horizon(self) -> int:
        """K."""
        return self.model.settings.horizon


def build_report(run: Run) -> Report:
    """The report as sections of words, tables and pictures."""
    sections = [_forecast(run)]
    if run.trial.backtest is not None:
        sections += [_past(run, run.trial.backtest), _intervals(run, run.trial.backtest)]
    sections += [_data(run), _making(run), _repeating(run)]
    ahead = _steps(run.model.settings.horizon, run.panel.clock)
    return Report(
        title=f"Forecast of {run.what}",
        subtitle=f"{run.source}, {ahead} ahead",
        headlines=headlines(run.trial, run.model.records),
        facts=tuple(_facts(run)),
        sections=tuple(sections),
        footer=f"Made by Recollect {importlib.metadata.version('recollect')}.",
    )


def _facts(run: Run) -> Iterator[tuple[str, str]]:
    panel, clock = run.panel, run.panel.clock
    stops = panel.starts + panel.ends
    first, last, until = clock.at(np.array([panel.starts.min(), stops.max() - 1, stops.max() - 1 + run.horizon]))
    if len(panel) > 1:
        yield "Series", f"{len(panel):,}"
    yield "Values observed", f"{int(np.isfinite(panel.target).sum()):,}"
    yield "First", str(first)
    yield "Last", str(last)
    yield "Forecast until", str(until)
    season = run.model.geometry.season
    yield "Season", _steps(season, clock) if season > 1 else "none found"
    yield "Training", f"{sum(record.seconds for record in run.model.records):.1f} seconds"


def _steps(count: int, clock: Clock) -> str:
    """``52 weeks``, ``96 steps of 15 minutes``."""
    if clock.multiple > 1:
        return f"{_count(count, 'step')} of {clock.label}"
    return _count(count, clock.unit)


def _forecast(run: Run) -> Section:
    caption = "The end of the history, the forecast, and the ranges in which the values lie with the odds named."
    return Section("Forecast", _picked(run), tuple(_pictures(run.forecast_pictures, caption)))


def _picked(run: Run) -> tuple[str, ...]:
    shown, total = len(run.picks), len(run.panel)
    if shown == total:
        return ()
    which = "those forecast best, typically and worst in the test on the past" if run.picks[0].why else "the first ones"
    return (f"{shown} of {total:,} series are shown: {which}.",)


def _past(run: Run, backtest: Backtest) -> Section:
    trial, settings = run.trial, run.model.settings
    text = (
        f"A model that learnt only from what lies before the first of {trial.folds} past origins, "
        f"{settings.horizon} steps apart, forecast from each of them, knowing nothing later; its intervals were "
        "calibrated at each by what had become known, as when a model reads newer data. Beside it the seasonal "
        f"naive forecast, which repeats the last {'season' if trial.season > 1 else 'value'} and costs nothing.",
        *map(sentence, backtest.notes),
    )
    caption = "MASE and MSIS count in errors of the seasonal naive before the first origin; lower is better."
    pictures = [
        *_pictures([plots.horizons(backtest)], "The error by steps ahead."),
        *_pictures(run.backtest_pictures, "Forecasts then, and what came."),
    ]
    tables = [score_table(backtest.scores, caption), *_by_series(run, backtest)]
    return Section("Tested on the past", text, tuple(pictures), tuple(tables))


def _by_series(run: Run, backtest: Backtest) -> Iterator[Table]:
    """The picked series with their own scores; a mean over many hides those that fail."""
    if len(run.panel) == 1:
        return
    each = {name: scores.by_series(backtest.series)["mase"] for name, scores in backtest.scores.items()}
    known = [pick for pick in run.picks if pick.place < len(each["recollect"])]
    rows = [(pick.title(run.panel), *(_cell(values[pick.place]) for values in each.values())) for pick in known]
    better = float(np.mean((each["recollect"] < each["seasonal naive"])[np.isfinite(each["recollect"])]))
    caption = f"The model is better than the seasonal naive in {100 * better:.0f} % of all {len(run.panel):,} series."
    yield Table(("MASE of each series", *each), tuple(rows), caption)


def _cell(value: float) -> str:
    return number(value) if np.isfinite(value) else "\N{EN DASH}"


def _intervals(run: Run, backtest: Backtest) -> Section:
    caption = "Measured against promised: on the dashed lines is right, below them the intervals are too narrow."
    return Section(
        "Do the intervals hold?", tuple(_support(run.model)), tuple(_pictures([plots.calibration(backtest)], caption))
    )


def _support(model: Model) -> Iterator[str]:
    """On how many past values the calibration rests, and where they are too few for a level."""
    used, supported = model.calibration.used, model.calibration.supported
    few, many = int(used.min()), int(used.max())
    count = f"{few:,}" if few == many else f"{few:,} to {many:,}"
    yield (
        f"The intervals are corrected by what {count} past forecasts for each step ahead would have needed to be "
        "right; the values that they foretold trained nothing."
    )
    for i, level in enumerate(model.calibration.levels):
        short = np.flatnonzero(supported[:, i] < level)
        if short.size:
            steps = f"step{'s' if short.size > 1 else ''} {spans(short + 1)} ahead"
            yield (
                f"They are too few to promise {percent(level)} % at {steps}: they support "
                f"{100 * supported[short, i].min():.0f} %, and the largest error seen is taken."
            )


def _data(run: Run) -> Section:
    schema = run.panel.schema
    roles = (
        ("target", () if schema.wide else (schema.target,)),
        ("times", schema.parts or ((schema.time,) if schema.time else ())),
        ("series", schema.wide or ((schema.series,) if schema.series else ())),
        ("known ahead", schema.known_names),
        ("known up to now", schema.past_names),
        ("describes a series", schema.static),
    )
    words = {"repaired": "repaired", "warning": "worth a look", "inferred": "found"}
    rows = [(role, f"column{'s' * (len(columns) > 1)} {_listed(columns)}") for role, columns in roles if columns]
    rows += [(words[kind], note.text) for kind in words for note in run.notes if note.kind == kind]
    return Section("Data", tables=(Table(("", "what was read, and how"), tuple(rows)),))


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(columns[:12]) + (f" and {len(columns) - 12:,} more" if len(columns) > 12 else "")


def _making(run: Run) -> Section:
    columns = ("network", "epochs", "kept", "quantile loss", "seconds", "ended because")
    rows = tuple(
        (str(i), f"{r.epochs}", f"epoch {r.best_epoch}", number(r.best or 0.0), f"{r.seconds:.1f}", ENDED[r.stopped])
        for i, r in enumerate(run.model.records, start=1)
    )
    pictures = tuple(_pictures([plots.learning(run.model.records)], "Learning: how the loss fell."))
    return Section("How it was made", tuple(_made(run.model, run.panel)), pictures, (Table(columns, rows),))


def _made(model: Model, panel: Panel) -> Iterator[str]:
    settings, g = model.settings, model.geometry
    weights = sum(parameter.numel() for parameter in model.networks[0].parameters())
    one = settings.ensemble == 1
    lags = ", ".join("the last value" if lag == 1 else f"{lag} steps ago" for lag in g.lags)
    yield (
        f"{'An LSTM' if one else f'{settings.ensemble} LSTMs, averaged,'} of {_count(settings.num_layers, 'layer')} "
        f"and {settings.hidden_size} units ({weights:,} weights{'' if one else ' each'}) took "
        f"{_count(g.steps, 'stride')} of {_count(g.stride, 'step')}, seeing {g.window} values at each, and learnt to "
        f"correct the best mixture of naive forecasts: {lags}."
    )
    tail = int(tail_lengths(panel.ends, settings.horizon, None).max())
    yield (
        f"It worked {'in logarithms' if model.scaling.log else 'on the values as they are'}, each window scaled by its "
        f"own level and spread. The last {tail:,} steps trained nothing: they chose between logarithms and plain "
        "values and when to stop, and calibrated the intervals."
    )
    trust = sum(float(network.trust) for network in model.networks) / len(model.networks)
    yield (
        f"There training was worth a trust of {100 * trust:.0f} %: the rest of the forecast is the mixture of naive "
        "forecasts with a linear correction, from which it began. All of it is given where training saved 5 % of the "
        "beginning's error."
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number > 1)}"


def _repeating(run: Run) -> Section:
    made = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("recollect", "torch", "numpy", "polars"))
    machine = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    text = [f"Made with {made}, {machine}. The same bits come again on the same machine with the same versions."]
    if run.model.settings.max_time is not None:
        text.append("Training was limited in time, so that the bits also depend on how fast the machine is.")
    return Section("How to repeat it", tuple(text), code=run.command)


def _pictures(figures: Sequence[Figure], caption: str) -> Iterator[Picture]:
    return (Picture(embed(figure), caption) for figure in figures)
