"""The forecaster: fit, predict, backtest, update, save and load."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from recollect.core.errors import DataError, InputError
from recollect.core.notes import Note
from recollect.data.frames import FrameLike, like, to_polars
from recollect.data.inference import infer_schema
from recollect.data.joining import tail_of
from recollect.data.panel import Panel, build_panel
from recollect.data.season import infer_season
from recollect.tasks.forecast.artifact import load_model, save_model
from recollect.tasks.forecast.backtest import backtest_panel
from recollect.tasks.forecast.fitting import fit_model
from recollect.tasks.forecast.memory import Memory, look_inside
from recollect.tasks.forecast.model import Model
from recollect.tasks.forecast.results import Backtest, Intervals, forecast_frame
from recollect.tasks.forecast.settings import MOST_EPOCHS, Settings
from recollect.tasks.forecast.stream import Stream
from recollect.train.progress import Progress, RichProgress
from recollect.train.resuming import Checkpoints

__all__ = ["Forecaster"]


class Forecaster:
    """Forecasts of one or many series, with intervals that hold.

    One LSTM learns all series together and corrects the best mixture of naive forecasts; its quantiles are calibrated
    on the newest part of the data, which trains nothing. docs/explanation/forecasting.md tells how and why.

    Args:
        horizon: K, how many steps to forecast.
        levels: of the intervals, in per cent.
        season: the seasonal period in steps; None finds it in the data, 1 is none.
        lookback: nothing older than this many steps before an origin is used; None lets the data decide.
        hidden_size: H, units of each LSTM layer.
        num_layers: L.
        dropout: share of the LSTM's output that training leaves out.
        ensemble: how many networks are trained, from different seeds, and averaged.
        domain: "real", "positive" (in logarithms), "nonnegative" (cut off at 0), "count" (whole numbers from 0), or
            "auto": logarithms where all values are positive and validation says that they help.
        max_epochs: passes over the origins, of 8 to 48 batches each; the best is kept.
        max_time: seconds that training may take; None for no limit. With it a run depends on the clock.
        seed: the same seed on the same machine gives the same bits.

    Raises InputError for values out of range.
    """

    def __init__(
        self,
        horizon: int,
        *,
        levels: Sequence[float] = (80, 95),
        season: int | None = None,
        lookback: int | None = None,
        hidden_size: int = 96,
        num_layers: int = 1,
        dropout: float = 0.15,
        ensemble: int = 1,
        domain: str = "auto",
        max_epochs: int = MOST_EPOCHS,
        max_time: float | None = None,
        seed: int = 0,
    ) -> None:
        self.settings = Settings(
            horizon, tuple(levels), season, lookback, hidden_size, num_layers, dropout, ensemble, domain, max_epochs,
            max_time, seed,
        )  # fmt: skip
        self.notes: tuple[Note, ...] = ()
        self._model: Model | None = None
        self._panel: Panel | None = None
        self._fitted: Panel | None = None
        self._stream: Stream | None = None
        self._kind: type = type(None)

    def fit(
        self,
        frame: FrameLike,
        *,
        target: str | None = None,
        time: str | None = None,
        series: str | None = None,
        known: Sequence[str] = (),
        past: Sequence[str] = (),
        static: Sequence[str] = (),
        wide: bool = False,
        calendar: bool = False,
        holidays: str | None = None,
        validation: int | None = None,
        checkpoint: str | Path | None = None,
    ) -> Forecaster:
        """Learn from ``frame``: pandas, polars, Arrow, arrays, or the path of a file.

        ``target`` is the column to forecast (found if only one column holds numbers), ``time`` that of the times (found
        by its content), ``series`` that of the series' names. ``known`` covariates are given for the horizon too, in
        rows whose target is empty; ``past`` ones end with the history; ``static`` ones describe a series. ``wide``
        takes every column as a series. ``calendar`` gives the model time of day, week and year, and ``holidays`` the
        public holidays of a country such as "DE". The last ``validation`` steps stop training early and calibrate.

        ``checkpoint`` is a folder that holds the state of the training, every half minute, until it is done. If it was
        killed, the same call goes on from there to the same bits, as ``notes`` then says; other data or settings start
        anew.

        Raises DataError with everything that is wrong in the data, InputError for roles that do not fit.
        """
        table = to_polars(frame)
        schema, found = infer_schema(
            table, target=target, time=time, series=series, known=known, past=past, static=static, wide=wide,
            calendar=calendar, holidays=holidays,
        )  # fmt: skip
        panel, repairs = build_panel(table, schema, horizon=self.settings.horizon)
        self.notes = (*found, *repairs)
        self._kind = type(frame)
        kept = None if checkpoint is None else Checkpoints(Path(checkpoint), "recollect-training", self._note)
        self.fit_panel(panel, validation=validation, checkpoints=kept)
        if kept:
            kept.clear()
        return self

    def fit_panel(
        self,
        panel: Panel,
        *,
        validation: int | None = None,
        checkpoints: Checkpoints | None = None,
        progress: Callable[[str], Progress] | None = None,
    ) -> Forecaster:
        """Learn from a panel that is already read (see ``recollect.data``); ``progress`` makes a bar of a label.

        ``checkpoints`` are those of ``fit_model``.

        Raises DataError where no series is longer than the horizon.
        """
        longest, horizon = int(panel.ends.max()), self.settings.horizon
        if longest <= horizon:
            raise DataError(
                f"the longest series has {longest} steps of history, too few to learn to forecast {horizon}: "
                f"{3 * horizon} would do; give more data or a shorter horizon"
            )
        season = self.settings.season or infer_season(panel)
        self._model = fit_model(
            panel, self.settings, panel.ends, season, validation=validation, checkpoints=checkpoints,
            progress=progress or _bar,
        )  # fmt: skip
        self._panel, self._fitted, self._stream = panel, panel, None
        return self

    @property
    def model(self) -> Model:
        """What was learnt; raises InputError before ``fit``."""
        if self._model is None:
            raise InputError("this Forecaster has learnt nothing yet: call fit first, or Forecaster.load")
        return self._model

    @property
    def panel(self) -> Panel:
        """The newest data that it was given."""
        self.model  # noqa: B018 (its error is the right one)
        assert self._panel is not None
        return self._panel

    def predict(self, frame: FrameLike = None) -> FrameLike:
        """The forecast after the newest row of ``frame``, or of the data it was fitted on; nothing is trained.

        The intervals are calibrated by what ``frame`` tells of the forecasts since the training.
        Gives a frame of the kind that was given: the series and time columns, ``forecast``, and ``lower_L`` and
        ``upper_L`` for each level L. Known covariates must cover the horizon. Raises DataError as ``fit``.
        """
        if frame is not None:
            panel = self.read(frame)
            self.model.check(panel)
            self._panel, self._stream, self._kind = panel, None, type(frame)
        panel = self._stream.panel if self._stream else self.panel
        table = forecast_frame(panel, np.arange(len(panel)), panel.ends, self.intervals(), self.settings.levels)
        return like(table, self._kind)

    def intervals(self) -> Intervals:
        """The forecast as arrays [N, K] and [N, K, Lv], series in the order of ``panel.names``."""
        if self._stream is not None:
            return self._stream.forecast()
        return self.model.renewed(self.panel).ahead(self.panel)

    def read(self, frame: FrameLike) -> Panel:
        """``frame`` as a panel, by the roles that ``fit`` found."""
        panel, repairs = build_panel(to_polars(frame), self.model.schema, horizon=self.settings.horizon)
        self.notes = tuple(repairs)
        return panel

    def update(self, rows: FrameLike) -> Forecaster:
        """Carry the state forward over newer ``rows``, at a cost that does not depend on how much came before.

        The intervals keep the calibration of the data from which it started.
        ``predict()`` then forecasts from the carried state. Raises DataError for rows that are not newer.
        """
        if self._stream is None:
            self._stream = Stream(self.model.renewed(self.panel), self.panel)
        newer, repairs = build_panel(to_polars(rows), self.model.schema, horizon=self.settings.horizon, least=1)
        self._stream.update(newer)
        self._panel, self.notes = self._stream.panel, tuple(repairs)
        return self

    def backtest(
        self,
        frame: FrameLike = None,
        *,
        folds: int = 5,
        stride: int | None = None,
        refit: bool = False,
        baselines: str = "naive",
        validation: int | None = None,
    ) -> Backtest:
        """Forecast at ``folds`` past origins, ``stride`` steps apart (by default the horizon), and score.

        A new model of the same settings learns from what lies before the first origin, or with ``refit`` before each.
        The seasonal naive stands beside it; ``baselines="all"`` adds ETS and Theta. ``frame`` defaults to the data of
        ``fit``. Raises DataError where the history is too short.
        """
        self.model  # noqa: B018 (its error comes first)
        panel = self._fitted if frame is None else self.read(frame)
        if panel is None:
            raise InputError("a loaded model has no data to train on anew: give backtest a frame")
        return backtest_panel(
            panel, self.settings, self.settings.season, folds=folds, stride=stride, refit=refit,
            baselines=baselines, validation=validation, progress=_bar,
        )  # fmt: skip

    def memory(self, frame: FrameLike = None, *, series: str | None = None) -> Memory:
        """What the LSTM keeps, for how long, and when it lets go, while it reads ``frame``, or its own newest data.

        ``series`` names the series to read, by default the longest. ``look_inside`` tells what is computed. Raises
        DataError as ``fit`` and InputError for a series that is not there.
        """
        return look_inside(self.model, self.panel if frame is None else self.read(frame), series)

    def save(self, folder: str | Path) -> None:
        """Write manifest.json, weights.safetensors and history.safetensors; raises OutputError.

        The state that ``update`` carries is not kept: what is loaded starts from the newest history, as ``predict``.
        """
        steps = self.model.geometry.reach + self.model.geometry.stride
        model = self._stream.model if self._stream else self.model.renewed(self.panel)
        save_model(model, tail_of(self.panel, steps), Path(folder))

    def _note(self, text: str) -> None:
        self.notes = (*self.notes, Note("inferred", 1, f"training: {text}"))

    @classmethod
    def load(cls, folder: str | Path) -> Forecaster:
        """Read what ``save`` wrote; executes nothing. Raises ArtifactError for a folder that cannot be used."""
        model, panel = load_model(Path(folder))
        forecaster = cls(model.settings.horizon)
        forecaster.settings, forecaster._model, forecaster._panel = model.settings, model, panel
        return forecaster


def _bar(label: str) -> Progress:
    return RichProgress(label)
