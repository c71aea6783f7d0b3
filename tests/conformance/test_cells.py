"""Each cell against its equations in plain Python numbers, and against the cell that it becomes at its plainest."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from recollect.core.state import LSTMState
from recollect.nn import LSTM
from recollect.nn.cells import CELLS

I, H, T, B = 3, 4, 6, 5  # noqa: E741
LENGTHS = torch.tensor([4, 0, 6, 1, 3])
Numbers = list[float]
Make = Callable[..., LSTM]


def normal(*shape: int, seed: int = 7) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def equal(left: object, right: object) -> None:
    torch.testing.assert_close(left, right, rtol=1e-10, atol=1e-12)


def dot(matrix: list[Numbers], vector: Numbers) -> Numbers:
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]


def add(*vectors: Numbers) -> Numbers:
    return [sum(values) for values in zip(*vectors, strict=True)]


def times(*vectors: Numbers) -> Numbers:
    return [math.prod(values) for values in zip(*vectors, strict=True)]


def each(function: Callable[[float], float], vector: Numbers) -> Numbers:
    return [function(value) for value in vector]


def sigmoid(vector: Numbers) -> Numbers:
    return each(lambda v: 1 / (1 + math.exp(-v)), vector)


def normed(vector: Numbers) -> Numbers:
    mean = sum(vector) / len(vector)
    variance = sum((v - mean) ** 2 for v in vector) / len(vector)
    return [(v - mean) / math.sqrt(variance + 1e-5) for v in vector]


def quarters(vector: Numbers) -> list[Numbers]:
    return [vector[at : at + H] for at in range(0, len(vector), H)]


def family(layer: LSTM, squash: Callable[[float], float], x: Numbers, h: Numbers, c: Numbers, gap: float):
    """One step of the cells with a cell value: h and c after it."""
    W, R, b, P, E = (None if value is None else value.tolist() for value in layer.weights(0))
    wx, rh = dot(W, x), dot(R, h)
    if layer.cell == "layernorm":
        wx, rh = times(normed(wx), [*E[0], *E[1], *E[2], *E[3]]), times(normed(rh), [*E[4], *E[5], *E[6], *E[7]])
    sums = quarters(add(wx, rh, b))
    if layer.cell == "coupled":
        sums = [sums[0], each(lambda v: -v, sums[0]), *sums[1:]]  # 1 - sigmoid(v) = sigmoid(-v)
    if layer.cell == "decay":
        c = [math.exp(-max(0.0, w * gap + v)) * old for w, v, old in zip(*E, c, strict=True)]
    if layer.cell == "peephole":
        sums[:2] = add(sums[0], times(E[0], c)), add(sums[1], times(E[1], c))
    c = add(times(sigmoid(sums[1]), c), times(sigmoid(sums[0]), each(squash, sums[2])))
    if layer.cell == "peephole":
        sums[3] = add(sums[3], times(E[2], c))
    shown = add(times(normed(c), E[8]), E[9]) if layer.cell == "layernorm" else c
    h = times(sigmoid(sums[3]), each(squash, shown))
    return (h if P is None else dot(P, h)), c


def without_cell(layer: LSTM, squash: Callable[[float], float], x: Numbers, h: Numbers):
    W, R, b, _, E = (None if value is None else value.tolist() for value in layer.weights(0))
    wx, rh = quarters(add(dot(W, x), b)), quarters(dot(R, h))
    if layer.cell == "rnn":
        return each(squash, add(wx[0], rh[0]))
    r, z = sigmoid(add(wx[0], rh[0])), sigmoid(add(wx[1], rh[1]))
    n = each(squash, add(wx[2], times(r, add(rh[2], E[0]))))
    return [(1 - keep) * new + keep * old for keep, new, old in zip(z, n, h, strict=True)]


@pytest.mark.parametrize("proj_size", [0, 2])
def test_equals_the_equations_in_plain_numbers(make: Make, gaps: Callable, proj_size: int):
    if proj_size and not CELLS[make().cell].has_c:
        pytest.skip("this cell has no projection")
    layer, x = make(proj_size=proj_size), normal(T, I)
    squash = {"tanh": math.tanh, "relu": lambda value: max(value, 0.0)}[layer.activation]
    between = gaps(layer, x)
    state = LSTMState(normal(1, proj_size or H, seed=8), normal(1, H if CELLS[layer.cell].has_c else 0, seed=9))
    output, last = layer(x, state, None, between)
    h, c = state.h[0].tolist(), state.c[0].tolist()
    for t in range(T):
        if CELLS[layer.cell].has_c:
            h, c = family(layer, squash, x[t].tolist(), h, c, 0.0 if between is None else between[t].item())
        else:
            h = without_cell(layer, squash, x[t].tolist(), h)
        equal(output[t].detach(), torch.tensor(h, dtype=torch.float64))
    equal((last.h[0].tolist(), last.c[0].tolist()), (h, c))


def twin(layer: LSTM, E: Tensor | None = None) -> LSTM:
    """The plain LSTM with the weights of ``layer``; into ``layer`` goes ``E``."""
    plain = LSTM(I, H, activation=layer.activation, bidirectional=layer.bidirectional).double()
    with torch.no_grad():
        for direction in range(1 + layer.bidirectional):
            ours, theirs = plain.weights(0, direction), layer.weights(0, direction)
            for one, other in zip(ours[:3], theirs[:3], strict=True):
                one.copy_(other)
            if E is not None and theirs.E is not None:
                theirs.E.copy_(E)
    return plain


@pytest.mark.cells("peephole")
def test_peepholes_shut_are_the_plain_cell(make: Make):
    layer, x = make(bidirectional=True), normal(T, B, I)
    assert not torch.allclose(layer(x)[0], twin(layer)(x)[0])
    plain = twin(layer, torch.zeros(3, H))
    equal(layer(x, None, LENGTHS), plain(x, None, LENGTHS))


@pytest.mark.cells("decay")
@pytest.mark.parametrize(("w", "scale"), [(0.0, 1.0), (2.0, 0.0), (-3.0, 1.0)])
def test_no_fading_is_the_plain_cell(make: Make, w: float, scale: float):
    layer, x = make(bidirectional=True), normal(T, B, I)
    between = scale * normal(T, B).abs()
    plain = twin(layer, torch.tensor([[w], [0.0]]).expand(2, H))
    equal(layer(x, None, LENGTHS, between), plain(x, None, LENGTHS))


@pytest.mark.cells("decay")
def test_a_long_gap_forgets_the_cell(make: Make):
    layer, x = make(bidirectional=True), normal(1, B, I)
    plain = twin(layer, torch.tensor([[1.0], [0.0]]).expand(2, H))
    state = LSTMState(normal(2, B, H), normal(2, B, H, seed=8))
    forgotten = LSTMState(state.h, torch.stack([torch.zeros(B, H, dtype=torch.float64), state.c[1]]))
    equal(layer(x, state, None, torch.full((1, B), 1e4).double()), plain(x, forgotten))


@pytest.mark.cells("decay")
def test_gaps_get_no_gradient_and_matter(make: Make):
    layer, x = make(bidirectional=True), normal(T, B, I)
    with torch.no_grad():
        layer.weights(0).E[0] = 1.0
    between = normal(T, B).abs().requires_grad_()
    output, _ = layer(x, gaps=between)
    output.sum().backward()
    assert between.grad is None
    assert not torch.allclose(output, layer(x, gaps=2 * between)[0])


@pytest.mark.cells("coupled")
def test_coupled_gates_are_opposite_weights(make: Make):
    layer, x = make(bidirectional=True), normal(T, B, I)
    plain = LSTM(I, H, activation=layer.activation, bidirectional=True).double()
    with torch.no_grad():
        for direction in range(2):
            for ours, theirs in zip(plain.weights(0, direction)[:3], layer.weights(0, direction)[:3], strict=True):
                i, g, o = theirs.chunk(3)
                ours.copy_(torch.cat([i, -i, g, o]))
    equal(layer(x, None, LENGTHS), plain(x, None, LENGTHS))


@pytest.mark.cells("layernorm")
def test_layer_norm_does_not_see_the_scale_of_the_weights(make: Make):
    layer, x = make(bidirectional=True), 100 * normal(T, B, I)  # far above the epsilon
    output, _ = layer(x, LSTMState(100 * normal(2, B, H), torch.zeros(2, B, H).double()))
    with torch.no_grad():
        for direction in range(2):
            layer.weights(0, direction).W.mul_(10)
    scaled, _ = layer(x, LSTMState(100 * normal(2, B, H), torch.zeros(2, B, H).double()))
    torch.testing.assert_close(scaled, output, rtol=1e-6, atol=1e-6)


@pytest.mark.cells("layernorm")
def test_layer_norm_is_that_of_torch(make: Make):
    layer, x = make(bidirectional=True), normal(1, B, I)
    state = LSTMState(normal(2, B, H), normal(2, B, H, seed=8))
    W, R, b, _, E = layer.weights(0)
    squash = {"tanh": torch.tanh, "relu": torch.relu}[layer.activation]
    norm = torch.nn.functional.layer_norm
    sums = norm(x[0] @ W.T, (4 * H,), E[:4].reshape(-1)) + norm(state.h[0] @ R.T, (4 * H,), E[4:8].reshape(-1)) + b
    i, f, g, o = sums.split(H, dim=1)
    c = f.sigmoid() * state.c[0] + i.sigmoid() * squash(g)
    output, last = layer(x, state)
    equal(last.c[0], c)
    equal(output[0, :, :H], o.sigmoid() * squash(norm(c, (H,), E[8], E[9])))


def test_every_cell_is_born_as_the_plain_one_or_nearly():
    for name, cell in CELLS.items():
        E = LSTM(I, H, cell=name).weights(0).E
        assert (E is None) == (not cell.own)
        if E is not None:
            torch.testing.assert_close(E, torch.tensor(list(cell.own.values()))[:, None].expand(-1, H))
    assert LSTM(I, H, cell="coupled", forget_bias=2.0).weights(0).b.tolist() == [-2.0] * H + [0.0] * 2 * H
    assert LSTM(I, H, cell="gru", forget_bias=2.0).weights(0).b.tolist() == [0.0] * H + [2.0] * H + [0.0] * H
    assert not LSTM(I, H, cell="rnn").weights(0).b.any()
