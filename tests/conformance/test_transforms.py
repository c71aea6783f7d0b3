"""Every cell under PyTorch's transforms, and every path on tensors that lie as they like."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.func import functional_call, grad, jacfwd, jacrev, jvp, stack_module_state, vmap
from torch.utils.checkpoint import checkpoint

from recollect.core.state import LSTMState
from recollect.kernels.dispatch import using
from recollect.nn import LSTM
from recollect.nn.cells import ACTIVATIONS, CELLS

T, B, I, H = 4, 3, 2, 3  # noqa: E741
LENGTHS = torch.tensor([2, 4, 0])
Read = Callable[..., tuple[Tensor, LSTMState]]
Make = Callable[..., LSTM]


def normal(*shape: int, seed: int = 7) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def equal(left: object, right: object) -> None:
    torch.testing.assert_close(left, right, rtol=1e-9, atol=1e-11)


def random(cell: str, activation: str, seed: int = 0) -> LSTM:
    torch.manual_seed(seed)
    layer = LSTM(I, H, cell=cell, activation=activation, bidirectional=True).double()
    with torch.no_grad():
        for value in layer.parameters():
            value.add_(0.3 * torch.randn_like(value))
    return layer


@pytest.fixture(params=CELLS)
def cell(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=ACTIVATIONS)
def layer(request: pytest.FixtureRequest, cell: str) -> LSTM:
    return random(cell, request.param)


def since(layer: LSTM) -> Tensor | None:
    return normal(T, B, seed=3).abs() if CELLS[layer.cell].reads_gaps else None


def slope(function: Callable[[Tensor], Tensor], at: Tensor, along: Tensor) -> Tensor:
    return (function(at + 1e-6 * along) - function(at - 1e-6 * along)) / 2e-6


# torch itself scripts its rules when forward mode is first used
JIT = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")


@JIT
def test_forward_mode_gives_the_slope(layer: LSTM):
    x, along, between = normal(T, B, I), normal(T, B, I, seed=8), since(layer)

    def output(x: Tensor) -> Tensor:
        return layer(x, None, LENGTHS, between)[0]

    expected = slope(output, x, along).detach()
    _, moved = jvp(output, (x,), (along,))
    torch.testing.assert_close(moved, expected, rtol=1e-6, atol=1e-8)
    with forward_ad.dual_level():
        dual = forward_ad.unpack_dual(output(forward_ad.make_dual(x, along)))
        torch.testing.assert_close(dual.tangent, expected, rtol=1e-6, atol=1e-8)


def test_the_gradient_as_a_function_is_that_of_backward(layer: LSTM):
    x, between = normal(T, B, I), since(layer)
    weights = {name: value.detach() for name, value in layer.named_parameters()}

    def loss(weights: dict[str, Tensor], x: Tensor) -> Tensor:
        return functional_call(layer, weights, (x, None, LENGTHS, between))[0].square().sum()

    found = grad(loss)(weights, x)
    layer(x, None, LENGTHS, between)[0].square().sum().backward()
    equal(found, {name: value.grad for name, value in layer.named_parameters()})


@JIT
def test_jacobians_by_rows_and_by_columns_are_one(layer: LSTM):
    x, between = normal(T, B, I), since(layer)

    def last(x: Tensor) -> Tensor:
        return layer(x, None, None, between)[1].h

    equal(jacfwd(last)(x), jacrev(last)(x))


def test_an_ensemble_in_one_call_is_its_members(cell: str):
    members = [random(cell, "tanh", seed) for seed in range(3)]
    weights, buffers = stack_module_state(members)
    x, between = normal(T, B, I), since(members[0])
    output, state = vmap(lambda w, b: functional_call(members[0], (w, b), (x, None, None, between)))(weights, buffers)
    for n, member in enumerate(members):
        expected, last = member(x, None, None, between)
        equal((output[n], state.h[n], state.c[n]), (expected, *last))


def test_gradients_of_each_row_in_one_call(layer: LSTM):
    if CELLS[layer.cell].reads_gaps:
        pytest.skip("gaps are looked at, which vmap cannot")
    x = normal(T, B, I)
    weights = {name: value.detach() for name, value in layer.named_parameters()}

    def loss(weights: dict[str, Tensor], row: Tensor) -> Tensor:
        return functional_call(layer, weights, (row,))[0].square().sum()

    rows = vmap(grad(loss), in_dims=(None, 1))(weights, x)
    for n in range(B):
        layer.zero_grad()
        layer(x[:, n])[0].square().sum().backward()
        equal({name: value[n] for name, value in rows.items()}, {n: p.grad for n, p in layer.named_parameters()})


def test_gradients_have_gradients(make: Make, gaps: Callable):
    layer = make(hidden_size=2, input_size=2)
    x, between = normal(3, 2, 2), gaps(layer, normal(3, 2, 2))
    width = 2 * CELLS[layer.cell].has_c

    def run(x: Tensor, h: Tensor, c: Tensor, *weights: Tensor) -> tuple[Tensor, ...]:
        given = dict(zip(layer.state_dict(), weights, strict=True))
        output, last = functional_call(layer, given, (x, (h, c), torch.tensor([3, 2]), between))
        return (output, *last) if width else (output, last.h)

    inputs = [x, normal(1, 2, 2, seed=1), normal(1, 2, width, seed=2), *layer.parameters()]
    assert torch.autograd.gradgradcheck(run, [value.detach().clone().requires_grad_() for value in inputs])


@pytest.mark.parametrize("scatter", [False, True])
def test_gradients_of_gradients_are_those_of_the_reference(make: Make, gaps: Callable, scatter: bool):
    layer = make(input_size=I, hidden_size=H, bidirectional=True)
    x, between = normal(T, B, I), gaps(layer, normal(T, B, I))
    weights = [(scattered if scatter else Tensor.clone)(value.detach()) for value in layer.parameters()]

    def twice() -> list[Tensor]:
        inputs = [value.requires_grad_() for value in (x, *weights)]
        named = dict(zip(layer.state_dict(), inputs[1:], strict=True))
        output, last = functional_call(layer, named, (inputs[0], None, LENGTHS, between))
        once = torch.autograd.grad(output.square().sum() + last.h.sum(), inputs, create_graph=True)
        return [*once, *torch.autograd.grad(sum(value.square().sum() for value in once), inputs)]

    ours = twice()
    with using("reference"):
        equal(ours, twice())


def scattered(value: Tensor) -> Tensor:
    """The same values, no two of them neighbours in memory, and the dimensions in reversed order."""
    places = torch.full((*[2 * size for size in reversed(value.shape)],), torch.nan, dtype=value.dtype)
    view = places[(slice(None, None, 2),) * value.ndim].permute(*reversed(range(value.ndim)))
    view.copy_(value)
    assert torch.equal(view, value) and (view.numel() < 2 or not view.is_contiguous())
    return view


def test_the_layout_in_memory_is_irrelevant(make: Make, gaps: Callable, form: dict[str, object]):
    layer = make(input_size=I, hidden_size=H, **form)
    D = layer.num_layers * (2 if layer.bidirectional else 1)
    x, between = normal(T, B, I), gaps(layer, normal(T, B, I))
    h, c = normal(D, B, layer.proj_size or H, seed=1), normal(D, B, H * CELLS[layer.cell].has_c, seed=2)

    def everything(place: Callable[[Tensor], Tensor]) -> list[Tensor]:
        inputs = [place(value).requires_grad_() for value in (x, h, c)]
        weights = {name: place(value.detach()).requires_grad_() for name, value in layer.named_parameters()}
        lengths = place(LENGTHS.double()).long() if place is scattered else LENGTHS
        since = None if between is None else place(between)
        output, last = functional_call(layer, weights, (inputs[0], tuple(inputs[1:]), lengths, since))
        total = (output * place(normal(*output.shape))).sum() + (last.h * place(normal(*last.h.shape))).sum()
        total = total + last.c.sum()
        return [output, *last, *torch.autograd.grad(total, [*inputs, *weights.values()])]

    equal(everything(scattered), everything(torch.clone))


def test_what_came_before_is_not_changed(make: Make, gaps: Callable, form: dict[str, object]):
    layer = make(input_size=I, hidden_size=H, **form)
    D = layer.num_layers * (2 if layer.bidirectional else 1)
    x, state = normal(T, B, I), [normal(D, B, layer.proj_size or H), normal(D, B, H * CELLS[layer.cell].has_c)]
    given = [x, *state, LENGTHS]
    before = [value.clone() for value in given]
    output, _ = layer(x, tuple(state), LENGTHS, gaps(layer, x))
    output.sum().backward()
    assert all(torch.equal(a, b) for a, b in zip(given, before, strict=True))


def test_what_is_computed_again_in_the_backward_pass_gives_the_same_gradients(layer: LSTM):
    between = since(layer)

    def gradients(run: Callable[..., Tensor]) -> list[Tensor]:
        x = normal(T, B, I).requires_grad_()
        return list(torch.autograd.grad(run(x).square().sum(), [x, *layer.parameters()]))

    def output(x: Tensor) -> Tensor:
        return layer(x, None, LENGTHS, between)[0]

    equal(gradients(lambda x: checkpoint(output, x, use_reentrant=False)), gradients(output))
