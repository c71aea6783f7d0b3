"""How well a network did, in the measures of the papers: from its outputs, [B, O] or [T, B, O], and what was asked."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from recollect.tasks.laboratory.data import ALPHABET, NOTHING, RECALLED, Batch, Floats
from recollect.tasks.laboratory.reber import legal

__all__ = ["score_adding", "score_classes", "score_copying", "score_reber"]

Scores = dict[str, float]


def score_adding(outputs: Floats, batch: Batch) -> Scores:
    """``mse``, the squared error, and ``missed``, the share of sums that are not within 0.04 as in the paper.

    The paper's target is half of ours: within 0.08 here (Hochreiter & Schmidhuber 1997, section 5.4).
    """
    errors = outputs[:, 0].astype(np.float64) - batch.y
    return {"mse": _mean(errors**2), "missed": _mean(np.abs(errors) / 2 >= 0.04)}


def score_classes(outputs: Floats, batch: Batch) -> Scores:
    """``wrong``, the share of sequences given another class, and ``unsure``, of those an output of which is 0.3 off.

    The outputs are then the probabilities, and should be 0 and 1 (Hochreiter & Schmidhuber 1997, section 5.6).
    """
    truth = np.eye(outputs.shape[1])[batch.y.astype(np.int64)]
    off = np.abs(np.exp(_log_softmax(outputs)) - truth).max(1)
    return {"wrong": _mean(outputs.argmax(1) != batch.y), "unsure": _mean(off >= 0.3)}


def score_copying(outputs: Floats, batch: Batch) -> Scores:
    """``cross_entropy``, nats a step over all steps, and ``forgotten``, the share of the ten symbols not given back.

    Who knows all but the symbols reaches 10 ln 8 / (T + 20) (Arjovsky, Shah & Bengio 2016, section 5.1).
    """
    y = batch.y.astype(np.int64)[..., None]
    entropy = -np.take_along_axis(_log_softmax(outputs), y, -1)
    said = outputs[-RECALLED:, :, :ALPHABET].argmax(-1)
    return {"cross_entropy": _mean(entropy), "forgotten": _mean(said != batch.y[-RECALLED:])}


def score_reber(outputs: Floats, batch: Batch) -> Scores:
    """``strings``, the share of strings with a wrong prediction, ``echo``, that of wrong T and P, and ``illegal``.

    The symbol predicted is the largest output; it is wrong where the grammar does not allow it, which before the last E
    but one means: where it is not the string's own T or P. ``illegal`` is the share of wrong predictions over all other
    steps. Hochreiter & Schmidhuber 1997, section 5.1, want both ways out of a state among the largest outputs: with
    the lengths given one of the two may be all but impossible.
    """
    symbols = np.where(batch.x.any(-1), batch.x.argmax(-1), NOTHING)
    said = outputs.argmax(-1)
    wrong = ~np.take_along_axis(legal(symbols), said[..., None], -1)[..., 0]
    asked = batch.y != NOTHING
    echo = wrong[batch.lengths - 2, np.arange(len(batch.lengths))]
    others = (wrong & asked).sum() - echo.sum()
    return {
        "strings": _mean((wrong & asked).any(0)),
        "echo": _mean(echo),
        "illegal": float(others / (asked.sum() - len(echo))),
    }


def _log_softmax(outputs: Floats) -> npt.NDArray[np.float64]:
    shifted = outputs.astype(np.float64) - outputs.max(-1, keepdims=True)
    logarithms: npt.NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return logarithms


def _mean(values: npt.NDArray[np.generic]) -> float:
    return float(values.mean())
