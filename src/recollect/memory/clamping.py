"""Clamping: a layer that computes with a gate, a cell value or an output held still, at the speed of the kernels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from recollect.core.errors import InputError
from recollect.core.state import LSTMState
from recollect.memory.reading import Floats, Ints, place
from recollect.nn.cells import CELLS
from recollect.nn.lstm import LSTM

__all__ = ["clamped"]

SHUT = 1e4  # sigmoid(1e4) and tanh(1e4) are 1 to the last bit
SQUASHED = ("g", "n", "h")  # what is squashed by the layer's activation; all other gates by the sigmoid


@contextmanager
def clamped(lstm: LSTM, gate: str, value: ArrayLike, *, unit: int | None = None, layer: int = 0) -> Iterator[None]:
    """Inside, ``lstm`` computes with a gate of one ``unit``, or of all units of a layer, held at ``value``.

    ``gate`` is a gate of the cell (f and i of the coupled cell hold each other), or "c" or "h", the unit's memory and
    output; ``value`` is a number, or [H] with one for each unit. ``layer`` is the entry k * D + d of a trace: layer k,
    direction d.

    The weights are edited, and given back to the bit: a gate's rows of W and R become 0 (its gains, with layer
    normalisation) and so does its peephole; its bias becomes what the gate makes ``value`` of, +-10^4 for 1 and 0. So
    every path computes it, exact to float tolerance. A cell value c is held by

        i = 1,   f = max(0, 1 - 1 / |c|),   g = min(max(c, -1), 1)         since then f * c + i * g = c

    and an output h by o = 1 and the c that shows it. ``forward`` then begins with that value in its state; ``step`` and
    ``trace`` begin with the state that they are given, and approach a |c| > 1 in some |c| steps.

    Raises InputError for a gate, unit or layer that is not there, for a value that the gate cannot have, for h of a
    projected layer, and for weights that are computed from others (torch's parametrizations).
    """
    directions = 1 + lstm.bidirectional
    _check_place("layer", layer, lstm.num_layers * directions)
    _check_place("unit", unit or 0, lstm.hidden_size)
    units = np.arange(lstm.hidden_size) if unit is None else np.array([unit])
    plan = _plan(lstm, gate, np.broadcast_to(np.asarray(value, dtype=np.float64), units.shape))
    weights = [weight for weight in lstm.weights(*divmod(layer, directions)) if weight is not None]
    if not all(isinstance(weight, nn.Parameter) for weight in weights):
        raise InputError("the layer's weights are computed from others: remove its parametrizations first")
    before = [weight.detach().clone() for weight in weights]
    hook = lstm.register_forward_pre_hook(_beginning(plan.start, layer, units), with_kwargs=True)
    try:
        _edit(lstm, layer, units, plan)
        yield
    finally:
        hook.remove()
        with torch.no_grad():
            for weight, old in zip(weights, before, strict=True):
                weight.copy_(old)


@dataclass(frozen=True)
class _Plan:
    """What to hold, each [n] for n units: gates at values, rows of E at values, and where the state begins."""

    gates: Mapping[str, Floats]
    own: Mapping[str, Floats] = field(default_factory=dict)
    start: Mapping[str, Floats] = field(default_factory=dict)


def _plan(lstm: LSTM, gate: str, value: Floats) -> _Plan:
    kind, one = CELLS[lstm.cell], np.ones_like(value)
    if gate == "h" and lstm.proj_size:
        raise InputError("the layer projects, and its h are no units: clamp o or c")
    if gate == "c" and kind.has_c:
        return _cell(lstm, value)
    if gate == "h" and lstm.cell == "layernorm":
        return _Plan({"o": one}, {"gain_c": 0 * one, "bias_c": _before(lstm, "h", value)}, {"h": value})
    if gate == "h" and kind.has_c:
        held = _cell(lstm, np.clip(_before(lstm, "h", value), -20, 20))  # tanh(20) is 1
        return _Plan({**held.gates, "o": one}, held.own, {**held.start, "h": value})
    if gate == "h" and lstm.cell == "gru":
        return _Plan({"z": 0 * one, "n": value}, {}, {"h": value})
    if gate == "f" and lstm.cell == "coupled":
        return _Plan({"i": 1 - value})
    if gate in kind.gates:
        return _Plan({gate: value}, {}, {"h": value} if gate == "h" else {})
    raise InputError(f"gate is {gate!r}, and of the {lstm.cell} cell may be one of {', '.join(_names(lstm))}")


def _names(lstm: LSTM) -> list[str]:
    fields = CELLS[lstm.cell].trace._fields
    return [name for name in fields if name != "h" or not lstm.proj_size]


def _cell(lstm: LSTM, value: Floats) -> _Plan:
    """What holds a cell value."""
    relu = lstm.activation == "relu"
    size = np.ones_like(value) if relu else np.maximum(np.abs(value), 1)
    gates = {"i": np.ones_like(value), "f": 1 - 1 / size, "g": value / size}
    if lstm.cell == "coupled":  # its f is 1 - i
        if (size > 1).any():
            raise InputError(f"c is to be {value[size > 1][0]:.4g}, and that of the coupled cell lies in -1..1")
        del gates["f"]
    still = {"w": 0 * value, "v": 0 * value} if lstm.cell == "decay" else {}
    return _Plan(gates, still, {"c": value})


def _before(lstm: LSTM, gate: str, value: Floats) -> Floats:
    """What a gate is to be before its activation in order to be ``value`` after it."""
    relu = lstm.activation == "relu"
    least, most = (0, 1) if gate not in SQUASHED else (0, np.inf) if relu else (-1, 1)
    wrong = ~((value >= least) & (value <= most) & np.isfinite(value))
    if wrong.any():
        raise InputError(f"{gate} is to be {value[wrong][0]:.4g}, and lies in {least}..{most}")
    if gate in SQUASHED and relu:
        return value
    with np.errstate(divide="ignore"):
        found = np.arctanh(value) if gate in SQUASHED else np.log(value) - np.log1p(-value)
    return np.clip(found, -SHUT, SHUT)


def _edit(lstm: LSTM, layer: int, units: Ints, plan: _Plan) -> None:
    W, R, b, _, E = lstm.weights(*divmod(layer, 1 + lstm.bidirectional))
    kind = CELLS[lstm.cell]
    own = list(kind.own)
    with torch.no_grad():
        for gate, value in plan.gates.items():
            rows = kind.gates.index(gate) * lstm.hidden_size + units
            gains = [f"p_{gate}", f"gain_x_{gate}", f"gain_h_{gate}", *(["e"] if gate == "n" else [])]
            if f"gain_x_{gate}" not in own:  # with layer normalisation all rows of W and R enter the mean of all
                W[rows] = 0
                R[rows] = 0
            b[rows] = place(lstm, _before(lstm, gate, value))
            for name in {*gains} & {*own}:
                assert E is not None
                E[own.index(name), units] = 0
        for name, value in plan.own.items():
            assert E is not None
            E[own.index(name), units] = place(lstm, value)


def _beginning(start: Mapping[str, Floats], layer: int, units: Ints) -> Callable[..., Any]:
    """What makes ``forward`` begin with the values that are held."""

    def begin(
        lstm: LSTM, args: tuple[Any, ...], words: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        if not start:
            return None
        x, given = args[0] if args else words["x"], args[1] if len(args) > 1 else words.get("state")
        state = _zeros(lstm, x) if given is None else LSTMState(*(value.clone() for value in given))
        for name, value in start.items():
            getattr(state, name)[layer, ..., units] = place(lstm, value).to(state.h)
        return (args[0], state, *args[2:]) if len(args) > 1 else args, words if len(args) > 1 else words | {
            "state": state
        }

    return begin


def _zeros(lstm: LSTM, x: Tensor | PackedSequence) -> LSTMState:
    """The state that ``forward`` begins with by itself."""
    if isinstance(x, PackedSequence):
        rows: tuple[int, ...] = (int(x.batch_sizes[0]),)
    else:
        rows = (x.shape[not lstm.batch_first],) if x.ndim == 3 else ()
    entries, weight = lstm.num_layers * (1 + lstm.bidirectional), lstm.weights(0).W
    h = weight.new_zeros(entries, *rows, lstm.proj_size or lstm.hidden_size)
    return LSTMState(h, weight.new_zeros(entries, *rows, lstm.hidden_size if CELLS[lstm.cell].has_c else 0))


def _check_place(name: str, given: int, count: int) -> None:
    if not 0 <= given < count:
        raise InputError(f"{name} is {given}, and must lie in 0..{count - 1}")
