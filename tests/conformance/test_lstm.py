"""Laws that every cell, activation and path obeys. What the tables list is tested by being listed."""

import math
from collections.abc import Callable, Iterator

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from recollect.core.errors import InputError
from recollect.core.state import LSTMState
from recollect.kernels.contract import Case
from recollect.kernels.dispatch import PATHS, chosen, using
from recollect.nn import LSTM
from recollect.nn.cells import ACTIVATIONS, CELLS


def _serves(path: str, cell: str, activation: str) -> bool:
    try:
        with using(path):
            return bool(chosen(Case(cell, activation, torch.float64)))
    except InputError:
        return False


MEMBERS = [
    (path.name, cell, activation)
    for path in PATHS
    for cell in CELLS
    for activation in ACTIVATIONS
    if _serves(path.name, cell, activation)
]
FORMS = {
    "plain": {},
    "two layers": {"num_layers": 2},
    "both directions": {"bidirectional": True},
    "projected": {"proj_size": 2},
    "everything": {"num_layers": 2, "bidirectional": True, "proj_size": 2},
}
I, H, T, B = 3, 4, 6, 5  # noqa: E741
LENGTHS = torch.tensor([4, 0, 6, 1, 3])

Make = Callable[..., LSTM]


@pytest.fixture(params=MEMBERS, ids=" ".join)
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    path, cell, activation = request.param

    def layer(seed: int = 0, input_size: int = I, hidden_size: int = H, **form: object) -> LSTM:
        made = LSTM(input_size, hidden_size, cell=cell, activation=activation, **form).double()
        made.reset_parameters(draw(seed))
        with torch.no_grad():
            for name, value in made.named_parameters():
                if name.startswith("b"):
                    value.uniform_(-1, 1, generator=draw(seed + 1))
        return made

    with using(path):
        yield layer


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> dict[str, object]:
    return FORMS[request.param]


def draw(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normal(*shape: int, seed: int = 7) -> Tensor:
    return torch.randn(shape, generator=draw(seed), dtype=torch.float64)


def begin(layer: LSTM, rows: int = B) -> LSTMState:
    count = layer.num_layers * (2 if layer.bidirectional else 1)
    outputs = layer.proj_size or layer.hidden_size
    return LSTMState(normal(count, rows, outputs, seed=8), normal(count, rows, layer.hidden_size, seed=9))


def equal(left: object, right: object) -> None:
    torch.testing.assert_close(left, right, rtol=1e-10, atol=1e-12)


def loops(
    layer: LSTM, x: list[list[float]], state: tuple[Tensor, Tensor]
) -> tuple[list[list[float]], list[float], list[float]]:
    """One row through one layer in plain Python numbers: the oracle."""
    W, R, b, P, _ = (None if value is None else value.tolist() for value in layer.weights(0))
    squash = {"tanh": math.tanh, "relu": lambda value: max(value, 0.0)}[layer.activation]
    squashes = [lambda v: 1 / (1 + math.exp(-v))] * 2 + [squash] + [lambda v: 1 / (1 + math.exp(-v))]
    h, c, outputs = state[0].tolist(), state[1].tolist(), []
    for step in x:
        gates = [
            [
                squashes[gate](
                    sum(w * v for w, v in zip(W[gate * H + unit], step, strict=True))
                    + sum(r * v for r, v in zip(R[gate * H + unit], h, strict=True))
                    + b[gate * H + unit]
                )
                for unit in range(H)
            ]
            for gate in range(4)
        ]
        i, f, g, o = gates
        c = [f[unit] * c[unit] + i[unit] * g[unit] for unit in range(H)]
        h = [o[unit] * squash(c[unit]) for unit in range(H)]
        if P is not None:
            h = [sum(p * v for p, v in zip(row, h, strict=True)) for row in P]
        outputs.append(h)
    return outputs, h, c


@pytest.mark.parametrize("proj_size", [0, 2])
def test_equals_the_equations_in_plain_numbers(make: Make, proj_size: int):
    if make().cell != "lstm":
        pytest.skip("the loop above knows the lstm cell")
    layer, x = make(proj_size=proj_size), normal(T, I)
    state = begin(layer, 1)
    output, last = layer(x, LSTMState(state.h[:, 0], state.c[:, 0]))
    outputs, h, c = loops(layer, x.tolist(), (state.h[0, 0], state.c[0, 0]))
    equal(output.detach(), torch.tensor(outputs, dtype=torch.float64))
    equal(last.h[0].detach(), torch.tensor(h, dtype=torch.float64))
    equal(last.c[0].detach(), torch.tensor(c, dtype=torch.float64))


def test_equals_the_reference_gradients_included(make: Make, form: dict[str, object]):
    layer, x = make(**form), normal(T, B, I).requires_grad_()
    state = LSTMState(*(value.requires_grad_() for value in begin(layer)))
    inputs = [x, *state, *layer.parameters()]

    def everything() -> tuple[Tensor, ...]:
        output, last = layer(x, state, LENGTHS)
        total = (output * normal(*output.shape)).sum() + last.h.square().sum() + last.c.sin().sum()
        return output, *last, *torch.autograd.grad(total, inputs)

    ours = everything()
    with using("reference"):
        equal(ours, everything())


def test_float32_is_near_the_reference_in_float64(make: Make, form: dict[str, object]):
    if "proj_size" in form:
        pytest.skip("oneDNN has no projection")
    layer, x = make(hidden_size=40, **form), normal(30, B, I)
    for lengths in (None, 5 * LENGTHS):
        with using("reference"):
            exact, end = layer.double()(x, None, lengths)
        single, last = layer.float()(x.float(), None, lengths)
        for ours, true in ((single, exact), (last.h, end.h), (last.c, end.c)):
            torch.testing.assert_close(ours.double(), true, rtol=1e-4, atol=2e-6)


def test_gradients_are_the_slopes(make: Make):
    layer = make(hidden_size=2, input_size=2, bidirectional=True)
    x, state = normal(3, 2, 2).requires_grad_(), begin(layer, 2)

    def run(x: Tensor, h: Tensor, c: Tensor, *weights: Tensor) -> tuple[Tensor, ...]:
        given = dict(zip(layer.state_dict(), weights, strict=True))
        output, last = torch.func.functional_call(layer, given, (x, (h, c), torch.tensor([3, 2])))
        return output, *last

    inputs = (x, *(value.requires_grad_() for value in state), *layer.parameters())
    assert torch.autograd.gradcheck(run, inputs)


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_a_row_in_a_ragged_batch_is_the_row_alone(data: st.DataObject):
    path, cell, activation = data.draw(st.sampled_from(MEMBERS))
    form = FORMS[data.draw(st.sampled_from(list(FORMS)))]
    lengths = data.draw(st.lists(st.integers(0, 5), min_size=1, max_size=4))
    layer = LSTM(2, 3, cell=cell, activation=activation, **form).double()
    x, state = normal(5, len(lengths), 2), begin(layer, len(lengths))
    with using(path):
        output, last = layer(x, state, torch.tensor(lengths))
        for row, length in enumerate(lengths):
            first = LSTMState(state.h[:, row], state.c[:, row])
            alone, end = layer(x[:length, row], first)
            equal(output[:length, row], alone)
            assert not output[length:, row].any()
            equal((last.h[:, row], last.c[:, row]), tuple(end))


@pytest.mark.parametrize("junk", [1e30, math.inf, math.nan])
def test_padding_changes_nothing_and_gets_no_gradient(make: Make, form: dict[str, object], junk: float):
    layer, clean = make(**form), normal(T, B, I)
    over = torch.arange(T)[:, None] >= LENGTHS

    def everything(fill: float) -> tuple[Tensor, ...]:
        x = clean.masked_fill(over[..., None], fill).requires_grad_()
        output, last = layer(x, None, LENGTHS)
        return output, *last, *torch.autograd.grad(output.sum() + last.c.sum(), [x, *layer.parameters()])

    left, right = everything(0.0), everything(junk)
    assert all(torch.equal(a, b) for a, b in zip(left, right, strict=True))
    assert not right[3][over].any()


def test_the_order_of_rows_is_irrelevant(make: Make, form: dict[str, object]):
    layer, x, order = make(**form), normal(T, B, I), torch.tensor([3, 0, 4, 1, 2])
    state = begin(layer)
    output, last = layer(x, state, LENGTHS)
    moved, end = layer(x[:, order], LSTMState(state.h[:, order], state.c[:, order]), LENGTHS[order])
    equal(moved, output[:, order])
    equal(tuple(end), (last.h[:, order], last.c[:, order]))


@pytest.mark.parametrize("cut", [0, 1, 4, T])
def test_two_parts_with_the_state_carried_are_the_whole(make: Make, cut: int):
    layer, x = make(num_layers=2), normal(T, B, I)
    whole, last = layer(x, begin(layer))
    early, between = layer(x[:cut], begin(layer))
    late, end = layer(x[cut:], between)
    equal(torch.cat([early, late]), whole)
    equal(tuple(end), tuple(last))


def test_steps_are_the_sequence(make: Make):
    layer, x = make(num_layers=2, proj_size=2), normal(T, B, I)
    whole, last = layer(x)
    state = None
    for t in range(T):
        y, state = layer.step(x[t], state)
        equal(y, whole[t])
    equal(tuple(state), tuple(last))


def test_batch_first_and_one_row_are_only_another_layout(make: Make):
    layer, x = make(bidirectional=True), normal(T, B, I)
    output, last = layer(x, None, LENGTHS)
    layer.batch_first = True
    turned, end = layer(x.transpose(0, 1), None, LENGTHS)
    equal((turned.transpose(0, 1), *end), (output, *last))
    layer.batch_first = False
    full, last = layer(x)
    one, end = layer(x[:, 2])
    equal((one, *end), (full[:, 2], last.h[:, 2], last.c[:, 2]))


@pytest.mark.parametrize(("steps", "rows"), [(0, 2), (3, 0), (0, 0)])
def test_an_empty_batch_gives_an_empty_output(make: Make, form: dict[str, object], steps: int, rows: int):
    layer = make(**form)
    state = begin(layer, rows)
    output, last = layer(normal(steps, rows, I), state)
    width = (layer.proj_size or H) * (2 if layer.bidirectional else 1)
    assert output.shape == (steps, rows, width)
    if steps == 0:
        equal(tuple(last), tuple(state))
    output.sum().backward()


def test_reading_backwards_is_reading_the_turned_rows(make: Make):
    both = make(bidirectional=True)
    alone = make()
    with torch.no_grad():
        for ours, theirs in zip(alone.weights(0), both.weights(0, 1), strict=True):
            if ours is not None:
                ours.copy_(theirs)
    x = normal(T, 1, I)
    output, last = both(x)
    turned, end = alone(x.flip(0))
    equal(output[..., H:], turned.flip(0))
    equal(last.h[1], end.h[0])


def test_what_is_saved_comes_back_to_the_bit(make: Make, form: dict[str, object], tmp_path):
    layer, twin, x = make(seed=1, **form), make(seed=2, **form), normal(T, B, I)
    torch.save(layer.state_dict(), tmp_path / "weights")
    twin.load_state_dict(torch.load(tmp_path / "weights", weights_only=True))
    assert torch.equal(layer(x)[0], twin(x)[0])


def test_the_trace_is_what_the_output_was_made_of(make: Make, form: dict[str, object]):
    layer, x = make(**form), normal(T, B, I)
    D = 2 if layer.bidirectional else 1
    squash = ACTIVATIONS[layer.activation]
    output, last = layer(x, begin(layer), LENGTHS)
    trace = layer.trace(x, begin(layer), LENGTHS)
    top = trace.h[:, -D:].permute(0, 2, 1, 3).flatten(2)
    equal(top, output)
    for gate in (trace.i, trace.f, trace.g, trace.o, trace.c):
        assert gate.shape == (T, D * layer.num_layers, B, H)
    for row, length in enumerate(LENGTHS.tolist()):
        for k in range(D * layer.num_layers):
            order = list(range(length))[:: -1 if k % D else 1]
            c = begin(layer).c[k, row]
            for t in order:
                c = trace.f[t, k, row] * c + trace.i[t, k, row] * trace.g[t, k, row]
                equal(trace.c[t, k, row], c)
                h = trace.o[t, k, row] * squash(c)
                if layer.proj_size:
                    h = layer.weights(k // D, k % D).P @ h
                equal(trace.h[t, k, row], h)
            equal(last.c[k, row], c)
        assert not any(value[length:, :, row].any() for value in trace)
