"""The law of the house: who may import whom, how large things may grow, what no file may contain."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "recollect"
FILES = sorted(SOURCE.rglob("*.py"))
SKILLS = {"core", "kernels", "nn", "data", "train", "evaluate", "memory", "report"}
LAW: dict[str, set[str]] = {
    "core": set(),
    "kernels": {"core", "_core"},
    "nn": {"core", "kernels"},
    "data": {"core"},
    "train": {"core"},
    "evaluate": {"core"},
    "memory": {"core", "nn"},
    "report": {"core", "evaluate"},
    "tasks": SKILLS,
    "cli": SKILLS | {"tasks"},
}
MODEL_FREE = {"evaluate", "report"}
MOST_LINES, MOST_BODY, MOST_ARGUMENTS, MOST_EXAMPLE = 300, 40, 12, 60

Function = ast.FunctionDef | ast.AsyncFunctionDef


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def room_of(module: str) -> str:
    """``recollect.tasks.forecast.plots`` is in ``tasks/forecast``; ``recollect.core.files`` in ``core``."""
    parts = module.split(".")[1:]
    return "/".join(parts[:2]) if parts[:1] == ["tasks"] else "".join(parts[:1])


def imports(tree: ast.Module) -> Iterator[str]:
    """Every module that is imported anywhere in the file, in functions and for type checkers too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports name their module in full"
            assert node.module is not None
            if node.module == "recollect":
                # The version is a constant that any room may read; other names stand for the room they come from.
                yield from (f"recollect.{alias.name}" for alias in node.names if alias.name != "__version__")
            else:
                yield node.module


def breaches(module: str, tree: ast.Module) -> list[str]:
    """Imports in ``module`` that the law forbids."""
    room = room_of(module)
    allowed = LAW[room.split("/")[0]] | {room}
    found = [name for name in imports(tree) if name.split(".")[0] == "recollect"]
    return [name for name in found if room_of(name) not in allowed and room_of(name).split("/")[0] not in allowed]


@pytest.mark.parametrize("path", [path for path in FILES if path.parent != SOURCE], ids=name_of)
def test_rooms_import_only_what_lies_below_them(path: Path) -> None:
    module = ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts)
    found = breaches(module, parse(path))
    assert not found, f"{module} imports {found}; its room may know {sorted(LAW[room_of(module).split('/')[0]])}"


def test_the_law_catches_breaches() -> None:
    up = ast.parse("def late():\n    from recollect.nn import LSTM")
    across = ast.parse("import recollect.tasks.music.data")
    assert breaches("recollect.core.state", up) == ["recollect.nn"]
    assert breaches("recollect.tasks.text.data", across) == ["recollect.tasks.music.data"]
    assert breaches("recollect.tasks.music.plots", across) == []
    assert breaches("recollect.nn.lstm", ast.parse("from recollect import Forecaster")) == ["recollect.Forecaster"]


def test_every_room_is_declared_and_every_declared_room_exists() -> None:
    assert {path.name for path in SOURCE.iterdir() if path.is_dir() and path.name != "__pycache__"} == set(LAW)


@pytest.mark.parametrize("path", [path for path in FILES if path.parent.name in MODEL_FREE], ids=name_of)
def test_scores_and_reports_know_no_models(path: Path) -> None:
    assert not [name for name in imports(parse(path)) if name.split(".")[0] == "torch"]


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_importing_does_nothing(path: Path) -> None:
    harmless = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign, ast.If)
    for node in parse(path).body:
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        assert docstring or isinstance(node, harmless), f"{name_of(path)}:{node.lineno} acts when imported"


@pytest.mark.parametrize(
    "path", sorted([*FILES, *(ROOT / "tests").rglob("*.py"), *(ROOT / "csrc").rglob("*.?pp")]), ids=name_of
)
def test_files_stay_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < MOST_LINES


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.py")), ids=name_of)
def test_examples_fit_on_a_screen_or_two(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_EXAMPLE


def functions(tree: ast.Module) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_functions_stay_short_and_take_few_arguments(path: Path) -> None:
    for function in functions(parse(path)):
        place = f"{name_of(path)}:{function.lineno} {function.name}"
        documented = ast.get_docstring(function) is not None and len(function.body) > 1
        first = function.body[1 if documented else 0]
        assert (function.end_lineno or 0) - first.lineno + 1 < MOST_BODY, f"{place} is long"
        given = function.args
        arguments = [a for a in [*given.posonlyargs, *given.args, *given.kwonlyargs] if a.arg not in ("self", "cls")]
        assert len(arguments) <= MOST_ARGUMENTS, f"{place} takes {len(arguments)} arguments"
        public = not function.name.startswith("_") or function.name == "__init__"
        assert not (public and given.kwarg), f"{place} takes **{given.kwarg.arg if given.kwarg else ''}"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_class_is_a_mixin(path: Path) -> None:
    assert not [n.name for n in ast.walk(parse(path)) if isinstance(n, ast.ClassDef) and "mixin" in n.name.lower()]


def test_tests_mirror_the_rooms() -> None:
    folders = {path.parent.relative_to(ROOT / "tests") for path in (ROOT / "tests").rglob("test_*.py")}
    strangers = {folder for folder in folders if not (SOURCE / folder).is_dir()}
    assert strangers <= {Path("conformance")}


def test_every_task_has_commands_and_a_card() -> None:
    for task in (path.parent for path in (SOURCE / "tasks").glob("*/__init__.py")):
        assert {"commands.py", "CARD.md"} <= {path.name for path in task.iterdir()}, task.name


def test_no_file_names_a_machine_or_a_registry() -> None:
    # Spelt in halves, or this file would be the first to break the rule.
    forbidden = ["/" + "work/", "/" + "tmp/", "/" + "root/", "/" + "home/", "pypi" + ".org", "python" + "hosted"]
    forbidden += ["download.py" + "torch", "ana" + "conda.org", "index" + "-url"]
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.suffix in {".png", ".jpg"} or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8")
        assert not [word for word in forbidden if word in text], name
