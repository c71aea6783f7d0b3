"""What a layer reads by habit equals what it reads for the first time, whatever happens to it in between."""

import copy
import gc
import pickle
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.nn.utils import parametrizations
from torch.utils.checkpoint import checkpoint

from recollect.core.errors import ShapeError
from recollect.kernels.dispatch import using
from recollect.kernels.machine import core_trouble
from recollect.nn import LSTM, Recurrent

pytestmark = pytest.mark.skipif(bool(core_trouble()), reason="the quick way needs the compiled core")

T, B, I, H = 4, 3, 2, 5  # noqa: E741


def inputs(*size: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(*(size or (T, B, I)), generator=torch.Generator().manual_seed(1)).to(dtype)


def everything(layer: LSTM, x: Tensor) -> list[Tensor]:
    """Output, state and gradients of the layer and of x, from a loss that has a part in each."""
    x = x.detach().requires_grad_()
    output, last = layer(x)
    loss = output.sin().sum() + 2 * last.h.sum() + (last.c**2).sum()
    gradients = torch.autograd.grad(loss, [x, *layer.parameters()])
    return [output.detach(), *(value.detach() for value in last), *gradients]


def afresh(layer: LSTM, x: Tensor) -> list[Tensor]:
    made = copy.deepcopy(layer)
    assert made._habit is None
    return everything(made, x)


def same(left: list[Tensor], right: list[Tensor]) -> None:
    assert all(torch.equal(one, other) for one, other in zip(left, right, strict=True))


@pytest.fixture
def layer() -> LSTM:
    torch.manual_seed(0)
    made = LSTM(I, H)
    made(inputs())
    assert made._habit is not None
    return made


@pytest.mark.parametrize("cell", ["lstm", "peephole", "coupled", "layernorm", "gru", "rnn"])
@pytest.mark.parametrize("form", [{}, {"batch_first": True}, {"proj_size": 2}, {"activation": "relu"}], ids=str)
def test_a_habit_gives_the_same_bits(cell: str, form: dict[str, object]):
    if "proj_size" in form and cell in ("gru", "rnn"):
        pytest.skip("no projection without a cell value")
    torch.manual_seed(0)
    layer, x = LSTM(I, H, cell=cell, **form), inputs()
    first = everything(layer, x)
    habit = layer._habit
    same(everything(layer, x), first)
    assert layer._habit is habit is not None
    same(everything(layer, -x), afresh(layer, -x))
    with torch.no_grad():
        output, last = layer(x)
    same([output, *last], first[:3])
    assert not output.requires_grad


def _changed(layer: LSTM) -> None:
    with torch.no_grad():
        for value in layer.parameters():
            value.add_(0.1)


def _replaced(layer: LSTM) -> None:
    layer.R0 = nn.Parameter(layer.R0.detach().t().contiguous().t() + 0.1)


def _loaded(layer: LSTM) -> None:
    layer.load_state_dict(LSTM(I, H).state_dict(), assign=True)


@pytest.mark.parametrize(
    "happens",
    [
        _changed,
        _replaced,
        _loaded,
        LSTM.eval,
        LSTM.reset_parameters,
        lambda layer: layer.R0.requires_grad_(False).requires_grad_(),
        lambda layer: setattr(layer, "regularize", Recurrent(zoneout_cell=0.1)) or layer.eval(),
    ],
)
def test_what_happens_to_the_layer_is_seen(layer: LSTM, happens: Callable[[LSTM], object]):
    happens(layer)
    same(everything(layer, inputs()), afresh(layer, inputs()))


def test_a_parametrized_weight_is_made_anew(layer: LSTM):
    parametrizations.orthogonal(layer, "R0")
    first, _ = layer(inputs())
    with torch.no_grad():
        layer.parametrizations.R0.original.add_(0.5 * torch.randn(4 * H, H))
    assert not torch.equal(layer(inputs())[0], first)


@pytest.mark.parametrize("frozen", [True, False])
def test_gradients_go_where_they_are_wanted(layer: LSTM, frozen: bool):
    layer.requires_grad_(not frozen)
    assert layer(inputs())[0].requires_grad is not frozen
    x = inputs().requires_grad_()
    layer(x)[0].sum().backward()
    assert x.grad is not None and (layer.W0.grad is None) is frozen


def test_a_size_a_layout_and_a_dtype_of_their_own(layer: LSTM):
    for x in (
        inputs(7, B, I),
        inputs(T, 1, I),
        inputs(B, T, I).transpose(0, 1),
        inputs(T, B, 2 * I)[..., ::2],
        inputs(T, I),
    ):
        same(everything(layer, x), afresh(layer, x))
    layer.double()
    same(everything(layer, inputs(dtype=torch.float64)), afresh(layer, inputs(dtype=torch.float64)))


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (inputs(T, B, I + 1), "has 3 features, and the layer was made for 2"),
        (inputs(dtype=torch.float64), "x is torch.float64, and the weights are torch.float32"),
        (torch.empty(T, B, I, device="meta"), "x is on meta, and the weights are on cpu"),
    ],
)
def test_what_does_not_fit_is_refused(layer: LSTM, x: Tensor, said: str):
    with pytest.raises(ShapeError, match=said):
        layer(x)


def test_no_steps_and_no_rows_are_no_habit():
    layer = LSTM(I, H)
    for x in (inputs(0, B, I), inputs(T, 0, I)):
        assert [layer(x)[0].shape for _ in range(2)] == [torch.Size([*x.shape[:2], H])] * 2
        assert layer._habit is None


def test_copies_have_habits_of_their_own(layer: LSTM):
    for made in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert made._habit is None
        same(everything(made, inputs()), everything(layer, inputs()))


def test_whoever_asks_for_another_way_gets_it(layer: LSTM):
    x, expected = inputs(), layer(inputs())[0]
    with using("reference"):
        assert "Recurrence" not in type(layer(x)[0].grad_fn).__name__
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(x)[0].dtype == torch.bfloat16
    torch.testing.assert_close(vmap(lambda one: layer(one[:, None])[0][:, 0], 1, 1)(x), expected)
    others = {name: torch.zeros_like(value) for name, value in layer.named_parameters()}
    assert torch.equal(functional_call(layer, others, (x,))[0], torch.zeros(T, B, H))
    torch.testing.assert_close(torch.compile(layer, backend="aot_eager", fullgraph=True)(x)[0], expected)


def test_memory_that_is_kept_elsewhere_is_found_again(layer: LSTM):
    x, expected = inputs(), everything(layer, inputs())
    with torch.autograd.graph.saved_tensors_hooks(lambda value: value.clone(), lambda value: value.clone()):
        same(everything(layer, x), expected)
    values = x.requires_grad_()
    checkpoint(lambda x: layer(x)[0], values, use_reentrant=False).sin().sum().backward()
    plain = x.detach().requires_grad_()
    layer(plain)[0].sin().sum().backward()
    assert torch.equal(values.grad, plain.grad)


def test_second_derivatives_go_through_a_habit():
    layer = LSTM(I, 2).double()
    layer(inputs(3, 1, I, dtype=torch.float64))

    def run(x: Tensor) -> tuple[Tensor, ...]:
        output, last = layer(x)
        return output, *last

    x = inputs(3, 1, I, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradgradcheck(run, x)


def test_threads_share_a_habit(layer: LSTM):
    sequences = [inputs() * k for k in range(32)]
    expected = [everything(layer, x) for x in sequences]
    with ThreadPoolExecutor(4) as pool:
        for found, right in zip(pool.map(partial(everything, layer), sequences), expected, strict=True):
            same(found, right)


@pytest.mark.parametrize("cell", ["lstm", "peephole", "coupled", "layernorm", "gru", "rnn"])
@pytest.mark.parametrize("form", [{}, {"batch_first": True}, {"proj_size": 2}], ids=str)
def test_a_trace_by_habit_shows_the_same(cell: str, form: dict[str, object]):
    if "proj_size" in form and cell in ("gru", "rnn"):
        pytest.skip("no projection without a cell value")
    layer, x = LSTM(I, H, cell=cell, **form), inputs()
    state = (
        torch.zeros(1, x.shape[0 if "batch_first" in form else 1], layer.proj_size or H),
        torch.zeros(1, x.shape[0 if "batch_first" in form else 1], H if cell not in ("gru", "rnn") else 0),
    )
    expected = layer.trace(x, state)  # which a habit does not take
    assert layer._habit is None
    for _ in range(2):
        found = layer.trace(x)
        assert type(found) is type(expected) and not any(value.requires_grad for value in found)
        same([*found], [*expected])
    assert layer._habit is not None
    assert torch.equal(found.h[:, 0].transpose(0, 1) if layer.batch_first else found.h[:, 0], layer(x)[0])


def test_a_habit_that_began_in_inference_mode_learns_later():
    torch.manual_seed(0)
    layer, x = LSTM(I, H), inputs()
    with torch.inference_mode():
        layer(x)
    assert layer._habit is not None
    same(everything(layer, x), afresh(layer, x))


def test_a_habit_keeps_no_weights_that_the_layer_has_given_up(layer: LSTM):
    old = weakref.ref(layer.R0)
    layer.R0 = nn.Parameter(torch.zeros(4 * H, H))
    gc.collect()
    assert old() is None
