"""The LSTM layer: torch.nn.LSTM's manners, every cell, ragged batches, and every gate in sight."""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from typing import Any, cast, overload

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence

from recollect.core.errors import InputError
from recollect.core.state import LSTMState
from recollect.kernels.contract import Case, Layer, Run, Weights
from recollect.kernels.dispatch import altered, chosen, transformed
from recollect.kernels.reference import record
from recollect.nn.cells import ACTIVATIONS, CELLS, Cell
from recollect.nn.checks import check_cell_value, check_choice, check_sizes
from recollect.nn.convert import form_of, read_torch, torch_twin, write_torch
from recollect.nn.entering import Door, Entered, enter, lowered
from recollect.nn.habit import Habit, Reading, serves
from recollect.nn.parameters import bear, name, shapes
from recollect.nn.passing import backwards, repacked, through, unpacked
from recollect.nn.recording import recorder, room_for
from recollect.nn.regularize import Recurrent, connected, mask, zoneout_of
from recollect.nn.streaming import Stream, stream_of, watched
from recollect.nn.traces import Trace

__all__ = ["LSTM"]

Pair = tuple[Tensor, Tensor]
Read = Tensor | PackedSequence


class LSTM(nn.Module):
    """Layers of LSTM cells, a drop-in for torch.nn.LSTM on plain tensors.

    ``cell`` names the equations: "lstm", "peephole", "coupled", "layernorm", "decay", "gru" or "rnn" (a file each in
    recollect.nn.variants); ``activation`` what squashes the candidate and the output: "tanh" or "relu". ``proj_size``
    P > 0 makes the output a projection of H to P units. ``dropout`` is the share of each layer's output that the next
    layer misses in training, ``regularize`` what else disturbs the recurrence (recollect.nn.Recurrent). ``batch_first``
    concerns x, gaps and the output only.

    Weights of layer k: ``Wk`` [G * H, I], ``Rk`` [G * H, H], ``bk`` [G * H], ``Pk`` [P, H] with projection, and ``Ek``
    [n, H] where the cell has parameters of its own; of the backward direction ``Wk_back`` and so on. The G gates stand
    in the order i f g o, or as the cell says. R is born orthogonal gate by gate (Saxe, McClelland & Ganguli 2014,
    section 3), W uniform by its fans (Glorot & Bengio 2010, equation 16), b zero with ``forget_bias`` in the gate that
    keeps: f, the GRU's z, minus it in the coupled cell's i (Gers et al. 2000; Jozefowicz, Zaremba & Sutskever 2015,
    section 2.2), E with what makes its cell the plain one; "decay" alone is born fading, by half in 7 units of time.

    Raises InputError for a cell or activation that does not exist, for sizes out of range, and for a projection or a
    zoneout of the cell value where the cell has none.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        cell: str = "lstm",
        activation: str = "tanh",
        bidirectional: bool = False,
        proj_size: int = 0,
        batch_first: bool = False,
        dropout: float = 0.0,
        forget_bias: float = 1.0,
        regularize: Recurrent | None = None,
    ) -> None:
        super().__init__()
        check_choice("cell", cell, CELLS)
        check_choice("activation", activation, ACTIVATIONS)
        check_sizes(input_size, hidden_size, num_layers, proj_size, dropout)
        check_cell_value(cell, CELLS[cell].has_c, proj_size, 0.0 if regularize is None else regularize.zoneout_cell)
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.cell, self.activation = cell, activation
        self.bidirectional, self.proj_size, self.batch_first = bidirectional, proj_size, batch_first
        self.dropout, self.forget_bias, self.regularize = dropout, forget_bias, regularize
        self._directions, self._outputs = 2 if bidirectional else 1, proj_size or hidden_size
        self._stream: Stream | None = None
        self._habit: Habit | None = None
        for layer, direction in self._places():
            inputs = self._directions * self._outputs if layer else input_size
            for letter, shape in shapes(self._kind, inputs, hidden_size, proj_size).items():
                self.register_parameter(name(letter, layer, direction), nn.Parameter(torch.empty(shape)))
        self.reset_parameters()

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw all weights anew, from ``generator`` or torch's own."""
        for place in self._places():
            bear(self.weights(*place), self._kind, self.forget_bias, generator)

    @overload
    def forward(
        self, x: Tensor, state: Pair | None = None, lengths: Tensor | None = None, gaps: Tensor | None = None
    ) -> tuple[Tensor, LSTMState]: ...
    @overload
    def forward(
        self, x: PackedSequence, state: Pair | None = None, lengths: None = None, gaps: Tensor | None = None
    ) -> tuple[PackedSequence, LSTMState]: ...
    def forward(
        self, x: Read, state: Pair | None = None, lengths: Tensor | None = None, gaps: Tensor | None = None
    ) -> tuple[Tensor | PackedSequence, LSTMState]:
        """Read ``x`` [T, B, I] ([B, T, I] with batch_first, [T, I] for one row) and give output and last state.

        The output is [T, B, D * H] in the layout of x (P in place of H with projection; D = 2 if bidirectional), the
        state ``LSTMState(h, c)``, each [L * D, B, H] (c [L * D, B, 0] for a cell without one); ``state`` is where to
        begin, zeros if None. ``lengths`` [B], in any order and zero allowed, say how many steps of each row are real:
        what lies behind them is not read, the output there is zero, and the last state is the one at the row's end. A
        PackedSequence gives a PackedSequence. ``gaps`` [T, B], laid out as x, are the times since the step before, not
        negative; the decay cell needs them. In an autocast region x and state are brought to the dtype of the weights,
        and output and state leave in the dtype of the region.

        Raises ShapeError naming both shapes, dtypes or devices that do not fit, InputError for gaps that are missing,
        not read by the cell, negative or not finite.
        """
        if isinstance(x, PackedSequence):
            padded, own = unpacked(x, lengths, self.batch_first)
            output, last = self.forward(padded, state, own, gaps)
            return repacked(x, output, own, self.batch_first), last
        if (quick := self._by_habit(x, state, lengths, gaps)) is not None:
            output, last = quick.run()
        else:
            entered = enter(self._door, x, state, lengths, gaps)
            case = self._case(entered.x)
            output, last = self._through(chosen(case).path.run, entered, case)
        if x.ndim == 2:
            return output[:, 0], LSTMState(last.h[:, 0], last.c[:, 0])
        return (output.transpose(0, 1) if self.batch_first else output), last

    def trace(
        self, x: Tensor, state: Pair | None = None, lengths: Tensor | None = None, gaps: Tensor | None = None
    ) -> Trace:
        """Gates after activation, cell and output at every step, each [T, L * D, B, H] whatever the layout of x.

        Takes what ``forward`` takes. Of the gru and rnn cells it is a ``GRUTrace`` and an ``RNNTrace``. Entry k * D + d
        is layer k, direction d, at the time of its input; what lies behind a row's end is zero. For one row x
        [T, I] each is [T, L * D, H]. These are values: no gradient goes through them.
        """
        kind = self._kind
        if (quick := self._by_habit(x, state, lengths, gaps)) is not None:
            room = quick.record(kind.shown)
        else:
            entered = enter(self._door, x, state, lengths, gaps)
            case = self._case(entered.x)
            work = (chosen(case).path.record if entered.x.numel() else None) or record
            room = room_for(entered, kind.shown, self.hidden_size)
            with torch.no_grad():
                self._through(recorder(work, room), entered, case)
        shown = (*room.gates, *([room.c] if kind.has_c else []), room.h)
        return cast(Trace, kind.trace(*(value[:, :, 0] if x.ndim == 2 else value for value in shown)))

    def step(self, x_t: Tensor, state: Pair | None = None, gap: Tensor | None = None) -> tuple[Tensor, LSTMState]:
        """Read one step ``x_t`` [B, I] (or [I]) and give y [B, H] (or [H]) and the state: for streams of any length.

        ``gap`` [B] (or []) is the time since the step before. In training each call is a sequence of its own to the
        regularisers: call ``eval`` before reading a stream.

        Raises InputError if bidirectional, since what comes later is not known; ShapeError as ``forward``.
        """
        stream = self._stream
        followed = None if stream is None or gap is not None else stream.follow(x_t, state, self.training)
        if followed is not None:
            return followed
        if self.bidirectional:
            raise InputError("step reads a stream forwards, and this layer is bidirectional: use forward")
        time = 1 if self.batch_first and x_t.ndim == 2 else 0
        entered = enter(self._door, x_t.unsqueeze(time), state, None, None if gap is None else gap.unsqueeze(time))
        case = self._case(entered.x)
        noisy = case.regularised or (self.training and (self.regularize is not None or self.dropout > 0))
        quick = None if x_t.ndim == 1 or gap is not None or noisy or watched() else self._begin(x_t, entered, case)
        if quick is not None:
            return quick
        y, last = self._through(chosen(case).path.run, entered, case)
        if x_t.ndim == 1:
            return y[0, 0], LSTMState(last.h[:, 0], last.c[:, 0])
        return y[0], last

    def weights(self, layer: int, direction: int = 0) -> Weights:
        """The parameters of one layer and direction (0 forward, 1 backward)."""
        end = name("", layer, direction)
        return Weights(
            self._weight("W" + end),
            self._weight("R" + end),
            self._weight("b" + end),
            self._weight("P" + end) if self.proj_size else None,
            self._weight("E" + end) if self._kind.own else None,
        )

    @classmethod
    def from_torch(cls, module: nn.RNNBase) -> LSTM:
        """Make the layer that computes what ``module`` does, a torch.nn.LSTM, GRU or RNN.

        torch's two biases become their sum. Raises InputError for another module.
        """
        layer = cls(**form_of(module)).to(cast(Tensor, module.weight_ih_l0))
        read_torch(module, [layer.weights(*place) for place in layer._places()])
        return layer.train(module.training)

    def to_torch(self) -> nn.RNNBase:
        """Make the torch.nn.LSTM, GRU or RNN that computes the same; its second bias is zero where it can be.

        Raises InputError for a cell, activation or regulariser that torch does not have.
        """
        module = torch_twin(self, self.cell, self.activation, self.regularize).to(self.weights(0).W)
        write_torch([self.weights(*place) for place in self._places()], module)
        return module.train(self.training)

    def extra_repr(self) -> str:
        """What the layer is, for ``print(layer)``."""
        shown = [f"{self.input_size}, {self.hidden_size}, {self.num_layers}, cell={self.cell!r}"]
        shown += [f"{key}={getattr(self, key)!r}" for key in ("activation", "bidirectional", "proj_size", "dropout")]
        return ", ".join(shown if self.regularize is None else [*shown, f"regularize={self.regularize}"])

    @property
    def _kind(self) -> Cell:
        return CELLS[self.cell]

    @property
    def _door(self) -> Door:
        rows, cells = self.num_layers * self._directions, self.hidden_size if self._kind.has_c else 0
        fading = self.cell if self._kind.reads_gaps else None
        return Door(self.input_size, self.batch_first, rows, self._outputs, cells, fading, self._weight("W0"))

    def _by_habit(self, x: Tensor, *others: object) -> Reading | None:
        alone = x.ndim == 3 and self.num_layers == self._directions == 1 and self.regularize is None
        if not alone or altered() or any(other is not None for other in others):
            return None
        found = None if self._habit is None else self._habit.take(x, self.weights(0))
        if found is None and serves(case := self._case(x), x):
            entered = enter(self._door, x, None, None, None)
            self._habit = Habit(self._layer(0, 0, entered.x, None, case), entered, self.batch_first)
            found = self._habit.take(x, self.weights(0))
        return found

    def _begin(self, x_t: Tensor, entered: Entered, case: Case) -> tuple[Tensor, LSTMState] | None:
        if self._stream is not None and (quick := self._stream.start(self, x_t, entered.state)) is not None:
            return quick
        layers = [self._layer(layer, 0, entered.x, None, case) for layer in range(self.num_layers)]
        self._stream = stream_of(self, x_t, case, layers, entered.state)
        return None if self._stream is None else self._stream.start(self, x_t, entered.state)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_stream": None, "_habit": None}  # addresses mean nothing to a copy

    def _weight(self, name: str) -> Tensor:
        # Quicker than by attribute; what is parametrized, or a replica's, is an attribute alone.
        found = self._parameters.get(name)
        return cast(Tensor, getattr(self, name)) if found is None else found

    def _places(self) -> list[tuple[int, int]]:
        return [(layer, direction) for layer in range(self.num_layers) for direction in range(self._directions)]

    def _case(self, x: Tensor) -> Case:
        noise = self.regularize
        noisy = noise is not None and bool(noise.zoneout_cell or noise.zoneout_output)
        masked = noise is not None and self.training and noise.variational > 0
        kind = self.cell, self.activation, x.dtype, x.device.type, self.proj_size > 0
        return Case(*kind, noisy or masked, transformed())

    def _through(self, run: Run, entered: Entered, case: Case) -> tuple[Tensor, LSTMState]:
        x, state, lengths, gaps = entered
        layers = [
            [self._layer(layer, direction, x, gaps, case) for direction in range(self._directions)]
            for layer in range(self.num_layers)
        ]
        lower = lowered(self._weight("W0"))
        # Inside an autocast region the recurrence keeps the precision of the weights, and only what leaves loses it.
        with nullcontext() if lower is None else torch.autocast(x.device.type, enabled=False):
            output, last = through(run, layers, self._entering, x, state, lengths)
        return (output, last) if lower is None else (output.to(lower), LSTMState(last.h.to(lower), last.c.to(lower)))

    def _layer(self, layer: int, direction: int, x: Tensor, gaps: Tensor | None, case: Case) -> Layer:
        """What a path is to compute, with the noise of this call."""
        weights, noise, reverse = self.weights(layer, direction), self.regularize, direction == 1
        h_mask = None
        if self.training and noise is not None:
            weights = connected(weights, noise.dropconnect)
            h_mask = mask(x, (x.shape[1], self._outputs), noise.variational) if noise.variational else None
        return Layer(
            case,
            partial(self._kind.equation, squash=ACTIVATIONS[self.activation]),
            weights,
            reverse,
            backwards(gaps) if reverse and gaps is not None else gaps,
            None if noise is None else zoneout_of(noise, self.training),
            h_mask,
            self._kind.enter,
        )

    def _entering(self, x: Tensor, layer: int) -> Tensor:
        """What a layer reads of what the one before it gave."""
        if layer and self.dropout:
            x = F.dropout(x, self.dropout, self.training)
        if self.training and self.regularize is not None and self.regularize.variational:
            x = x * mask(x, x.shape[1:], self.regularize.variational)
        return x
