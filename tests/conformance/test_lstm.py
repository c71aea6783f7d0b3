"""Laws that every cell, activation and path obeys. What the tables list is tested by being listed."""

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from recollect.core.errors import InputError
from recollect.core.state import LSTMState
from recollect.kernels.contract import Case
from recollect.kernels.dispatch import chosen, using
from recollect.nn import LSTM, GRUTrace, Trace
from recollect.nn.cells import ACTIVATIONS, CELLS

I, H, T, B = 3, 4, 6, 5  # noqa: E741
LENGTHS = torch.tensor([4, 0, 6, 1, 3])

Make = Callable[..., LSTM]
Read = Callable[..., tuple[Tensor, LSTMState]]
Gaps = Callable[[LSTM, Tensor], Tensor | None]


def draw(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normal(*shape: int, seed: int = 7) -> Tensor:
    return torch.randn(shape, generator=draw(seed), dtype=torch.float64)


def begin(layer: LSTM, rows: int = B) -> LSTMState:
    count = layer.num_layers * (2 if layer.bidirectional else 1)
    outputs, cells = layer.proj_size or layer.hidden_size, layer.hidden_size * CELLS[layer.cell].has_c
    return LSTMState(normal(count, rows, outputs, seed=8), normal(count, rows, cells, seed=9))


def equal(left: object, right: object) -> None:
    torch.testing.assert_close(left, right, rtol=1e-10, atol=1e-12)


def test_equals_the_reference_gradients_included(make: Make, read: Read, form: dict[str, object]):
    layer, x = make(**form), normal(T, B, I).requires_grad_()
    state = LSTMState(*(value.requires_grad_() for value in begin(layer)))
    inputs = [x, *state, *layer.parameters()]

    def everything() -> tuple[Tensor, ...]:
        output, last = read(layer, x, state, LENGTHS)
        total = (output * normal(*output.shape)).sum() + last.h.square().sum() + last.c.sin().sum()
        return output, *last, *torch.autograd.grad(total, inputs)

    ours = everything()
    with using("reference"):
        equal(ours, everything())


def test_float32_is_near_the_reference_in_float64(make: Make, read: Read, form: dict[str, object]):
    layer, x = make(hidden_size=40, **form), normal(30, B, I)
    try:
        chosen(Case(layer.cell, layer.activation, projected=layer.proj_size > 0))
    except InputError as refusal:
        pytest.skip(str(refusal))
    for lengths in (None, 5 * LENGTHS):
        with using("reference"):
            exact, end = read(layer.double(), x, None, lengths)
        single, last = read(layer.float(), x.float(), None, lengths)
        for ours, true in ((single, exact), (last.h, end.h), (last.c, end.c)):
            torch.testing.assert_close(ours.double(), true, rtol=1e-4, atol=2e-6)


def test_gradients_are_the_slopes(make: Make, gaps: Gaps):
    layer = make(hidden_size=2, input_size=2, bidirectional=True)
    x, state = normal(3, 2, 2), begin(layer, 2)
    between = gaps(layer, x)

    def run(x: Tensor, h: Tensor, c: Tensor, *weights: Tensor) -> tuple[Tensor, ...]:
        named = dict(zip(layer.state_dict(), weights, strict=True))
        output, last = torch.func.functional_call(layer, named, (x, (h, c), torch.tensor([3, 2]), between))
        return (output, last.h, last.c) if c.numel() else (output, last.h)

    inputs = (x.requires_grad_(), *(value.requires_grad_() for value in state), *layer.parameters())
    assert torch.autograd.gradcheck(run, inputs)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_row_in_a_ragged_batch_is_the_row_alone(any_layer: list[tuple[str, Make]], read: Read, data: st.DataObject):
    path, made = data.draw(st.sampled_from(any_layer))
    lengths = data.draw(st.lists(st.integers(0, 5), min_size=1, max_size=4))
    layer = made()
    x, state = normal(5, len(lengths), 2), begin(layer, len(lengths))
    with using(path):
        output, last = read(layer, x, state, torch.tensor(lengths))
        for row, length in enumerate(lengths):
            first = LSTMState(state.h[:, row], state.c[:, row])
            alone, end = read(layer, x[:length, row], first)
            equal(output[:length, row], alone)
            assert not output[length:, row].any()
            equal((last.h[:, row], last.c[:, row]), tuple(end))


@pytest.mark.parametrize("junk", [1e30, math.inf, math.nan])
def test_padding_changes_nothing_and_gets_no_gradient(make: Make, read: Read, form: dict[str, object], junk: float):
    layer, clean = make(**form), normal(T, B, I)
    over = torch.arange(T)[:, None] >= LENGTHS

    def everything(fill: float) -> tuple[Tensor, ...]:
        x = clean.masked_fill(over[..., None], fill).requires_grad_()
        output, last = read(layer, x, None, LENGTHS)
        return output, *last, *torch.autograd.grad(output.sum() + last.c.sum(), [x, *layer.parameters()])

    left, right = everything(0.0), everything(junk)
    assert all(torch.equal(a, b) for a, b in zip(left, right, strict=True))
    assert not right[3][over].any()


def test_the_order_of_rows_is_irrelevant(make: Make, read: Read, form: dict[str, object]):
    layer, x, order = make(**form), normal(T, B, I), torch.tensor([3, 0, 4, 1, 2])
    state = begin(layer)
    output, last = read(layer, x, state, LENGTHS)
    moved, end = read(layer, x[:, order], LSTMState(state.h[:, order], state.c[:, order]), LENGTHS[order])
    equal(moved, output[:, order])
    equal(tuple(end), (last.h[:, order], last.c[:, order]))


@pytest.mark.parametrize("cut", [0, 1, 4, T])
def test_two_parts_with_the_state_carried_are_the_whole(make: Make, read: Read, cut: int):
    layer, x = make(num_layers=2), normal(T, B, I)
    whole, last = read(layer, x, begin(layer))
    early, between = read(layer, x[:cut], begin(layer))
    late, end = read(layer, x[cut:], between)
    equal(torch.cat([early, late]), whole)
    equal(tuple(end), tuple(last))


@pytest.mark.parametrize("proj_size", [0, 2])
def test_steps_are_the_sequence(make: Make, read: Read, gaps: Gaps, proj_size: int):
    if proj_size and not CELLS[make().cell].has_c:
        pytest.skip("this cell has no projection")
    layer, x = make(num_layers=2, proj_size=proj_size), normal(T, B, I)
    whole, last = read(layer, x)
    state, between = None, gaps(layer, x)
    for t in range(T):
        y, state = layer.step(x[t], state, None if between is None else between[t])
        equal(y, whole[t])
    equal(tuple(state), tuple(last))


def test_batch_first_and_one_row_are_only_another_layout(make: Make, read: Read):
    layer, x = make(bidirectional=True), normal(T, B, I)
    output, last = read(layer, x, None, LENGTHS)
    layer.batch_first = True
    turned, end = read(layer, x.transpose(0, 1), None, LENGTHS)
    equal((turned.transpose(0, 1), *end), (output, *last))
    layer.batch_first = False
    full, last = read(layer, x)
    one, end = read(layer, x[:, 2])
    equal((one, *end), (full[:, 2], last.h[:, 2], last.c[:, 2]))


@pytest.mark.parametrize(("steps", "rows"), [(0, 2), (3, 0), (0, 0)])
def test_an_empty_batch_gives_an_empty_output(make: Make, read: Read, form: dict[str, object], steps: int, rows: int):
    layer = make(**form)
    state = begin(layer, rows)
    output, last = read(layer, normal(steps, rows, I), state)
    width = (layer.proj_size or H) * (2 if layer.bidirectional else 1)
    assert output.shape == (steps, rows, width)
    if steps == 0:
        equal(tuple(last), tuple(state))
    output.sum().backward()


def test_reading_backwards_is_reading_the_turned_rows(make: Make, gaps: Gaps):
    both = make(bidirectional=True)
    alone = make()
    with torch.no_grad():
        for ours, theirs in zip(alone.weights(0), both.weights(0, 1), strict=True):
            if ours is not None:
                ours.copy_(theirs)
    x = normal(T, 1, I)
    between = turned_gaps = gaps(both, x)
    if between is not None:  # between t + 1 and t lies gaps[t + 1]; before the end lies nothing
        turned_gaps = torch.cat([torch.zeros(1, 1, dtype=x.dtype), between[1:].flip(0)])
    output, last = both(x, gaps=between)
    turned, end = alone(x.flip(0), gaps=turned_gaps)
    equal(output[..., H:], turned.flip(0))
    equal(last.h[1], end.h[0])


def test_what_is_saved_comes_back_to_the_bit(make: Make, read: Read, form: dict[str, object], tmp_path):
    layer, twin, x = make(seed=1, **form), make(seed=2, **form), normal(T, B, I)
    torch.save(layer.state_dict(), tmp_path / "weights")
    twin.load_state_dict(torch.load(tmp_path / "weights", weights_only=True))
    assert torch.equal(read(layer, x)[0], read(twin, x)[0])


def test_the_trace_is_what_the_output_was_made_of(make: Make, read: Read, gaps: Gaps, form: dict[str, object]):
    layer, x = make(**form), normal(T, B, I)
    D = 2 if layer.bidirectional else 1
    output, last = read(layer, x, begin(layer), LENGTHS)
    trace = layer.trace(x, begin(layer), LENGTHS, gaps(layer, x))
    equal(trace.h[:, -D:].permute(0, 2, 1, 3).flatten(2), output)
    assert all(value.shape == (T, D * layer.num_layers, B, H) for value in trace[:-1])
    between = gaps(layer, x)
    for row, length in enumerate(LENGTHS.tolist()):
        for k in range(D * layer.num_layers):
            h, c = (value[k, row] for value in begin(layer))
            for place, t in enumerate(range(length) if k % D == 0 else reversed(range(length))):
                since = None if between is None else 0.0 if k % D and not place else between[t + k % D, row]
                h, c = follows(layer, k, type(trace)(*(value[t, k, row] for value in trace)), LSTMState(h, c), since)
            equal((last.h[k, row], last.c[k, row]), (h, c))
        assert not any(value[length:, :, row].any() for value in trace)


def follows(layer: LSTM, k: int, now: tuple[Tensor, ...], before: LSTMState, gap: float | None) -> LSTMState:
    """The state that the gates of one moment make of the one before; checked to be what the trace says."""
    D = 2 if layer.bidirectional else 1
    weights, squash = layer.weights(k // D, k % D), ACTIVATIONS[layer.activation]
    if isinstance(now, GRUTrace):
        equal(now.h, (1 - now.z) * now.n + now.z * before.h)
        return LSTMState(now.h, before.c)
    if not isinstance(now, Trace):
        return LSTMState(now.h, before.c)
    old = before.c if gap is None else before.c * torch.exp(-torch.relu(weights.E[0] * gap + weights.E[1]))
    equal(now.c, now.f * old + now.i * now.g)
    shown = now.c
    if layer.cell == "layernorm":
        shown = (shown - shown.mean()) / (shown.var(correction=0) + 1e-5).sqrt() * weights.E[8] + weights.E[9]
    h = now.o * squash(shown)
    equal(now.h, h if weights.P is None else weights.P @ h)
    return LSTMState(now.h, now.c)
