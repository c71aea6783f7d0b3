"""Pictures of a training and of what surprises a model."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from recollect.report.canvas import COLOURS, INK, OURS, SEASONAL_NAIVE, house_style
from recollect.tasks.text.model import Judgement
from recollect.train.record import Record

__all__ = ["learning_picture", "surprise_picture"]

WIDE, LINES = 72, 24  # letters of a line of the picture, and its lines
MOST = 8.0  # bits, from where on the colour stays


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


def surprise_picture(pieces: list[str], nats: NDArray[np.floating]) -> Figure:
    """The text as it stands, each token the darker the less it was expected; the first ``LINES`` lines."""
    colours = LinearSegmentedColormap.from_list("surprise", ["#FFFFFF", "#FBE3C0", SEASONAL_NAIVE, COLOURS[4]])
    places = _laid(pieces)
    with house_style():
        figure = Figure(figsize=(9.6, 0.26 * (min(LINES, 1 + max(line for line, _ in places)) + 3)))
        axes = figure.add_subplot()
        lines = 0
        for (line, column), piece, value in zip(places, pieces, nats, strict=True):
            if line >= LINES:
                break
            lines, bits = line + 1, float(value) / math.log(2)
            shown = piece.rstrip("\\n") or " "
            axes.barh(line, len(shown), 1, column, color=colours(min(bits / MOST, 1.0)))
            for place, letter in enumerate(shown):
                axes.text(column + place + 0.5, line, letter, ha="center", va="center", size=8, color=INK, family="monospace")
        axes.set(xlim=(0, WIDE), ylim=(lines - 0.5, -0.5), xticks=[], yticks=[], title="What surprises: bits per token")
        axes.grid(False)
        for spine in axes.spines.values():
            spine.set_visible(False)
        scale = figure.colorbar(_scale(colours), ax=axes, fraction=0.02, pad=0.01)
        scale.set_ticks([0, 2, 4, 6, 8], labels=["0", "2", "4", "6", "8+"])
        return figure
