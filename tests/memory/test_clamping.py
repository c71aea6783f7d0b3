"""A clamped layer is the layer whose equations have a number in place of what is held."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.utils.parametrizations import weight_norm
from torch.nn.utils.rnn import pack_sequence

from recollect.core.errors import InputError
from recollect.core.state import LSTMState
from recollect.kernels.dispatch import PATHS, using
from recollect.memory import clamped
from recollect.nn import LSTM, Recurrent
from recollect.nn.cells import CELLS


def close(found: object, true: object) -> None:
    torch.testing.assert_close(found, true, rtol=1e-5, atol=2e-5)


def by_hand(layer: LSTM, x: Tensor, held: str, unit: int, value: float) -> tuple[Tensor, LSTMState]:
    """The lstm, one layer, with something held: each equation in turn, [T, B, H]."""
    W, R, b, _, _ = layer.weights(0)
    outputs = []

    def hold(name: str, tensor: Tensor) -> Tensor:
        tensor = tensor.clone()
        if name == held:
            tensor[:, unit] = value
        return tensor

    h = c = x.new_zeros(x.shape[1], layer.hidden_size)
    h, c = hold("h", h), hold("c", c)
    for step in x:
        i, f, g, o = (step @ W.T + h @ R.T + b).chunk(4, dim=1)
        i, f, g, o = (
            hold(n, v) for n, v in zip("ifgo", (i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()), strict=True)
        )
        c = hold("c", f * c + i * g)
        h = hold("h", o * c.tanh())
        outputs.append(h)
    return torch.stack(outputs), LSTMState(h, c)


HELD = [("i", 0.0), ("i", 0.3), ("f", 1.0), ("f", 0.0), ("g", -0.4), ("o", 0.0), ("o", 1.0), ("c", 0.0), ("c", -0.6)]
HELD += [("c", 3.5), ("c", -2.0), ("h", 0.0), ("h", 0.4), ("h", -0.9)]


@pytest.mark.parametrize("path", [path.name for path in PATHS])
@pytest.mark.parametrize(("gate", "value"), HELD)
def test_the_equations_with_a_number_in_their_place(path: str, gate: str, value: float, make, normal):
    layer, x = make("lstm"), normal(30, 2, 3)
    with torch.no_grad(), using(path):
        output, last = by_hand(layer, x, gate, 2, value)
        with clamped(layer, gate, value, unit=2):
            found, state = layer(x)
        close(found, output)
        if gate != "h":  # its cell is held too
            close(state.c[0], last.c)


def test_every_gate_of_every_cell_is_held_and_the_others_read_on(cell: str, make, normal, gaps):
    layer, x = make(cell, num_layers=2, bidirectional=True), normal(12, 2, 3)
    between, kind = gaps(layer, x), CELLS[cell]
    free = layer.trace(x, gaps=between)._asdict()
    for gate in kind.gates + (("f",) if cell == "coupled" else ()):
        for entry, unit in ((0, 1), (3, 2)):
            with clamped(layer, gate, 0.25, unit=unit, layer=entry):
                held = layer.trace(x, gaps=between)._asdict()
            close(held[gate][:, entry, :, unit], torch.full((12, 2), 0.25))
            first = -1 if entry % 2 else 0  # nothing has come back yet
            seen = {"coupled": "if", "peephole": "o", "gru": "n"}.get(cell, "")  # what sees another of its own gates
            for name in set(kind.trace._fields) - {"c", "h"}:
                same = [u for u in range(4) if u != unit or name not in (gate, *seen)]
                close(held[name][first, entry][:, same], free[name][first, entry][:, same])


def test_memory_and_output_of_every_cell_are_held(cell: str, make, normal, gaps):
    layer, x = make(cell), normal(12, 2, 3)
    between, kind = gaps(layer, x), CELLS[cell]
    for gate in "ch" if kind.has_c else "h":
        for value in (0.0, 0.5, -0.9) if cell != "coupled" else (0.0, 0.5, -0.7):
            with clamped(layer, gate, value, unit=1):
                output, state = layer(x, None, None, between)
            held = output[:, :, 1] if gate == "h" else state.c[0, :, 1][None]
            close(held, torch.full_like(held, value))
            assert not torch.allclose(output, layer(x, None, None, between)[0])
    if kind.has_c and cell != "coupled":
        with clamped(layer, "c", [3.0, -1.5, 0.2, -7.0]):
            traced = layer.trace(
                x, LSTMState(torch.zeros(1, 2, 4), torch.tensor([3, -1.5, 0.2, -7]).expand(1, 2, 4)), None, between
            )
        close(traced.c[:, 0], torch.tensor([3, -1.5, 0.2, -7]).expand(12, 2, 4))


def test_relu_is_held_as_high_as_one_likes(cell: str, make, normal, gaps):
    layer, x = make(cell, activation="relu"), normal(6, 2, 3)
    with clamped(layer, "h", 2.5, unit=1):
        output, _ = layer(x, None, None, gaps(layer, x))
    close(output[:, :, 1], torch.full((6, 2), 2.5))
    with pytest.raises(InputError, match=r"-1, and lies in 0\.\.inf"), clamped(layer, "h", -1.0, unit=1):
        pass


def test_zoneout_lengths_packs_and_one_row_begin_where_it_is_held(make, normal):
    layer, x = make("lstm", regularize=Recurrent(zoneout_cell=0.3, zoneout_output=0.2)).eval(), normal(9, 2, 3)
    with clamped(layer, "c", 4.0, unit=0):
        _, state = layer(x, lengths=torch.tensor([0, 5]))
        close(state.c[0, :, 0], torch.full((2,), 4.0))
        close(layer(x=x, state=None)[1].c[0, :, 0], torch.full((2,), 4.0))
        close(layer(x[:, 0])[1].c[0, 0], torch.tensor(4.0))
        close(layer(pack_sequence([x[:, 0], x[:4, 1]]))[1].c[0, :, 0], torch.full((2,), 4.0))
    given = LSTMState(normal(1, 2, 4), normal(1, 2, 4, seed=8))
    with clamped(layer, "h", 0.3, unit=0):
        output, _ = layer(x, given)
    close(output[..., 0], torch.full((9, 2), 0.3))
    assert torch.equal(given.h, normal(1, 2, 4))


def test_steps_of_a_stream_are_held_and_reach_what_one_step_cannot(make, normal):
    layer, state = make("lstm").eval(), None
    with torch.no_grad():
        _, state = layer.step(normal(1, 3))
        with clamped(layer, "c", 3.0, unit=1):
            for _ in range(60):
                _, state = layer.step(normal(1, 3), state)
        close(state.c[0, 0, 1], torch.tensor(3.0))


def test_the_layer_is_given_back_to_the_bit(cell: str, make, normal):
    layer = make(cell)
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    with pytest.raises(RuntimeError, match="stop"), clamped(layer, "h", 0.1), clamped(layer, CELLS[cell].gates[0], 0.1):
        raise RuntimeError("stop")
    for name, value in layer.state_dict().items():
        assert torch.equal(value, before[name])
    assert not layer._forward_pre_hooks and all(value.requires_grad for value in layer.parameters())


def test_what_cannot_be_held_is_said(make):
    refused = [
        ("lstm", {}, ("z", 0.0), {}, r"gate is 'z', and of the lstm cell may be one of i, f, g, o, c, h"),
        ("gru", {}, ("c", 0.0), {}, r"may be one of r, z, n, h"),
        ("lstm", {"proj_size": 2}, ("h", 0.0), {}, "the layer projects"),
        ("lstm", {}, ("f", 1.5), {}, r"f is to be 1\.5, and lies in 0\.\.1"),
        ("lstm", {}, ("f", float("nan")), {}, r"f is to be nan"),
        ("lstm", {}, ("h", -1.5), {}, r"h is to be -1\.5, and lies in -1\.\.1"),
        ("coupled", {}, ("c", 2.0), {}, r"c is to be 2, and that of the coupled cell lies in -1\.\.1"),
        ("lstm", {}, ("f", 1.0), {"unit": 4}, r"unit is 4, and must lie in 0\.\.3"),
        ("lstm", {"bidirectional": True}, ("f", 1.0), {"layer": 2}, r"layer is 2, and must lie in 0\.\.1"),
    ]
    for cell, form, given, place, message in refused:
        layer = make(cell, **form)
        before = [value.clone() for value in layer.parameters()]
        with pytest.raises(InputError, match=message), clamped(layer, *given, **place):
            pass
        assert all(torch.equal(old, new) for old, new in zip(before, layer.parameters(), strict=True))
    layer = make("lstm")
    weight_norm(layer, "R0")
    with pytest.raises(InputError, match="computed from others"), clamped(layer, "f", 1.0):
        pass
    assert not layer._forward_pre_hooks


def test_one_value_for_each_unit(make, normal):
    layer, x = make("lstm"), normal(7, 2, 3)
    values = np.array([0.1, 0.9, 1.0, 0.0])
    with clamped(layer, "o", values):
        close(layer.trace(x).o[:, 0], torch.tensor(values).float().expand(7, 2, 4))
