"""The page with a slider: whole in itself, and alive in a real browser."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recollect.core.errors import OutputError
from recollect.report.explorer import write_explorer
from recollect.report.page import Report
from recollect.report.portrait import Portrait

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
MOVE = """<script>
const set = (name, value) => {
  document.getElementById(name).value = value;
  document.getElementById(name).dispatchEvent(new Event("input"));
};
set("unit", 1); set("step", 9); set("map", "f");
</script></body>"""


@pytest.fixture
def page(portrait: Portrait, tmp_path: Path) -> Path:
    path = tmp_path / "memory.html"
    write_explorer(path, Report("Memory", "of it", ("It keeps.",), (), ()), portrait, unit=2, step=3)
    return path


def data(page: Path) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page.read_text("utf-8"), re.DOTALL)
    assert found
    content: dict[str, object] = json.loads(found[1])
    return content


def test_the_page_holds_its_data_and_fetches_nothing(page: Path, portrait: Portrait) -> None:
    content = data(page)
    assert (content["unit"], content["step"], content["name"]) == (2, 3, "load <b>& $x$")
    gates = content["gates"]
    assert isinstance(gates, dict)
    for name, value in portrait.values.items():
        assert np.allclose(np.array(gates[name]).T, value, atol=5e-4)
    assert content["lasting"] == ["40 weeks", "longer than the record", "3 weeks"]
    text = page.read_text("utf-8")
    assert not re.search(r"https?:|//[a-z]|url\(|@import|<link|src=", text)
    assert "It keeps." in text


def test_values_that_are_missing_are_null(page: Path) -> None:
    series = data(page)["series"]
    assert isinstance(series, list) and series[1] is None and len(series) == 16


def test_an_unwritable_place_is_an_error(portrait: Portrait, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot write"):
        write_explorer(tmp_path / "no" / "page.html", Report("", "", (), (), ()), portrait, 0, 0)


def shown(address: str, profile: Path) -> str:
    """The page after its script has run, as the browser would write it."""
    assert BROWSER
    words = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}", "--dump-dom", address]
    done = subprocess.run([BROWSER, *words], capture_output=True, text=True, check=True, timeout=120)
    return html.unescape(done.stdout)


def said(text: str, name: str) -> str:
    found = re.search(rf'id="{name}">(.*?)</', text, re.DOTALL)
    assert found
    return found[1].replace("\u2212", "-")


def sentences(portrait: Portrait, unit: int, step: int) -> list[str]:
    cell = round(float(portrait.values["c"][step, unit]), 3)
    v = {name: round(float(value[step, unit]), 3) for name, value in portrait.values.items()}
    before = round(float(portrait.values["c"][step - 1, unit]), 3)
    return [
        f"It held {before:.2f}. The forget gate stands at {v['f']:.2f}: it keeps {before * v['f']:.2f}.",
        f"stands at {v['i']:.2f}: it adds {v['i'] * v['g']:.2f} and holds {v['c']:.2f}.",
        f"By {portrait.activation}, that is {portrait.squashed(np.array(cell)):.2f}. The output gate stands at "
        f"{v['o']:.2f}: it shows {v['h']:.2f}.",
    ]


@pytest.mark.skipif(BROWSER is None, reason="no chromium on this machine")
def test_slider_picker_and_address_move_it_in_a_browser(page: Path, portrait: Portrait, tmp_path: Path) -> None:
    address = shown(f"{page.as_uri()}#unit=0&step=7", tmp_path / "profile")
    moved = page.with_name("moved.html")
    relu = page.read_text("utf-8").replace('"activation":"tanh"', '"activation":"relu"')
    moved.write_text(relu.replace("</body>", MOVE), encoding="utf-8")
    for text, unit, step in ((address, 0, 7), (shown(moved.as_uri(), tmp_path / "profile"), 1, 9)):
        assert said(text, "when") == portrait.when(step)
        seen = replace(portrait, activation="tanh" if step == 7 else "relu")
        for name, words in zip(("forget", "store", "output"), sentences(seen, unit, step), strict=True):
            assert said(text, name).endswith(words)
        assert f"cell c of unit {unit}" in text
        assert "what was read: load <b>& $x$" in html.unescape(text)
        assert ("dark blue" in said(text, "legend")) == (step == 9)
