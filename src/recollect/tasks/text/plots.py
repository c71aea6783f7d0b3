"""The picture of a training."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from recollect.report.canvas import COLOURS, OURS, SEASONAL_NAIVE, house_style
from recollect.tasks.text.model import Judgement
from recollect.train.record import Record

__all__ = ["learning_picture"]


def learning_picture(record: Record, judgement: Judgement, steps: int) -> Figure:
    """The loss of each epoch of ``steps`` stretches, the held-out text's, and where n-grams stand."""
    with house_style():
        figure = Figure(figsize=(6.4, 3.4))
        axes = figure.add_subplot()
        epochs = np.arange(1, len(record.losses) + 1) * steps
        axes.plot(epochs, record.losses, color=COLOURS[5], lw=1, label="training, with its noise")
        judged = np.array([pair for pair in record.validations if pair[0] > 0], float).reshape(-1, 2)
        axes.plot(judged[:, 0] * steps, judged[:, 1], color=OURS, label="held-out text")
        if record.best_epoch:
            axes.plot(record.best_epoch * steps, record.best, "o", color=OURS, ms=5, label="kept")
        axes.axhline(judgement.ngrams, color=SEASONAL_NAIVE, ls="--", lw=1, label=f"{judgement.order}-grams")
        axes.set(xlabel="updates", ylabel="nats per token", title="How the training went")
        low = min([*judged[:, 1], judgement.ngrams, *record.losses[-1:]])
        axes.set_ylim(low - 0.1, low + 1.5)
        axes.legend()
        return figure
