"""What the commands say on the terminal of the forecast: how good it is, and how far to trust it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from recollect.report.words import score_table
from recollect.tasks.forecast.results import Backtest
from recollect.tasks.forecast.trial import Trial, headlines
from recollect.train.record import Record

__all__ = ["say_trial"]


def say_trial(console: Console, trial: Trial, records: Sequence[Record] = ()) -> None:
    """How good the forecasts of the past were: a short table, and how far to trust the next."""
    if trial.backtest is not None:
        _table(console, trial.backtest)
    for said in headlines(trial, records):
        console.print(Text(said))


def _table(console: Console, backtest: Backtest) -> None:
    scores = backtest.scores
    full = score_table(scores)
    kept = [i for i, name in enumerate(full.columns) if name in ("", "MASE", "sMAPE %", "RMSE") or "held" in name]
    table = Table(box=None, pad_edge=False, header_style="dim")
    for i in kept:
        table.add_column(full.columns[i], justify="left" if i == 0 else "right")
    for r, row in enumerate(full.rows):
        table.add_row(*(Text(row[i], "bold green" if (r, i) in full.best else "") for i in kept))
    console.print()
    console.print(table)
    for note in backtest.notes:
        console.print(Text(note, "dim"))
    console.print()
