"""Layers and inputs for the laws, which hold of every cell."""

from __future__ import annotations

import importlib
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from recollect.kernels.contract import Case
from recollect.kernels.dispatch import chosen
from recollect.memory import Recording
from recollect.nn import LSTM
from recollect.nn.cells import CELLS

I, H = 3, 4  # noqa: E741


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "cell" in metafunc.fixturenames:
        metafunc.parametrize("cell", CELLS)
    if "gated" in metafunc.fixturenames:
        metafunc.parametrize("gated", [name for name in CELLS if name != "rnn"])


@pytest.fixture
def make() -> Callable[..., LSTM]:
    """Makes a layer with random weights throughout, the same ones each time."""

    def made(cell: str, input_size: int = I, hidden_size: int = H, **form: object) -> LSTM:
        layer, draw = LSTM(input_size, hidden_size, cell=cell, **form), torch.Generator().manual_seed(5)
        layer.reset_parameters(draw)
        with torch.no_grad():
            for name, value in layer.named_parameters():
                if name[0] in "bE":
                    value.uniform_(-1, 1, generator=draw)
                if name[0] == "E":  # a cell that peeps at itself with more than that explodes
                    value.mul_(0.3)
        return layer

    return made


@pytest.fixture
def still() -> Callable[[str, list[float]], LSTM]:
    """Makes a layer that reads nothing and whose units keep these shares at each step."""

    def made(cell: str, keep: list[float]) -> LSTM:
        layer, kind, units = LSTM(I, len(keep), cell=cell), CELLS[cell], len(keep)
        W, R, b, _, E = layer.weights(0)
        assert kind.remembers is not None
        gate, sign = kind.remembers
        with torch.no_grad():
            for value in (W, R, b):
                value.zero_()
            if cell == "decay":
                E.zero_()
            b[kind.gates.index(gate) * units :][:units] = sign * torch.tensor(keep).logit()
            if cell == "gru":
                b[-units:] = 0.5  # the candidate: what the memory returns to
        return layer

    return made


@pytest.fixture
def normal() -> Callable[..., Tensor]:
    return lambda *shape, seed=7: torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def gaps() -> Callable[[LSTM, Tensor], Tensor | None]:
    """The gaps that a layer needs, if it does."""
    return lambda layer, x: x[..., 0].abs() if CELLS[layer.cell].reads_gaps else None


@pytest.fixture
def exact() -> Callable[[LSTM], bool]:
    """Whether the compiled kernels compute a layer: then cutting a sequence changes no bit."""
    return lambda layer: chosen(Case(layer.cell)).path.name == "compiled"


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Makes everything that goes by pieces take small ones."""

    def change(size: int) -> None:
        for name in ("reading", "record", "recording", "injection", "reach"):
            monkeypatch.setattr(importlib.import_module(f"recollect.memory.{name}"), "BYTES", size)
        monkeypatch.setattr(importlib.import_module("recollect.memory.reach"), "ROOM", size)

    return change


@pytest.fixture
def told() -> Callable[..., Recording]:
    """A recording of one lstm unit that is told, not computed: lists of numbers by name."""

    def made(cell: str = "lstm", **values: list[float]) -> Recording:
        arrays = {name: np.array(value, dtype=np.float32)[:, None, None, None] for name, value in values.items()}
        return Recording(cell, 0.0, arrays)

    return made
