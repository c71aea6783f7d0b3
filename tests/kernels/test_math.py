"""The vector functions of the core keep the errors that csrc/math.hpp states, by every instruction set."""

from __future__ import annotations

from types import ModuleType

import pytest

from recollect.kernels.machine import load_core

SETS = () if load_core() is None else tuple(load_core().instruction_sets())  # type: ignore[union-attr]
BOUNDS = {"exp": 2.0, "sigmoid": 3.0, "tanh": 3.0}  # units of the last place


@pytest.fixture
def core() -> ModuleType:
    return pytest.importorskip("recollect._core", reason="installed without a compiled core")


@pytest.mark.parametrize("isa", SETS)
@pytest.mark.parametrize("name", BOUNDS)
@pytest.mark.parametrize("double", [False, True])
def test_errors_stay_within_what_is_stated(
    core: ModuleType, monkeypatch: pytest.MonkeyPatch, isa: str, name: str, double: bool
) -> None:
    monkeypatch.setenv("RECOLLECT_ISA", isa)
    worst, where = core.worst_error(name, double, 37 if double else 4099)
    assert 0.3 < worst <= BOUNDS[name], (
        f"{worst} at {where}"
    )  # none is exact everywhere: a test that sees nothing fails


def test_what_cannot_be_asked_is_told(core: ModuleType) -> None:
    with pytest.raises(ValueError, match="there is no sine"):
        core.worst_error("sine", False, 1)
    with pytest.raises(ValueError, match="stride is 0"):
        core.worst_error("tanh", False, 0)
