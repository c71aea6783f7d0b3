"""Pictures of a training, and of what surprises a model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from recollect.report.canvas import COLOURS, OURS, SEASONAL_NAIVE, house_style
from recollect.report.coloured import coloured_figure
from recollect.tasks.text.model import Model

__all__ = ["learning_picture", "surprise_picture"]

SHOWN = 1500  # characters
MOST = 8.0  # bits, from where on a token is as orange as it gets


def learning_picture(model: Model) -> Figure:
    """The loss of each epoch, the held-out text's, and where n-grams stand."""
    record, judgement, steps = model.record, model.judgement, model.recipe.epoch_steps
    with house_style():
        figure = Figure(figsize=(6.4, 3.4))
        axes = figure.add_subplot()
        epochs = np.arange(1, len(record.losses) + 1) * steps
        axes.plot(epochs, record.losses, color=COLOURS[5], lw=1, label="training, with its noise")
        judged = np.array([pair for pair in record.validations if pair[0] > 0], float).reshape(-1, 2)
        axes.plot(judged[:, 0] * steps, judged[:, 1], color=OURS, label="held-out text")
        if record.best_epoch and record.best is not None:
            axes.plot(record.best_epoch * steps, record.best, "o", color=OURS, ms=5, label="kept")
        beside = [judgement.ngrams] if model.tokenizer.name == "characters" else []  # they are nats per character
        for nats in beside:
            axes.axhline(nats, color=SEASONAL_NAIVE, ls="--", lw=1, label=f"{judgement.order}-grams")
        axes.set(xlabel="updates", ylabel="nats per token", title="How the training went")
        low = min([*judged[:, 1], *beside, *record.losses[-1:]])
        high = judged[len(judged) // 10 :, 1]  # after the first, steepest tenth
        axes.set_ylim(low - 0.1, max([low + 1.4, *high, *beside]) + 0.1)
        axes.legend()
        return figure


def surprise_picture(tokens: Sequence[str], bits: Sequence[float]) -> Figure:
    """The text, each token on the colour of the bits that it cost, as much of it as a picture holds."""
    lengths = np.cumsum([len(token) for token in tokens])
    count = max(1, int(np.searchsorted(lengths, SHOWN, side="right")))
    costs = np.minimum(np.array(bits[:count]), MOST)
    return coloured_figure(tokens[:count], costs, most=MOST, title=f"What surprises: bits a token, up to {MOST:g}")
