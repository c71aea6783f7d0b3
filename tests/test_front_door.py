"""The front door: what importing loads, which names it offers, and that the reference spells them as they are."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

import recollect

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
HEAVY = {"torch", "numpy", "polars", "pandas", "pyarrow", "matplotlib", "scipy", "statsmodels", "jinja2", "narwhals"}
ASK_WHAT_IS_LOADED = "import json, sys; print(json.dumps(sorted(set(sys.modules))), file=sys.stderr)"


def loaded_by(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{ASK_WHAT_IS_LOADED}"], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_importing_loads_nothing_heavy_and_changes_nothing() -> None:
    snapshot = (
        "import os, random, logging, warnings\nbefore = dict(os.environ), random.getstate(), warnings.filters[:]\n"
    )
    check = (
        "assert before == (dict(os.environ), random.getstate(), warnings.filters[:])\nassert not logging.root.handlers"
    )
    assert not loaded_by(f"{snapshot}import recollect\n{check}") & (HEAVY | {"typer", "rich"})


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["--version"],
        ["forecast", "run", "--help"],
        ["text", "train", "--help"],
        ["demo", "--help"],
        ["memory", "--help"],
        ["memory", "lab", "--help"],
    ],
)
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    code = f"import sys\nsys.argv = ['recollect', *{words!r}]\nfrom recollect.cli import main\n"
    assert not loaded_by(f"{code}try:\n    main()\nexcept SystemExit as left:\n    assert not left.code") & HEAVY


def test_public_names_load_when_asked_for() -> None:
    assert dir(recollect) == sorted(recollect.__all__)
    for name in recollect.__all__:
        assert getattr(recollect, name) is not None
    with pytest.raises(AttributeError, match=r"no attribute 'Forecastr'; it offers .*Forecaster"):
        recollect.Forecastr  # noqa: B018


def test_the_changelog_tells_of_this_version() -> None:
    assert f"## [{recollect.__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def stubs() -> Iterator[tuple[str, ast.ClassDef | ast.FunctionDef]]:
    """Each class or function that a page of the reference declares in a ``python`` block, with its module.

    A block begins with ``# recollect.nn``: the module it speaks of.
    """
    for page in sorted(REFERENCE.glob("*.md")):
        for module, code in re.findall(
            r"^```python\n# (recollect[\w.]*)\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
        ):
            for node in ast.parse(code).body:
                assert isinstance(node, (ast.ClassDef, ast.FunctionDef)), f"{page.name}: {ast.unparse(node)}"
                yield module, node


STUBS = [pytest.param(module, node, id=f"{module}.{node.name}") for module, node in stubs()]


def spelling(function: ast.FunctionDef) -> list[tuple[str, object]]:
    """Names and default values of the arguments, as the reference writes them."""
    given = function.args
    names = [argument.arg for argument in [*given.posonlyargs, *given.args]]
    required: list[object] = [inspect.Parameter.empty] * (len(names) - len(given.defaults))
    pairs = list(zip(names, [*required, *map(ast.literal_eval, given.defaults)], strict=True))
    pairs += [("*", None)] if given.kwonlyargs else []
    for argument, default in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        pairs.append((argument.arg, inspect.Parameter.empty if default is None else ast.literal_eval(default)))
    return pairs


def truth(function: object) -> list[tuple[str, object]]:
    """The same of the function itself."""
    pairs: list[tuple[str, object]] = []
    assert callable(function)
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is parameter.KEYWORD_ONLY and ("*", None) not in pairs:
            pairs.append(("*", None))
        pairs.append((name, parameter.default))
    return pairs


@pytest.mark.parametrize(("module", "node"), STUBS)
def test_the_reference_spells_signatures_as_they_are(module: str, node: ast.ClassDef | ast.FunctionDef) -> None:
    thing = getattr(importlib.import_module(module), node.name)
    if isinstance(node, ast.FunctionDef):
        assert spelling(node) == truth(thing)
        return
    declared = {member.name: member for member in node.body if isinstance(member, ast.FunctionDef)}
    for name, member in declared.items():
        static = inspect.getattr_static(thing, name)
        bound = isinstance(static, (classmethod, staticmethod))
        expected = truth(getattr(thing, name)) if bound else truth(static)
        assert spelling(member)[1 if isinstance(static, classmethod) else 0 :] == expected, f"{node.name}.{name}"
    kinds = (types.FunctionType, classmethod, staticmethod)
    public = {name for name, value in vars(thing).items() if not name.startswith("_") and isinstance(value, kinds)}
    # extra_repr is torch's hook for printing a layer, not a thing to call.
    assert public - {"extra_repr"} <= set(declared), f"{node.name} has methods that the reference leaves out"


def test_the_reference_has_every_public_name() -> None:
    declared = {node.name for _, node in stubs()}
    assert {name for name in recollect.__all__ if not name.startswith("_")} <= declared
    assert {*importlib.import_module("recollect.memory").__all__} <= declared


def test_the_reference_has_every_option_of_the_command_and_no_other() -> None:
    text = (REFERENCE / "command-line.md").read_text(encoding="utf-8")
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text)) == options_of_every_command() | {"--help"}


def options_of_every_command() -> set[str]:
    import typer.main

    from recollect.cli import build

    groups, found = [typer.main.get_command(build())], set()
    while groups:
        command = groups.pop()
        groups += getattr(command, "commands", {}).values()
        found |= {option for parameter in command.params for option in [*parameter.opts, *parameter.secondary_opts]}
    return {option for option in found if option.startswith("--")}
