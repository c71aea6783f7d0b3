"""What was seen inside the demo's LSTM, for the pictures and the page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from recollect.memory import Frames
from recollect.report.portrait import SHOWN, Portrait, Strip
from recollect.tasks.demo.artifact import load_model
from recollect.tasks.demo.data import WINDOW
from recollect.tasks.demo.estimator import Learner
from recollect.train.progress import RichProgress

__all__ = ["remembered"]


def remembered(folder: Path) -> Portrait:
    """The saved model over the newest 240 points of its series, and the film of its training."""
    torch.set_num_threads(1)  # as in the training, of which a part is done again
    learner, series = load_model(folder)
    inside = learner.memory(series, RichProgress("a plain RNN, to compare with"))
    times = np.arange(len(series.values))[-SHOWN:]
    return Portrait(
        name=f"the {series.name} series",
        series_times=times,
        series=series.values[times],
        times=times,
        **inside.newest(SHOWN),
        span=1,
        season=2 * np.pi / series.angle,
        reads=WINDOW,
        what="step",
        activation=learner.network.lstm.activation,
        film=None if learner.film is None else _strip(learner, learner.film, series.values[-WINDOW:]),
    )


def _strip(learner: Learner, film: Frames, read: np.ndarray) -> Strip:
    """The film was called once before the first epoch and after each; its last look is at the weights kept."""
    at = ("untrained", *(f"epoch {epoch}" for epoch in film.at[1:-1]), f"kept, epoch {learner.record.best_epoch}")
    f, c = (film.values[name][:, :, 0, 0] for name in "fc")
    return Strip(at, read, f, c)
