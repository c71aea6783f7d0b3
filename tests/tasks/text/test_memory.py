"""What is kept while a text is read: the cells are those of the network, and what follows a property is named."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from recollect import TextGenerator
from recollect.cli import build
from recollect.core.errors import DataError
from recollect.tasks.text.memory_report import build_report, pictures, units_csv


def test_cells_and_properties_are_those_of_the_text(generator: TextGenerator, other: Path) -> None:
    found, text = generator.memory(other), other.read_text()
    assert "".join(found.tokens) == text
    with torch.no_grad():
        tokens = torch.from_numpy(generator.model.tokenizer.encode(text))[:, None]
        trace = generator.model.network.lstm.trace(generator.model.network.embedding(tokens))
    np.testing.assert_allclose(found.cell(5), trace.c[:, 0, 0, 5].numpy(), rtol=1e-4, atol=1e-5)
    assert set(found.follows) == {"the place in the line", "the length of the line"}, "it has no quote and no bracket"
    place = [len(text[: n + 1].rpartition("\n")[2]) for n in range(len(text))]
    expected = np.corrcoef(found.cell(5), place)[0, 1]
    assert found.follows["the place in the line"].correlation[5] == pytest.approx(expected, abs=1e-6)


def test_the_report_names_the_unit_that_the_picture_shows(generator: TextGenerator, other: Path) -> None:
    found = generator.memory(other)
    drawn = pictures(found)
    report = build_report(found, drawn)
    above = [text.get_text() for text in drawn["ribbon"].axes[0].texts]
    assert (
        len(above) == 96
        and "".join(above).replace("\N{DOWNWARDS ARROW WITH CORNER LEFTWARDS}", "\n") in other.read_text()
    )
    for name, follows in found.follows.items():
        best = int(follows.order[0])
        followed = abs(follows.correlation[best]) > follows.chance
        assert (name in drawn) == followed
        assert any(
            said.startswith(f"Unit {best} follows {name}" if followed else "No unit") for said in report.headlines
        )
    rows = list(csv.DictReader(units_csv(found).splitlines()))
    assert len(rows) == 32 and float(rows[7]["half_life"]) == pytest.approx(found.half_life.median[0, 7], rel=1e-3)


def test_too_little_text_is_refused(generator: TextGenerator, tmp_path: Path) -> None:
    (tmp_path / "short.txt").write_text("the cat\n")
    with pytest.raises(DataError, match="8 tokens, too few"):
        generator.memory(tmp_path / "short.txt")


def test_recollect_memory_shows_a_text_generator(generator: TextGenerator, other: Path, tmp_path: Path) -> None:
    generator.save(tmp_path / "model")
    words = ["memory", str(tmp_path / "model"), str(other), "--out", str(tmp_path / "memory")]
    result = CliRunner().invoke(build(), words)
    assert result.exit_code == 0, result.output
    assert "units lose half of what they hold" in result.stdout
    assert {"memory.html", "units.csv", "ribbon.png", "ribbon.svg"} <= {
        path.name for path in (tmp_path / "memory").iterdir()
    }
    refused = CliRunner().invoke(build(), [*words[:2], "--out", str(tmp_path / "memory")])
    assert refused.exit_code == 2 and "recollect memory MODEL TEXT" in refused.stderr
