"""The kernels in graphs: torch.compile without a break, torch.export at any length and batch, torch's own checks."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn
from torch.export import Dim

from recollect.core.errors import ShapeError
from recollect.kernels.contract import Layer
from recollect.kernels.machine import core_trouble
from recollect.kernels.tasks import Manner
from recollect.nn import LSTM, Recurrent
from recollect.nn.cells import CELLS

pytestmark = [
    pytest.mark.skipif(bool(core_trouble()), reason="installed without a compiled core"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of torch's own compiler
]

T, B, I, H = 5, 4, 3, 4  # noqa: E741
LENGTHS = torch.tensor([5, 2, 0, 4])


@pytest.fixture(autouse=True)
def afresh() -> Iterator[None]:
    torch._dynamo.reset()
    torch.manual_seed(0)
    yield
    torch._dynamo.reset()


def gaps_of(layer: LSTM, x: Tensor) -> Tensor | None:
    return torch.rand(x.shape[:2]) if CELLS[layer.cell].reads_gaps else None


def outcome(run: nn.Module, layer: LSTM, x: Tensor, *others: object) -> list[Tensor]:
    """Output, state and the gradients of everything, from the same weights and random numbers."""
    layer.zero_grad()
    x = x.clone().requires_grad_()
    torch.manual_seed(1)
    output, last = run(x, *others)
    (output.sin().sum() + last.h.cos().sum() + last.c.sum()).backward()
    grads = [value.grad for value in (x, *layer.parameters())]
    return [value.detach() for value in (output, *last, *grads) if value is not None]


@pytest.mark.parametrize("form", [{}, {"num_layers": 2, "bidirectional": True, "batch_first": True}], ids=str)
@pytest.mark.parametrize("cell", CELLS)
def test_a_compiled_layer_is_the_layer_gradients_included(cell: str, form: dict[str, object]):
    layer = LSTM(I, H, cell=cell, **form)
    x = torch.randn(B, T, I) if layer.batch_first else torch.randn(T, B, I)
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    for others in ((), (None, LENGTHS)):
        given = (*others, *[None] * (2 - len(others)), gaps_of(layer, x))
        found, expected = outcome(compiled, layer, x, *given), outcome(layer, layer, x, *given)
        assert len(found) == len(expected)
        assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))


@pytest.mark.parametrize(
    "noise", [{"dropconnect": 0.3}, {"variational": 0.3}, {"zoneout_cell": 0.2, "zoneout_output": 0.1}], ids=str
)
def test_noise_in_the_recurrence_is_the_same_in_a_graph(noise: dict[str, float]):
    layer = LSTM(I, H, regularize=Recurrent(**noise))
    x = torch.randn(T, B, I)
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    found, expected = outcome(compiled, layer, x), outcome(layer, layer, x)
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))


def test_inductor_trains_a_network_with_a_layer_in_it():
    network = nn.ModuleDict({"lstm": LSTM(I, H), "head": nn.Linear(H, 2)})

    def loss(x: Tensor) -> Tensor:
        return network["head"](network["lstm"](x)[0]).square().mean()

    found = []
    for run in (torch.compile(loss, fullgraph=True), loss):
        network.zero_grad()
        run(torch.ones(T, B, I)).backward()
        found.append([value.grad for value in network.parameters()])
    torch.testing.assert_close(*found, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("cell", ["lstm", "layernorm", "gru"])
@pytest.mark.parametrize("ragged", [False, True], ids=["whole", "ragged"])
def test_an_exported_layer_reads_any_length_and_batch(cell: str, ragged: bool):
    layer = LSTM(I, H, cell=cell).eval()
    time, rows = Dim("time", min=2, max=500), Dim("rows", min=2, max=500)
    x, lengths = torch.randn(T, B, I), LENGTHS if ragged else None
    shapes = {"x": {0: time, 1: rows}, "state": None, "lengths": {0: rows} if ragged else None}
    program = torch.export.export(layer, (x, None, lengths), dynamic_shapes=shapes)
    file = io.BytesIO()
    torch.export.save(program, file)
    file.seek(0)
    again = torch.export.load(file).module()
    for steps, batch in ((T, B), (11, 7), (2, 3)):
        other, ends = torch.randn(steps, batch, I), torch.randint(0, steps + 1, (batch,)) if ragged else None
        (found, _), (expected, _) = again(other, None, ends), layer(other, None, ends)
        assert torch.equal(found, expected)


def test_lengths_are_looked_after_when_a_graph_runs():
    compiled = torch.compile(LSTM(I, H), fullgraph=True, backend="aot_eager")
    x = torch.randn(T, B, I)
    compiled(x, None, LENGTHS)
    with pytest.raises(ShapeError, match=r"lengths reach from 1 to 6, and must lie in 0\.\.5"):
        compiled(x, None, torch.tensor([1, 6, 2, 3]))


@pytest.mark.parametrize("cell", CELLS)
def test_the_operators_keep_torchs_rules(cell: str):
    layer = LSTM(I, H, cell=cell).double()
    weights = [None if value is None else value.detach().requires_grad_() for value in layer.weights(0)]
    x = torch.randn(T, B, I, dtype=torch.float64, requires_grad=True)
    h, c = torch.randn(B, H).double(), torch.randn(B, H if CELLS[cell].has_c else 0).double()
    gaps = torch.rand(T, B).double() if CELLS[cell].reads_gaps else None
    case = layer._case(x)
    manner = Manner.of(Layer(case, layer._layer(0, 0, x, gaps, case).step, layer.weights(0), gaps=gaps), LENGTHS)
    torch.library.opcheck(torch.ops.recollect.forward.default, (x, h, c, *weights, *manner))

    present = [value is not None for value in weights]

    def read_all(*values: Tensor) -> tuple[Tensor, ...]:
        rest = iter(values[3:])
        return torch.ops.recollect.forward(*values[:3], *(next(rest) if there else None for there in present), *manner)

    given = (x, h.requires_grad_(), c.requires_grad_(), *(value for value in weights if value is not None))
    assert torch.autograd.gradcheck(read_all, given)
