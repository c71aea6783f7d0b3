"""The LSTM layer: torch.nn.LSTM's manners, ragged batches, and every gate in sight."""

from __future__ import annotations

import math
from functools import partial
from typing import cast, overload

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from recollect.core.errors import InputError
from recollect.core.state import LSTMState
from recollect.kernels.contract import Case, Layer, Run, Weights
from recollect.kernels.dispatch import chosen, transformed
from recollect.kernels.reference import REFERENCE, unroll
from recollect.nn.cells import ACTIVATIONS, CELLS, Trace
from recollect.nn.checks import check_choice, check_input, check_lengths, check_sizes, check_state
from recollect.nn.convert import read_torch, write_torch

__all__ = ["LSTM"]


class LSTM(nn.Module):
    """Layers of LSTM cells, a drop-in for torch.nn.LSTM on plain tensors.

    ``cell`` names the equations (see recollect.nn.cells), ``activation`` what squashes the candidate and the output:
    "tanh" or "relu". ``proj_size`` P > 0 makes the output a projection of H to P units. ``dropout`` is the share of
    each layer's output that the next layer misses in training. ``batch_first`` concerns x and the output only.

    Weights of layer k: ``Wk`` [4H, I], ``Rk`` [4H, H], ``bk`` [4H], and ``Pk`` [P, H] with projection; of the backward
    direction ``Wk_back`` and so on; gates in the order i f g o. R is born orthogonal gate by gate (Saxe, McClelland &
    Ganguli 2014, section 3), W uniform by its fans (Glorot & Bengio 2010, equation 16), b zero with ``forget_bias`` in
    the forget gate (Gers et al. 2000; Jozefowicz, Zaremba & Sutskever 2015, section 2.2).

    Raises InputError for a cell or activation that does not exist and for sizes out of range.
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
    ) -> None:
        super().__init__()
        check_choice("cell", cell, CELLS)
        check_choice("activation", activation, ACTIVATIONS)
        check_sizes(input_size, hidden_size, num_layers, proj_size, dropout)
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.cell, self.activation = cell, activation
        self.bidirectional, self.proj_size, self.batch_first = bidirectional, proj_size, batch_first
        self.dropout, self.forget_bias = dropout, forget_bias
        for layer in range(num_layers):
            for direction in range(self._directions):
                inputs = self._directions * self._outputs if layer else input_size
                shapes = {
                    "W": (4 * hidden_size, inputs),
                    "R": (4 * hidden_size, self._outputs),
                    "b": (4 * hidden_size,),
                }
                if proj_size:
                    shapes["P"] = (proj_size, hidden_size)
                for letter, shape in shapes.items():
                    self.register_parameter(_name(letter, layer, direction), nn.Parameter(torch.empty(shape)))
        self.reset_parameters()

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw all weights anew, from ``generator`` or torch's own."""
        H = self.hidden_size
        with torch.no_grad():
            for layer in range(self.num_layers):
                for direction in range(self._directions):
                    weights = self.weights(layer, direction)
                    bound = math.sqrt(6 / (weights.W.shape[1] + H))
                    weights.W.uniform_(-bound, bound, generator=generator)
                    for gate in weights.R.chunk(4):
                        nn.init.orthogonal_(gate, generator=generator)
                    weights.b.zero_()[H : 2 * H] = self.forget_bias
                    if weights.P is not None:
                        nn.init.orthogonal_(weights.P, generator=generator)

    @overload
    def forward(
        self, x: Tensor, state: tuple[Tensor, Tensor] | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, LSTMState]: ...
    @overload
    def forward(
        self, x: PackedSequence, state: tuple[Tensor, Tensor] | None = None, lengths: None = None
    ) -> tuple[PackedSequence, LSTMState]: ...
    def forward(
        self, x: Tensor | PackedSequence, state: tuple[Tensor, Tensor] | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor | PackedSequence, LSTMState]:
        """Read ``x`` [T, B, I] ([B, T, I] with batch_first, [T, I] for one row) and give output and last state.

        The output is [T, B, D * H] in the layout of x (P in place of H with projection; D = 2 if bidirectional), the
        state ``LSTMState(h, c)``, each [L * D, B, H]; ``state`` is where to begin, zeros if None. ``lengths`` [B], in
        any order and zero allowed, say how many steps of each row are real: what lies behind them is not read, the
        output there is zero, and the last state is the one at the row's end. A PackedSequence gives a PackedSequence.

        Raises ShapeError naming both shapes, dtypes or devices that do not fit.
        """
        if isinstance(x, PackedSequence):
            return self._packed(x, state, lengths)
        values, first, lengths = self._enter(x, state, lengths)
        path = chosen(self._case(values)).path if values.numel() else REFERENCE  # fused paths take no empty batch
        output, last = self._through(path.run, values, first, lengths)
        if x.ndim == 2:
            return output[:, 0], LSTMState(last.h[:, 0], last.c[:, 0])
        return (output.transpose(0, 1) if self.batch_first else output), last

    def trace(self, x: Tensor, state: tuple[Tensor, Tensor] | None = None, lengths: Tensor | None = None) -> Trace:
        """Gates after activation, cell and output at every step, each [T, L * D, B, H] whatever the layout of x.

        Takes what ``forward`` takes. Entry k * D + d is layer k, direction d, at the time of its input; what lies
        behind a row's end is zero. For one row x [T, I] each is [T, L * D, H].
        """
        values, first, lengths = self._enter(x, state, lengths)
        traces: list[Trace] = []

        def recording(layer: Layer, x: Tensor, state: LSTMState, lengths: Tensor | None) -> tuple[Tensor, LSTMState]:
            weights = layer.weights

            def emitting(wx: Tensor, state: tuple[Tensor, ...]) -> tuple[Trace, LSTMState]:
                inside = self._inside(weights, wx, LSTMState(*state))
                return inside, LSTMState(inside.h, inside.c)

            emitted, last = unroll(emitting, F.linear(x, weights.W, weights.b), state, lengths, layer.reverse)
            traces.append(Trace(*emitted))
            return traces[-1].h, LSTMState(*last)

        self._through(recording, values, first, lengths)
        stacked = Trace(*(torch.stack(column, dim=1) for column in zip(*traces, strict=True)))
        return Trace(*(value[:, :, 0] for value in stacked)) if x.ndim == 2 else stacked

    def step(self, x_t: Tensor, state: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, LSTMState]:
        """Read one step ``x_t`` [B, I] (or [I]) and give y [B, H] (or [H]) and the state: for streams of any length.

        Raises InputError if bidirectional, since what comes later is not known; ShapeError as ``forward``.
        """
        if self.bidirectional:
            raise InputError("step reads a stream forwards, and this layer is bidirectional: use forward")
        time = 1 if self.batch_first and x_t.ndim == 2 else 0
        values, first, _ = self._enter(x_t.unsqueeze(time), state, None)
        y, last = self._through(REFERENCE.run, values, first, None)  # for one step quicker than setting up a fused path
        if x_t.ndim == 1:
            return y[0, 0], LSTMState(last.h[:, 0], last.c[:, 0])
        return y[0], last

    def weights(self, layer: int, direction: int = 0) -> Weights:
        """The parameters of one layer and direction (0 forward, 1 backward)."""
        P = self.get_parameter(_name("P", layer, direction)) if self.proj_size else None
        W, R, b = (self.get_parameter(_name(letter, layer, direction)) for letter in "WRb")
        return Weights(W, R, b, P)

    @classmethod
    def from_torch(cls, module: nn.LSTM) -> LSTM:
        """Make the layer that computes what ``module`` does; torch's two biases become their sum."""
        layer = cls(
            module.input_size,
            module.hidden_size,
            module.num_layers,
            bidirectional=module.bidirectional,
            proj_size=module.proj_size,
            batch_first=module.batch_first,
            dropout=module.dropout,
        ).to(cast(Tensor, module.weight_ih_l0))
        read_torch(module, layer._all_weights())
        return layer.train(module.training)

    def to_torch(self) -> nn.LSTM:
        """Make the torch.nn.LSTM that computes the same; its second bias is zero.

        Raises InputError for a cell or activation that torch does not have.
        """
        if (self.cell, self.activation) != ("lstm", "tanh"):
            raise InputError(f"torch.nn.LSTM has no {self.cell} cell with {self.activation}, only lstm with tanh")
        module = nn.LSTM(
            self.input_size,
            self.hidden_size,
            self.num_layers,
            bidirectional=self.bidirectional,
            proj_size=self.proj_size,
            batch_first=self.batch_first,
            dropout=self.dropout if self.num_layers > 1 else 0.0,  # torch warns of what has no effect
        ).to(self.weights(0).W)
        write_torch(self._all_weights(), module)
        return module.train(self.training)

    def extra_repr(self) -> str:
        """What the layer is, for ``print(layer)``."""
        shown = [f"{self.input_size}, {self.hidden_size}, {self.num_layers}, cell={self.cell!r}"]
        shown += [f"{name}={getattr(self, name)!r}" for name in ("activation", "bidirectional", "proj_size", "dropout")]
        return ", ".join(shown)

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    @property
    def _outputs(self) -> int:
        return self.proj_size or self.hidden_size

    def _all_weights(self) -> list[Weights]:
        return [
            self.weights(layer, direction) for layer in range(self.num_layers) for direction in range(self._directions)
        ]

    def _enter(
        self, x: Tensor, state: tuple[Tensor, Tensor] | None, lengths: Tensor | None
    ) -> tuple[Tensor, LSTMState, Tensor | None]:
        """Check everything, and bring it to [T, B, I], [L * D, B, H] and zeros behind the rows' ends."""
        weight = self.weights(0).W
        check_input(x, self.input_size, weight, "[B, T, I]" if self.batch_first else "[T, B, I]")
        if x.ndim == 2:
            values = x[:, None]
            state = None if state is None else (state[0].unsqueeze(1), state[1].unsqueeze(1))
        else:
            values = x.transpose(0, 1) if self.batch_first else x
        T, B, _ = values.shape
        rows = self.num_layers * self._directions
        shapes = (rows, B, self._outputs), (rows, B, self.hidden_size)
        if state is None:
            first = LSTMState(*(values.new_zeros(shape) for shape in shapes))
        else:
            first = LSTMState(*state)
            for name, value, shape in zip("hc", first, shapes, strict=True):
                check_state(name, value, shape, weight)
        if lengths is not None:
            check_lengths(lengths, B, T)
            lengths = lengths.to(values.device, torch.int64)
            over = torch.arange(T, device=values.device)[:, None] >= lengths
            values = values.masked_fill(over[..., None], 0)
        return values, first, lengths

    def _through(self, run: Run, x: Tensor, state: LSTMState, lengths: Tensor | None) -> tuple[Tensor, LSTMState]:
        """Every layer and direction in turn, each by ``run``."""
        ends: list[LSTMState] = []
        for layer in range(self.num_layers):
            if layer and self.dropout:
                x = F.dropout(x, self.dropout, self.training)
            outputs: list[Tensor] = []
            for direction in range(self._directions):
                weights = self.weights(layer, direction)
                first = LSTMState(state.h[len(ends)], state.c[len(ends)])
                work = Layer(self._case(x), partial(self._step, weights), weights, direction == 1)
                output, end = run(work, x, first, lengths)
                outputs.append(output)
                ends.append(end)
            x = torch.cat(outputs, dim=2) if self.bidirectional else outputs[0]
        return x, LSTMState(torch.stack([end.h for end in ends]), torch.stack([end.c for end in ends]))

    def _case(self, x: Tensor) -> Case:
        return Case(
            self.cell,
            self.activation,
            x.dtype,
            x.device.type,
            self.proj_size > 0,
            transformed=transformed(),
        )

    def _step(self, weights: Weights, wx: Tensor, state: LSTMState) -> LSTMState:
        inside = self._inside(weights, wx, state)
        return LSTMState(inside.h, inside.c)

    def _inside(self, weights: Weights, wx: Tensor, state: LSTMState) -> Trace:
        return CELLS[self.cell](wx, state, weights, ACTIVATIONS[self.activation])

    def _packed(
        self, x: PackedSequence, state: tuple[Tensor, Tensor] | None, lengths: Tensor | None
    ) -> tuple[PackedSequence, LSTMState]:
        if lengths is not None:
            raise InputError("a PackedSequence carries its own lengths: leave out the argument")
        padded, own = pad_packed_sequence(x, self.batch_first)
        output, last = self.forward(padded, state, own)
        if x.sorted_indices is not None:
            output = output.index_select(0 if self.batch_first else 1, x.sorted_indices)
            own = own[x.sorted_indices.cpu()]
        data = pack_padded_sequence(output, own, self.batch_first).data
        return PackedSequence(data, x.batch_sizes, x.sorted_indices, x.unsorted_indices), last


def _name(letter: str, layer: int, direction: int) -> str:
    return f"{letter}{layer}{'_back' if direction else ''}"
