"""``recollect doctor``: what is installed, what this machine offers, and which LSTM path is chosen."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["register"]

PACKAGES = ("torch", "numpy", "safetensors", "narwhals", "polars", "typer", "rich", "matplotlib", "jinja2")
EXTRAS = {"statistics": "statsmodels", "calendar": "holidays", "text": "tokenizers"}


def register(app: typer.Typer) -> None:
    """Add ``doctor`` to the command."""
    app.command()(doctor)


def doctor(
    peak: Annotated[
        bool, typer.Option("--peak", help="Also measure the float32 peak of one thread (half a second).")
    ] = False,
) -> None:
    """Say what is installed, what this machine offers, and which LSTM path is chosen and why."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for title, facts in (
        ("Versions", _versions()),
        ("Extras", _extras()),
        ("Machine", _machine(peak)),
        ("LSTM paths", _paths()),
    ):
        table.add_row(Text(title, "cyan"), "")
        for name, fact in facts:
            table.add_row(f"  {name}", fact)
    Console(highlight=False, markup=False).print(table)


def _version(package: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _versions() -> list[tuple[str, str]]:
    import platform

    from recollect import __version__

    packages = [(package, _version(package) or "missing: reinstall recollect") for package in PACKAGES]
    return [("recollect", __version__), ("python", platform.python_version()), *packages]


def _extras() -> list[tuple[str, str]]:
    found = [(extra, package, _version(package)) for extra, package in EXTRAS.items()]
    return [
        (extra, f"{package} {version}" if version else f"not installed: pip install 'recollect[{extra}]'")
        for extra, package, version in found
    ]


def _machine(peak: bool) -> list[tuple[str, str]]:
    import torch

    from recollect.kernels.machine import machine, peak_gflops

    facts = machine()
    rows = [
        ("system", facts.system),
        ("cores", f"{facts.cores} usable; torch computes with {torch.get_num_threads()} threads"),
        ("cuda", torch.cuda.get_device_name() if torch.cuda.is_available() else f"no device; torch is {_build()}"),
        ("compiled core", facts.core),
    ]
    if facts.instruction_sets:
        rows.append(("instruction sets", f"{', '.join(facts.instruction_sets)}; in use: {facts.instruction_set}"))
    if peak:
        measured = peak_gflops(0.5)
        rows.append(
            (
                "float32 peak",
                "unknown without the compiled core" if measured is None else f"{measured:.0f} GFLOP/s a thread",
            )
        )
    return rows


def _build() -> str:
    import torch

    return f"built for CUDA {torch.version.cuda}" if torch.version.cuda else "built without CUDA"


def _paths() -> list[tuple[str, str]]:
    import torch

    from recollect.kernels.contract import Case
    from recollect.kernels.dispatch import available, chosen

    cases = [("tanh, cpu", Case()), ("relu, cpu", Case(activation="relu"))]
    if torch.cuda.is_available():
        cases.append(("tanh, cuda", Case(device="cuda")))
    rows = [(path.name, path.serves) for path in available()]
    for name, case in cases:
        choice = chosen(case)
        rows.append((f"for {name}", f"{choice.path.name}: {choice.reason}"))
    return rows
