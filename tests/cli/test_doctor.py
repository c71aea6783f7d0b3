"""The doctor tells the truth about this installation."""

from __future__ import annotations

import importlib.metadata

import pytest
import torch
from typer.testing import CliRunner

import recollect
from recollect.cli import build, doctor
from recollect.kernels.dispatch import PATHS


def told(*options: str) -> dict[str, str]:
    """What the doctor says of each thing, on a terminal wide enough for every sentence."""
    result = CliRunner().invoke(build(), ["doctor", *options], env={"COLUMNS": "400"})
    assert result.exit_code == 0, result.output
    pairs = [line.strip().partition("  ") for line in result.stdout.splitlines()]
    return {name: fact.strip() for name, _, fact in pairs}


def test_versions_threads_and_paths() -> None:
    facts = told()
    assert facts["recollect"] == recollect.__version__
    assert torch.__version__.startswith(facts["torch"])
    assert facts["numpy"] == importlib.metadata.version("numpy")
    assert f"torch computes with {torch.get_num_threads()} threads" in facts["cores"]
    assert {path.name: path.serves for path in PATHS}.items() <= facts.items()
    assert facts["for relu, cpu"].startswith("compiled: ")
    assert "float32 peak" not in facts


def test_the_peak_is_measured_on_request() -> None:
    peak = told("--peak")["float32 peak"]
    assert "unknown" in peak or float(peak.split()[0]) > 0


def test_a_missing_extra_comes_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(doctor.EXTRAS, "calendar", "no-such-package")
    assert told()["calendar"] == "not installed: pip install 'recollect[calendar]'"
