"""Counterfactual: one input changed, and what that changes inside, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from recollect.core.errors import InputError, ShapeError
from recollect.core.state import LSTMState
from recollect.memory.reading import Floats, Values, evaluating, place
from recollect.nn.lstm import LSTM

__all__ = ["Counterfactual", "counterfactual"]


@dataclass(frozen=True)
class Counterfactual:
    """What another value of one input would have changed.

    Attributes:
        step: the step of the input that was changed.
        feature: which of its features.
        was: its value.
        instead: what took its place.
        difference: by the names of the cell's trace, [T, L * D, H] each: with the other value less as it was.
    """

    step: int
    feature: int
    was: float
    instead: float
    difference: Mapping[str, Floats]


def counterfactual(
    lstm: LSTM,
    x: Values,
    step: int,
    feature: int,
    instead: float,
    *,
    state: LSTMState | None = None,
    gaps: Values | None = None,
) -> Counterfactual:
    """Read one row ``x`` [T, I] twice, the second time with x[step, feature] = ``instead``, and compare the traces:

        difference = trace(x') - trace(x)       of every gate, c and h, [T, L * D, H] each

    In a layer that reads forwards the difference before ``step`` is exactly zero. ``state`` [L * D, H] each is where to
    begin, zeros if None; ``gaps`` [T] as ``LSTM.trace``.

    Raises ShapeError for x that is not one row, InputError for a step or feature that is not there.
    """
    if x.ndim != 2:
        raise ShapeError(f"x has the shape {list(x.shape)}, and must be one row [T, I]")
    for name, at, size in (("step", step, len(x)), ("feature", feature, x.shape[1])):
        if not 0 <= at < size:
            raise InputError(f"{name} is {at}, and must lie in 0..{size - 1}")
    given = place(lstm, x)
    other = given.clone()
    other[step, feature] = instead
    between = None if gaps is None else place(lstm, gaps)
    with evaluating(lstm):
        was, would = (lstm.trace(values, state, None, between)._asdict() for values in (given, other))
    difference = {name: (would[name] - was[name]).cpu().numpy() for name in was}
    return Counterfactual(step, feature, float(given[step, feature]), float(other[step, feature]), difference)
