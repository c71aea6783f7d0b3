"""Whatever the sizes, nothing, a vector, several and a rest: the kernels compute what the reference does."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from recollect.kernels.dispatch import using
from recollect.kernels.machine import core_trouble
from recollect.nn import LSTM
from recollect.nn.cells import ACTIVATIONS, CELLS

pytestmark = pytest.mark.skipif(bool(core_trouble()), reason="installed without a compiled core")

SOME, ANY = st.integers(1, 70), st.integers(0, 70)


@st.composite
def layers(draw: st.DrawFn) -> LSTM:
    cell = draw(st.sampled_from(sorted(CELLS)))
    projection = draw(st.sampled_from([0, draw(SOME)])) if CELLS[cell].has_c else 0
    hidden_size = draw(SOME)
    torch.manual_seed(draw(st.integers(0, 99)))
    return LSTM(
        draw(SOME),
        hidden_size,
        cell=cell,
        activation=draw(st.sampled_from(sorted(ACTIVATIONS))),
        bidirectional=draw(st.booleans()),
        proj_size=projection if projection < hidden_size else 0,
    ).double()


def everything(path: str, layer: LSTM, x: Tensor, lengths: Tensor | None, gaps: Tensor | None) -> dict[str, Tensor]:
    """Output, last state, and the gradients of x and of every weight."""
    layer.zero_grad()
    x = x.clone().requires_grad_()
    with using(path):
        output, state = layer(x, None, lengths, gaps)
        (output.square().sum() + state.h.sum() + state.c.square().sum()).backward()
    grads = {name: value.grad.clone() for name, value in layer.named_parameters() if value.grad is not None}
    grads |= {} if x.grad is None else {"x": x.grad}
    return {"output": output.detach(), "h": state.h.detach(), "c": state.c.detach(), **grads}


@settings(max_examples=200, deadline=None)
@given(layer=layers(), T=ANY, B=SOME, ragged=st.booleans(), threads=st.sampled_from([1, 2, 3]), data=st.data())
def test_any_shape_is_that_of_the_reference(
    layer: LSTM, T: int, B: int, ragged: bool, threads: int, data: st.DataObject
):
    if layer.activation == "relu":
        T = min(T, 6)  # such a cell may double at every step
    lengths = torch.tensor([data.draw(st.integers(0, T)) for _ in range(B)]) if ragged else None
    x = torch.randn(T, B, layer.input_size, dtype=torch.float64)
    gaps = torch.rand(T, B, dtype=torch.float64) if layer.cell == "decay" else None
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        found = everything("compiled", layer, x, lengths, gaps)
    finally:
        torch.set_num_threads(before)
    expected = everything("reference", layer, x, lengths, gaps)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        scale = max(1.0, float(value.abs().max())) if value.numel() else 1.0  # a relu cell may still grow far
        torch.testing.assert_close(
            found[name] / scale, value / scale, rtol=0, atol=1e-9, msg=lambda m, n=name: f"{n}: {m}"
        )


# Rows are shared, or the units of few rows; those of a large layer by a rule that asks for no cell.
SHARED = [(cell, size) for cell in sorted(CELLS) for size in ((20, 40, 8, 40), (20, 2, 8, 200))]


@pytest.mark.parametrize(("cell", "size"), [*SHARED, ("lstm", (3, 20, 3, 720))], ids=str)
def test_any_number_of_threads_gives_the_same_bits(cell: str, size: tuple[int, int, int, int]):
    T, B, inputs, units = size
    torch.manual_seed(0)
    layer, x = LSTM(inputs, units, cell=cell), torch.randn(T, B, inputs)
    lengths = torch.randint(T // 2, T + 1, (B,))
    gaps = torch.rand(T, B) if cell == "decay" else None
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 3, 7):
            torch.set_num_threads(threads)
            found.append(everything("compiled", layer, x, lengths, gaps))
    finally:
        torch.set_num_threads(before)
    for other in found[1:]:
        assert all(torch.equal(other[name], value) for name, value in found[0].items())
    for name, value in everything("reference", layer, x, lengths, gaps).items():
        scale = max(1.0, float(value.abs().max())) if value.numel() else 1.0
        torch.testing.assert_close(
            found[0][name] / scale, value / scale, rtol=0, atol=2e-5, msg=lambda m, n=name: f"{n}: {m}"
        )


@pytest.mark.parametrize("cell", sorted(CELLS))
@pytest.mark.parametrize(("T", "B"), [(0, 3), (4, 0), (0, 0)])
def test_where_there_is_nothing_the_same_values_have_gradients(cell: str, T: int, B: int):
    layer = LSTM(5, 6, cell=cell).double()
    x = torch.zeros(T, B, 5, dtype=torch.float64)
    gaps = x[..., 0] if cell == "decay" else None
    found, expected = (everything(path, layer, x, None, gaps) for path in ("compiled", "reference"))
    assert {"x", *dict(layer.named_parameters())} <= found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)
