"""The members: every path with every cell, activation and form that it serves. What the tables list is tested by it."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest
import torch
from torch import Tensor

from recollect.core.errors import InputError
from recollect.kernels.contract import Case
from recollect.kernels.dispatch import PATHS, chosen, using
from recollect.nn import LSTM
from recollect.nn.cells import ACTIVATIONS, CELLS

FORMS = {
    "plain": {},
    "two layers": {"num_layers": 2},
    "both directions": {"bidirectional": True},
    "projected": {"proj_size": 2},
    "everything": {"num_layers": 2, "bidirectional": True, "proj_size": 2},
    "two layers, both directions": {"num_layers": 2, "bidirectional": True},
}
Member = tuple[str, str, str]


def serves(path: str, cell: str, activation: str, projected: bool) -> bool:
    if projected and not CELLS[cell].has_c:
        return False
    try:
        with using(path):
            return bool(chosen(Case(cell, activation, torch.float64, projected=projected)))
    except InputError:
        return False


def members(form: str) -> list[Member]:
    return [
        (path.name, cell, activation)
        for path in PATHS
        for cell in CELLS
        for activation in ACTIVATIONS
        if serves(path.name, cell, activation, "proj_size" in FORMS[form])
    ]


def pairs() -> list[tuple[Member, str]]:
    """Each member with each form that fits; with a projection "everything" holds what the last form does."""
    last = list(FORMS)[-1]
    return [(member, form) for form in FORMS for member in members(form) if form != last or not CELLS[member[1]].has_c]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "cells(*names): the law is one of these cells alone")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "make" not in metafunc.fixturenames:
        return
    if "form" in metafunc.fixturenames:
        ids = [" ".join((*member, form)) for member, form in pairs()]
        metafunc.parametrize(("make", "form"), pairs(), ids=ids, indirect=True)
    else:
        only = metafunc.definition.get_closest_marker("cells")
        fitting = [member for member in members("plain") if only is None or member[1] in only.args]
        metafunc.parametrize("make", fitting, ids=" ".join, indirect=True)


def _made(cell: str, activation: str, seed: int, sizes: tuple[int, int], form: dict[str, object]) -> LSTM:
    layer = LSTM(*sizes, cell=cell, activation=activation, **form).double()
    draw = torch.Generator()
    layer.reset_parameters(draw.manual_seed(seed))
    with torch.no_grad():
        for name, value in layer.named_parameters():
            if name[0] in "bE":  # what is born 0 or 1 hides mistakes
                value.uniform_(-1, 1, generator=draw.manual_seed(seed + 1))
                if name[0] == "E":  # a cell that peeps at itself with more than that explodes under relu
                    value.mul_(0.3)
    return layer


Maker = tuple[str, Callable[[], LSTM]]


@pytest.fixture(scope="session")
def any_layer() -> list[Maker]:
    """Every member in every form: the path, and what makes a small layer."""
    return [
        (path, partial(_made, cell, activation, 0, (2, 3), FORMS[form])) for (path, cell, activation), form in pairs()
    ]


@pytest.fixture
def make(request: pytest.FixtureRequest) -> Iterator[Callable[..., LSTM]]:
    """Makes layers of the member, with random weights throughout, and computes them by its path."""
    path, cell, activation = request.param

    def layer(seed: int = 0, input_size: int = 3, hidden_size: int = 4, **form: object) -> LSTM:
        return _made(cell, activation, seed, (input_size, hidden_size), form)

    with using(path):
        yield layer


@pytest.fixture
def form(request: pytest.FixtureRequest) -> dict[str, object]:
    return FORMS[request.param]


@pytest.fixture(scope="session")
def gaps() -> Callable[[LSTM, Tensor], Tensor | None]:
    """The gaps that a layer needs, if it does: a function of x, so that what moves x moves them along."""
    return lambda layer, x: x.detach()[..., 0].abs() if CELLS[layer.cell].reads_gaps else None


@pytest.fixture(scope="session")
def read(gaps: Callable[[LSTM, Tensor], Tensor | None]) -> Callable[..., tuple[Tensor, tuple[Tensor, Tensor]]]:
    """Calls a layer with the gaps that it needs."""
    return lambda layer, x, state=None, lengths=None: layer(x, state, lengths, gaps(layer, x))
