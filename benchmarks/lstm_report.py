"""What bench_lstm.py found: as Markdown with the goals beside, and as a picture."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from lstm_cases import Shape

__all__ = ["Result", "Row", "Variant", "draw", "write"]


class Row(NamedTuple):
    """One shape with some threads: seconds of torch and of ours, and our training in 10^9 operations a second.

    ``shown`` are seconds of a loop that keeps the gates, of ``trace``, and of a plain training forward.
    """

    shape: Shape
    threads: int
    train: list[float]
    train_ragged: list[float]
    infer: list[float]
    infer_ragged: list[float]
    shown: list[float]
    gflops: float

    def ratios(self) -> tuple[float, float, float, float]:
        """Torch's time over ours: training padded and ragged, inference padded and ragged."""
        pairs = (self.train, self.train_ragged, self.infer, self.infer_ragged)
        return tuple(torch / ours for torch, ours in pairs)  # type: ignore[return-value]

    def traced(self) -> float:
        """The time of the loop that keeps the gates over that of ``trace``."""
        return self.shown[0] / self.shown[1]

    def bound(self, peak: float) -> float:
        """What ``traced`` would be, were a trace its products alone at ``peak`` 10^9 operations a second a thread."""
        B, T, inputs, H = self.shape
        return self.shown[0] / (2 * 4 * H * (inputs + H) * T * B / (peak * 1e9 * self.threads))

    def line(self, peak: float) -> str:
        """For people who wait."""
        a, b, c, d = self.ratios()
        share = self.gflops / peak / self.threads
        ratios = f"training {a:.2f}, ragged {b:.1f}, inference {c:.2f}, ragged {d:.1f}, trace {self.traced():.1f}"
        return f"{tuple(self.shape)}: {ratios}, {share:.0%}"


class Variant(NamedTuple):
    """One variant of the cell at one shape, one thread: seconds of ours, and of loops by hand.

    The loops are TorchScript's and, where it was measured, that of torch.compile.
    """

    shape: Shape
    name: str
    ours: float
    loops: list[float]

    def ratios(self) -> list[float]:
        """The time of each loop over ours."""
        return [loop / self.ours for loop in self.loops]


@dataclass
class Result:
    """Everything of one run."""

    head: str
    peak: float
    rows: list[Row] = field(default_factory=list)
    step: tuple[float, float] = (math.nan, math.nan)
    variants: list[Variant] = field(default_factory=list)
    memory: tuple[float, float] = (math.nan, math.nan)
    peers: tuple[list[Shape], dict[str, list[dict[str, float]]]] = field(default_factory=lambda: ([], {}))


def middle(values: list[float]) -> float:
    """The geometric mean."""
    return math.exp(sum(map(math.log, values)) / len(values)) if values else math.nan


def goals(result: Result) -> list[tuple[str, str, str, str]]:
    """What was measured, how much, what it must reach and what it aims at."""
    small = [row for row in result.rows if row.shape.H <= 128]
    big = [row for row in result.rows if row.shape.H >= 256]
    dense = [row for row in result.rows if row.shape.H >= 128 and row.shape.B >= 32]
    column = [[row.ratios()[k] for row in result.rows] for k in range(4)]
    shares = [row.gflops / result.peak / row.threads for row in dense]
    slower = [row.shown[1] / row.shown[2] for row in result.rows]
    bound = middle([row.bound(result.peak) for row in result.rows])
    table = [
        ("training, padded, H <= 128", f"{middle([row.ratios()[0] for row in small]):.2f}", "1.8", "3"),
        ("training, padded, H >= 256", f"{middle([row.ratios()[0] for row in big]):.2f}", "1.1", "1.4"),
        ("training, padded, the worst single case", f"{min(column[0]):.2f}", "0.95", "1.1"),
        ("training, ragged, per call", f"{middle(column[1]):.2f}", "4", "6"),
        ("inference, padded", f"{middle(column[2]):.2f}", "1.1", "1.6"),
        ("inference, ragged", f"{middle(column[3]):.2f}", "2.5", "5"),
        ("one step, B = 1, H = 64", f"{result.step[0] / result.step[1]:.1f}", "12", "25"),
        (
            "trace against a loop that keeps the gates",
            f"{middle([row.traced() for row in result.rows]):.1f}",
            "20",
            "50",
        ),
        ("the same, were a trace its products alone at the machine's peak", f"{bound:.1f}", "", ""),
        ("trace against a plain training forward, time", f"{middle(slower):.2f}", "at most 1.3", ""),
    ]
    for name in dict.fromkeys(found.name for found in result.variants):
        ratios = [found.ratios() for found in result.variants if found.name == name]
        scripts, compiled = (f"{middle([ratio[k] for ratio in ratios if k < len(ratio)]):.1f}" for k in range(2))
        table.append((f"{name}, training, against a loop by TorchScript", scripts, "5", "15"))
        table.append((f"{name}, training, against one by torch.compile", compiled, "5", "15"))
    if shares:
        table.append(("share of the peak in training, H >= 128, B >= 32", f"{middle(shares):.0%}", "60 %", "80 %"))
    table.append(
        ("memory of a training step, of torch's", f"{result.memory[1] / result.memory[0]:.2f}", "at most 1", "0.5")
    )
    return table


def write(result: Result) -> str:
    """The run as Markdown."""
    lines = [f"{result.head}. Float32 peak of one thread: {result.peak:.0f} GFLOP/s.", ""]
    lines += ["| ratio to torch.nn.LSTM unless said | measured | must reach | aim |", "|---|---|---|---|"]
    lines += ["| " + " | ".join(row) + " |" for row in goals(result)]
    lines += ["", f"One step: torch {result.step[0] * 1e6:.1f} us, ours {result.step[1] * 1e6:.1f} us. Memory of three"]
    lines[-1] += (
        f" training steps at T 500, B 64, H 128: torch {result.memory[0]:.0f} MB, ours {result.memory[1]:.0f} MB."
    )
    shapes, found = result.peers
    for what in ("training", "inference"):
        named = {name: times for name, times in found.items() if times and what in times[0]}
        if not named:
            continue
        lines += [
            "",
            f"Seconds of others over ours, {what}, one thread:",
            "",
            "| B, T, I, H | " + " | ".join(named) + " |",
        ]
        lines += ["|---" * (1 + len(named)) + "|"]
        for k, shape in enumerate(shapes):
            own = next(row for row in result.rows if row.shape == shape and row.threads == 1)
            ours = (own.train if what == "training" else own.infer)[1]
            cells = [f"{times[k][what] / ours:.1f}" if k < len(times) else "-" for times in named.values()]
            lines.append(f"| {', '.join(map(str, shape))} | " + " | ".join(cells) + " |")
    lines += variants(result)
    lines += [
        "",
        "| threads | B, T, I, H | training, ms: torch | ours | ratio | ragged | inference | ragged | trace | share |",
    ]
    lines += ["|---" * 10 + "|"]
    for row in result.rows:
        a, b, c, d = row.ratios()
        share = row.gflops / result.peak / row.threads
        shape, (theirs, ours) = ", ".join(map(str, row.shape)), row.train
        times = f"{theirs * 1e3:.2f} | {ours * 1e3:.2f}"
        cells = f"{times} | {a:.2f} | {b:.1f} | {c:.2f} | {d:.1f} | {row.traced():.1f}"
        lines.append(f"| {row.threads} | {shape} | {cells} | {share:.0%} |")
    return "\n".join(lines) + "\n"


def variants(result: Result) -> list[str]:
    """The loops' time over ours, a row for each shape and a column for each variant."""
    names = list(dict.fromkeys(found.name for found in result.variants))
    lines = ["", "Training by variants, time of TorchScript's loop (and of torch.compile's) over ours, one thread:", ""]
    lines += ["| B, T, I, H | " + " | ".join(names) + " |", "|---" * (1 + len(names)) + "|"]
    for shape in dict.fromkeys(found.shape for found in result.variants):
        same = [found for found in result.variants if found.shape == shape]
        cells = [" (".join(f"{ratio:.1f}" for ratio in found.ratios()) + ")" * (len(found.loops) - 1) for found in same]
        lines.append(f"| {', '.join(map(str, shape))} | " + " | ".join(cells) + " |")
    return lines if names else []


def draw(result: Result, path: Path) -> None:
    """Torch's time over ours for every shape, the four kinds of call side by side; right of one is faster."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    rows = sorted((row for row in result.rows if row.threads == 1), key=lambda row: (row.shape.H, row.shape.B))
    names = ("training", "training, ragged", "inference", "inference, ragged")
    marks = (("o", "#0072B2"), ("s", "#D55E00"), ("^", "#009E73"), ("D", "#CC79A7"))
    figure, axes = plt.subplots(figsize=(8, 0.21 * len(rows) + 1.8), layout="constrained")
    for k, (name, (mark, colour)) in enumerate(zip(names, marks, strict=True)):
        axes.scatter([row.ratios()[k] for row in rows], range(len(rows)), 22, colour, mark, label=name, zorder=3)
    axes.axvline(1, color="black", linewidth=1.5)
    axes.set_xscale("log")
    axes.set_xticks([0.5, 1, 2, 4, 8, 16, 32], ["1/2", "1", "2", "4", "8", "16", "32"])
    axes.minorticks_off()
    labels = [f"H {row.shape.H}, B {row.shape.B}, T {row.shape.T}, I {row.shape.I}" for row in rows]
    axes.set_yticks(range(len(rows)), labels, fontsize=7)
    axes.set_ylim(-0.7, len(rows) - 0.3)
    axes.grid(axis="x", color="#dddddd")
    axes.set_xlabel("time of torch.nn.LSTM over that of recollect.nn.LSTM, one thread (right of 1: ours is faster)")
    axes.set_title("LSTM on a CPU, float32", loc="left", fontweight="bold")
    figure.legend(loc="outside upper right", ncols=4, fontsize=7, frameon=False)
    figure.savefig(path, dpi=150)
