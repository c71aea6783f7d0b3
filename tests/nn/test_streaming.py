"""Steps by the quick way equal steps by the long way, whatever happens to the layer between them."""

import copy
import pickle

import pytest
import torch
from torch import Tensor
from torch.func import functional_call

from recollect.core.errors import ShapeError
from recollect.core.state import LSTMState
from recollect.kernels.dispatch import using
from recollect.kernels.machine import core_trouble
from recollect.nn import LSTM, Recurrent

pytestmark = pytest.mark.skipif(bool(core_trouble()), reason="the quick way needs the compiled core")

B, I, H = 2, 3, 5  # noqa: E741


@pytest.fixture(autouse=True)
def _same_weights() -> None:
    torch.manual_seed(0)  # of some the layer norm makes large numbers of small ones, errors included


def inputs(steps: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(steps, B, I, generator=torch.Generator().manual_seed(1)).to(dtype)


def stepped(layer: LSTM, x: Tensor, state: LSTMState | None = None) -> tuple[Tensor, LSTMState]:
    rows = []
    with torch.no_grad():
        for x_t in x:
            y, state = layer.step(x_t, state)
            rows.append(y)
    assert state is not None
    return torch.stack(rows), state


def near(left: object, right: object) -> None:
    torch.testing.assert_close(left, right, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("cell", ["lstm", "peephole", "coupled", "layernorm", "gru", "rnn"])
@pytest.mark.parametrize("form", [{}, {"num_layers": 3}, {"num_layers": 2, "proj_size": 2}], ids=str)
def test_a_stream_is_the_sequence(cell: str, form: dict[str, int]):
    if "proj_size" in form and cell in ("gru", "rnn"):
        pytest.skip("no projection without a cell value")
    layer, x = LSTM(I, H, cell=cell, **form), inputs(6)
    assert stepped(layer, x)[0].shape == (6, B, layer.proj_size or H)
    assert layer._stream is not None
    whole, last = layer(x)
    near(stepped(layer, x), (whole.detach(), LSTMState(last.h.detach(), last.c.detach())))


def test_a_step_changes_nothing_that_was_given_or_is_given_later():
    layer, x = LSTM(I, H), inputs(3)
    _, first = stepped(layer, x[:1])
    kept = LSTMState(first.h.clone(), first.c.clone())
    with torch.no_grad():
        y, second = layer.step(x[1], first)
        before = y.clone(), second.h.clone(), second.c.clone()
        layer.step(x[2], second)
    assert torch.equal(first.h, kept.h) and torch.equal(first.c, kept.c)
    assert all(torch.equal(a, b) for a, b in zip(before, (y, second.h, second.c), strict=True))
    assert y.data_ptr() != second.h.data_ptr()


@pytest.mark.parametrize("change", ["in place", "data", "parameter", "dtype", "rows"])
def test_what_changes_between_two_steps_is_noticed(change: str):
    layer, x = LSTM(I, H), inputs(4)
    _, state = stepped(layer, x[:2])
    with torch.no_grad():
        if change == "in place":
            layer.R0.mul_(-1)
        elif change == "data":
            layer.R0.data = -layer.R0.data
        elif change == "parameter":
            layer.R0 = torch.nn.Parameter(-layer.R0)
        elif change == "dtype":
            layer, x, state = layer.double(), x.double(), LSTMState(state.h.double(), state.c.double())
        elif change == "rows":
            x, state = x[:, :1], LSTMState(state.h[:, :1], state.c[:, :1])
    found = stepped(layer, x[2:], state)
    with using("reference"):
        near(found, stepped(layer, x[2:], state))


def test_another_state_of_the_same_shape_is_read():
    layer, x = LSTM(I, H), inputs(3)
    stepped(layer, x[:2])
    other = LSTMState(torch.ones(1, B, H), -torch.ones(1, B, H))
    found = stepped(layer, x[2:], other)
    with using("reference"):
        near(found, stepped(layer, x[2:], other))


def test_gradients_transforms_and_borrowed_weights_go_the_long_way():
    layer, x = LSTM(I, H), inputs(2)
    _, state = stepped(layer, x[:1])
    y, _ = layer.step(x[1], state)
    assert y.requires_grad
    borrowed = {name: torch.zeros_like(value) for name, value in layer.named_parameters()}

    class Stepping(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = layer

        def forward(self, x_t: Tensor) -> Tensor:
            return self.layer.step(x_t, state)[0]

    with torch.no_grad():
        zero = functional_call(Stepping(), {f"layer.{name}": value for name, value in borrowed.items()}, (x[1],))
    near(zero, 0.5 * torch.tanh(0.5 * state.c[0]))  # every gate a half, nothing new to write
    with torch.no_grad():
        near(layer.step(x[1], state)[0], y.detach())


def test_a_stream_is_told_what_does_not_fit():
    layer, x = LSTM(I, H), inputs(2)
    _, state = stepped(layer, x)
    with torch.no_grad(), pytest.raises(ShapeError, match=r"x \[1, 2, 2\] has 2 features"):
        layer.step(x[0, :, :2], state)
    with torch.no_grad(), pytest.raises(ShapeError, match=r"float64"):
        layer.step(x[0].double(), state)


def test_copies_begin_streams_of_their_own():
    layer, x = LSTM(I, H), inputs(3)
    _, state = stepped(layer, x[:2])
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        with torch.no_grad():
            twin.R0.mul_(-1)
        found = stepped(twin, x[2:], state)
        with using("reference"):
            near(found, stepped(twin, x[2:], state))


def test_what_disturbs_training_alone_does_not_slow_a_stream():
    torch.manual_seed(0)
    layer = LSTM(I, H, 2, dropout=0.5, regularize=Recurrent(dropconnect=0.5, variational=0.5)).eval()
    x = torch.randn(4, B, I)
    with torch.no_grad():
        whole, state = layer(x)[0], None
        for t in range(4):
            y, state = layer.step(x[t], state)
            assert torch.allclose(y, whole[t], atol=1e-6)
        assert layer._stream is not None and layer._stream._state is state
        layer.train()
        assert len({tuple(layer.step(x[0], state)[0].flatten().tolist()) for _ in range(3)}) == 3, "noise again"
