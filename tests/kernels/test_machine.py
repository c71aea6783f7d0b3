"""The facts that the doctor tells; the compiled core where it is built."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from types import ModuleType

import pytest

import recollect.kernels
from recollect.kernels.machine import machine, peak_gflops

STUB = Path(recollect.kernels.__file__).parents[1] / "_core.pyi"


@pytest.fixture
def core() -> ModuleType:
    return pytest.importorskip("recollect._core", reason="installed without a compiled core")


@pytest.fixture
def no_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("recollect._core", raising=False)
    monkeypatch.setitem(sys.modules, "recollect._core", None)


def test_the_widest_instruction_set_is_used(core: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RECOLLECT_ISA", raising=False)
    facts = machine()
    assert facts.core == "present"
    assert facts.cores >= 1
    assert facts.instruction_set == facts.instruction_sets[-1]
    known = ("baseline", "avx2", "avx512")
    assert facts.instruction_sets in [("neon",), *(known[:count] for count in (1, 2, 3))]


def test_every_instruction_set_can_be_asked_for(core: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in core.instruction_sets():
        monkeypatch.setenv("RECOLLECT_ISA", name)
        assert machine().instruction_set == name
        assert (peak_gflops(0.001) or 0) > 0.1


def test_an_unknown_instruction_set_is_told(core: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECOLLECT_ISA", "mmx")
    facts = machine()
    assert facts.instruction_set is None
    assert "RECOLLECT_ISA is 'mmx', but this machine offers: " + ", ".join(facts.instruction_sets) in facts.core
    assert peak_gflops() is None
    with pytest.raises(ValueError, match="mmx"):
        core.peak_flops(0.001)


@pytest.mark.usefixtures("no_core")
def test_without_the_core_the_facts_say_why() -> None:
    facts = machine()
    assert facts.core.startswith("absent: ")
    assert "compiler" in facts.core
    assert (facts.instruction_set, facts.instruction_sets, peak_gflops()) == (None, (), None)


def test_the_stub_lists_what_the_core_offers(core: ModuleType) -> None:
    declared = {
        node.name for node in ast.parse(STUB.read_text()).body if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
    assert declared == {name for name in dir(core) if not name.startswith("_")}
