"""The operators, every cell and form: the same bits as by address, nothing unchecked, and what else is in graphs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.export import Dim
from torch.func import grad, vmap
from torch.utils._python_dispatch import TorchDispatchMode

from recollect.core.errors import InputError, ShapeError
from recollect.kernels.dispatch import using
from recollect.kernels.machine import core_trouble
from recollect.kernels.operators import WIDTH
from recollect.kernels.tasks import Manner
from recollect.nn import LSTM, Recurrent
from recollect.nn.cells import CELLS

pytestmark = [
    pytest.mark.skipif(bool(core_trouble()), reason="installed without a compiled core"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of torch's own compiler
]

T, B, I, H = 4, 3, 2, 3  # noqa: E741
LENGTHS = torch.tensor([2, 4, 0])
FORMS = {
    "plain": {},
    "two layers, both directions": {"num_layers": 2, "bidirectional": True},
    "projected": {"proj_size": 2},
    "relu": {"activation": "relu", "batch_first": True},
    "noise": {"regularize": Recurrent(0.2, 0.3, 0.0, 0.3), "bidirectional": True},
    "zoneout of the cell": {"regularize": Recurrent(zoneout_cell=0.4)},
}
MEMBERS = [
    (cell, form)
    for cell in CELLS
    for form in FORMS
    if CELLS[cell].has_c or not ("proj_size" in FORMS[form] or "of the cell" in form)
]


class Watch(TorchDispatchMode):
    """Looks on, as a tracer does, and notes which of our operators are called."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function.namespace == "recollect":
            self.seen.append(function.name().removeprefix("recollect::"))
        return function(*args, **(kwargs or {}))


def random(cell: str, **form: object) -> LSTM:
    torch.manual_seed(0)
    layer = LSTM(I, H, cell=cell, **form).double()
    with torch.no_grad():
        for value in layer.parameters():
            value.add_(0.3 * torch.randn_like(value))
    return layer


def given(layer: LSTM) -> tuple[Tensor, tuple[Tensor, Tensor], Tensor, Tensor | None]:
    """x, state, lengths and gaps for ``layer``."""
    torch.manual_seed(1)
    rows, wide = layer.num_layers * (1 + layer.bidirectional), layer.proj_size or H
    state = torch.randn(rows, B, wide).double(), torch.randn(rows, B, H * CELLS[layer.cell].has_c).double()
    x, gaps = torch.randn(T, B, I).double(), torch.rand(T, B).double() if CELLS[layer.cell].reads_gaps else None
    if layer.batch_first:
        x, gaps = x.transpose(0, 1), None if gaps is None else gaps.t()
    return x, state, LENGTHS, gaps


def everything(layer: LSTM) -> list[Tensor]:
    """Output, state and all gradients, under the same noise each time."""
    x, state, lengths, gaps = given(layer)
    inputs = [value.requires_grad_() for value in (x.clone(), *state)]
    torch.manual_seed(2)
    output, last = layer(inputs[0], tuple(inputs[1:]), lengths, gaps)
    total = output.sin().sum() + last.h.square().sum() + last.c.sum()
    return [output, *last, *torch.autograd.grad(total, [*inputs, *layer.parameters()])]


def arguments(cell: str, reverse: bool = True) -> list[Any]:
    """What ``recollect::forward`` takes, with all that the cell can have; those with a gradient want one."""
    layer = random(cell, bidirectional=True, proj_size=2 * CELLS[cell].has_c, regularize=FORMS["noise"]["regularize"])
    x, state, lengths, gaps = given(layer)
    made = layer._layer(0, int(reverse), x, gaps, layer._case(x))
    inputs = (x, state[0][0], state[1][0], *made.weights)
    wanting = [None if value is None else value.detach().clone().requires_grad_() for value in inputs]
    return [*wanting, *Manner.of(made, lengths)]


def without_gradient(arguments: list[Any]) -> list[Any]:
    return [value.detach() if isinstance(value, Tensor) else value for value in arguments]


def ragged(arguments: list[Any], lengths: Tensor) -> list[Any]:
    place = WIDTH + Manner._fields.index("lengths")
    return [*arguments[:place], lengths, *arguments[place + 1 :]]


@pytest.mark.parametrize(("cell", "form"), MEMBERS, ids=[" ".join(member) for member in MEMBERS])
def test_operators_are_taken_where_somebody_looks_on_and_give_the_same_bits(cell: str, form: str):
    layer = random(cell, **FORMS[form])
    for training in (True, False):
        layer.train(training)
        expected = everything(layer)
        with Watch() as watch:
            found = everything(layer)
        assert all(torch.equal(one, other) for one, other in zip(found, expected, strict=True))
        layers = layer.num_layers * (1 + layer.bidirectional)
        assert watch.seen.count("keep") == watch.seen.count("retrace") == layers
        x, *others = given(layer)
        with torch.no_grad(), Watch() as watch:
            layer(x, *others)
        assert watch.seen == ["ends", *["since"] * CELLS[cell].reads_gaps, *["forward"] * layers]


@pytest.mark.parametrize("cell", ["layernorm", "decay"])
def test_torch_finds_no_fault_with_the_way_back(cell: str):
    operators, plain = torch.ops.recollect, without_gradient(arguments(cell))
    output, _, c, kept = operators.keep(*plain)
    torch.library.opcheck(operators.retrace.default, (*plain, output, kept, output.cos(), None, c.sin(), True))
    full = ragged(plain, torch.full((B,), T))  # behind a row's end nothing is written
    torch.library.opcheck(operators.keep.default, tuple(full))


def test_torch_finds_no_fault_with_the_checks():
    torch.library.opcheck(torch.ops.recollect.ends.default, (LENGTHS.int(), T))
    torch.library.opcheck(torch.ops.recollect.since.default, (torch.rand(T, B),))


@pytest.mark.parametrize("lengths", [[5, 0, 1], [-1, 0, 1]])
def test_lengths_out_of_range_reach_no_kernel(lengths: list[int]):
    plain = without_gradient(arguments("lstm"))
    output, h, c, kept = torch.ops.recollect.keep(*plain)
    wrong = ragged(plain, torch.tensor(lengths))
    calls: list[Callable[[], object]] = [
        lambda: torch.ops.recollect.forward(*wrong),
        lambda: torch.ops.recollect.keep(*wrong),
        lambda: torch.ops.recollect.retrace(*wrong, output, kept, output, h, c, True),
        lambda: torch.ops.recollect.ends(torch.tensor(lengths), T),
    ]
    for call in calls:
        with pytest.raises(ShapeError, match=rf"lengths reach from {min(lengths)} to {max(lengths)}, and must lie in"):
            call()


@pytest.mark.parametrize("gap", [-1.0, torch.nan, torch.inf])
def test_gaps_out_of_range_are_refused(gap: float):
    with pytest.raises(InputError, match=f"gaps hold {gap}, and must be finite and not negative"):
        torch.ops.recollect.since(torch.tensor([[0.0, gap]]))


@pytest.mark.parametrize(("steps", "rows"), [(0, 2), (3, 0)])
@pytest.mark.parametrize("cell", CELLS)
def test_an_empty_batch_passes_the_state_on_and_its_gradient_back(cell: str, steps: int, rows: int):
    _, _, _, *weights = arguments(cell)[:WIDTH]
    x, h = torch.randn(steps, rows, I).double(), torch.randn(rows, weights[1].shape[1]).double().requires_grad_()
    c = torch.randn(rows, H * CELLS[cell].has_c).double().requires_grad_()
    gaps = torch.rand(steps, rows).double() if CELLS[cell].reads_gaps else None
    manner = Manner(cell, "tanh", False, None, gaps, None, None, 0.0, 0.0)
    output, last, end = torch.ops.recollect.forward(x, h, c, *weights, *manner)
    assert output.shape == (steps, rows, h.shape[1])
    assert torch.equal(last, h) and torch.equal(end, c)
    (2 * last.sum() + 3 * end.sum() + output.sum()).backward()
    assert (h.grad == 2).all() and (c.grad == 3).all()
    assert not any(value.grad.any() for value in weights if value is not None)


def test_second_derivatives_are_refused_in_a_graph():
    layer = random("lstm")
    x = torch.randn(T, B, I).double().requires_grad_()
    with Watch():
        output, _ = layer(x)
    with pytest.raises(InputError, match="no second derivative goes through a compiled or exported LSTM"):
        torch.autograd.grad(output.sin().sum(), x, create_graph=True)


def test_a_fake_tensor_gives_the_shapes():
    from torch._subclasses.fake_tensor import FakeTensorMode

    for cell in CELLS:
        with FakeTensorMode():
            layer, gaps = LSTM(I, H, 2, cell=cell, bidirectional=True), torch.rand(T, B)
            between = gaps if CELLS[cell].reads_gaps else None
            output, last = layer(torch.rand(T, B, I), None, torch.tensor([1, 2, 3]), between)
            output.sum().backward()
        assert output.shape == (T, B, 2 * H) and last.h.shape == (4, B, H)
        assert all(value.grad.shape == value.shape for value in layer.parameters())


@pytest.fixture
def layer() -> Iterator[LSTM]:
    torch._dynamo.reset()
    yield random("lstm")
    torch._dynamo.reset()


def one_graph(function: Callable[..., Any]) -> Callable[..., Any]:
    return torch.compile(function, fullgraph=True, backend="aot_eager")


def test_a_graph_is_made_anew_for_another_path(layer: LSTM):
    x, graph = torch.randn(T, B, I).double(), one_graph(layer)
    ours = graph(x)[0]
    with using("reference"):
        reference = graph(x)[0]
        assert torch.equal(reference, layer(x)[0])
    assert not torch.equal(reference, ours)  # another path has other last digits
    assert torch.equal(graph(x)[0], ours) and torch.equal(ours, layer(x)[0])


def test_traces_and_steps_are_the_same_in_a_graph(layer: LSTM):
    x = torch.randn(T, B, I).double()
    torch.testing.assert_close(tuple(one_graph(layer.trace)(x)), tuple(layer.trace(x)))
    with torch.no_grad():
        _, state = layer.step(x[0])
        y, last = one_graph(layer.step)(x[1], state)  # while a stream is open
        expected, end = layer.step(x[1], state)
    assert torch.equal(y, expected) and torch.equal(last.c, end.c)


@pytest.mark.parametrize("transform", [vmap, lambda f: grad(lambda x: f(x).sum())], ids=["vmap", "grad"])
def test_a_transform_in_a_graph_is_the_transform(layer: LSTM, transform: Callable[..., Any]):
    turned, x = transform(lambda x: layer(x)[0]), torch.randn(2, B, I).double()
    torch.testing.assert_close(one_graph(turned)(x), turned(x))


def test_gaps_are_looked_after_when_a_graph_runs(layer: LSTM):
    graph = one_graph(random("decay"))
    with pytest.raises(InputError, match=r"gaps hold -1\.0, and must be finite and not negative"):
        graph(torch.randn(T, B, I).double(), gaps=-torch.ones(T, B).double())


def test_an_exported_layer_reads_backwards_and_nothing_at_all():
    exported = random("decay", bidirectional=True, batch_first=True).eval()
    x, _, _, gaps = given(exported)
    layout = {0: Dim("rows", max=99), 1: Dim("time", max=99)}
    shapes = {"x": layout, "state": None, "lengths": None, "gaps": layout}
    graph = torch.export.export(exported, (x, None, None, gaps), dynamic_shapes=shapes).module()
    for rows, steps in ((5, 9), (1, 1), (3, 0), (0, 3)):
        x, gaps = torch.randn(rows, steps, I).double(), torch.rand(rows, steps).double()
        (found, last), (expected, end) = graph(x, None, None, gaps), exported(x, None, None, gaps)
        assert torch.equal(found, expected) and torch.equal(last.c, end.c)
