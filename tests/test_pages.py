"""The pages on the layer, its kernels and its memory: names that exist, and pieces of code that run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from recollect.kernels.machine import core_trouble

ROOT = Path(__file__).parents[1]
KERNEL = (ROOT / "docs/explanation/kernel.md").read_text(encoding="utf-8")
LAYER = (ROOT / "docs/how-to/layer.md").read_text(encoding="utf-8")
MEMORY = (ROOT / "docs/explanation/memory.md").read_text(encoding="utf-8")
FILE = r"(?:csrc|src|examples)/[\w./]+\.\w+"
WAY_DOWN = re.findall(rf"^\| `({FILE})` \| (.+) \|$", KERNEL, re.MULTILINE)


def quoted(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", text)


def test_the_kernel_page_names_files_that_exist() -> None:
    files = [word for word in quoted(KERNEL) if re.fullmatch(FILE, word)]
    assert len(files) > 20
    assert not [file for file in files if not (ROOT / file).exists()]


@pytest.mark.parametrize(("file", "what"), [pytest.param(*row, id=f"{n}-{row[0]}") for n, row in enumerate(WAY_DOWN)])
def test_the_way_down_names_what_its_files_hold(file: str, what: str) -> None:
    code = (ROOT / file).read_text(encoding="utf-8")
    names = [name for name in quoted(what) if not name.startswith("trace.")]  # what the reader looks at
    words = [word for name in names for word in re.findall(r"[A-Za-z_]\w*", name)]
    missing = [word for word in words if not re.search(rf"\b{word}\b", code)]
    assert not missing, f"docs/explanation/kernel.md speaks of {', '.join(missing)} in {file}, where it is not"


def test_the_kernel_page_speaks_of_functions_that_exist() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "csrc").rglob("*.?pp")))
    members = [word.split("::") for word in quoted(KERNEL) if re.fullmatch(r"\w+::\w+", word)]
    assert len(members) > 10
    for owner, member in members:
        if owner != "Cell":
            assert re.search(rf"\b(?:class|struct) {owner}\b", code), owner
        assert re.search(rf"\b{member}\(", code), f"{owner}::{member}"


@pytest.mark.parametrize("page", [KERNEL, LAYER, MEMORY], ids=["kernel", "layer", "memory"])
def test_the_pieces_of_code_run(page: str) -> None:
    code = "\n".join(re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE))
    assert "lstm(x" in code
    if core_trouble():
        code = code.replace('("compiled", "reference")', '("reference",)')
    scope: dict[str, Any] = {}
    exec(compile(code, "the pieces of a page, one after the other", "exec"), scope)
