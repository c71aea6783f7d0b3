"""recollect.nn.LSTM against torch.nn.LSTM (oneDNN), ONNX Runtime, Keras on TensorFlow and on JAX, and loops by hand.

    python benchmarks/bench_lstm.py --peers PYTHON_WITH_KERAS_AND_ONNXRUNTIME --out lstm.md --picture lstm.png

float32 on a CPU. Ours and torch take turns within one process, after warm-up, and the best of many rounds counts; the
others are timed inside processes of their own, in the same run, with the same number of threads. A training step is a
forward pass, the sum of the output times fixed numbers, and the backward pass into the gradients of the weights; x
needs none. Lengths of ragged batches are uniform in T/4..T, and packing is part of the call, as it is for who uses it.
The share of the peak counts 2 * 4H * (I + H) operations a row and step for the forward pass and 2 * 4H * (I + 2H) for
the backward pass, against multiply-adds on registers alone, measured in the same run.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import torch
from lstm_cases import COMPILED, GRID, QUICK, VARIED, Shape
from lstm_opponents import VARIANTS, gates_loop, ragged, variant_loop
from lstm_report import Result, Row, Variant, draw, write
from torch import Tensor, nn

from recollect.kernels.contract import Case
from recollect.kernels.dispatch import chosen
from recollect.kernels.machine import machine, peak_gflops
from recollect.nn import LSTM
from recollect.nn.regularize import Recurrent

HERE = Path(__file__).parent
Work = Callable[[], object]


def in_turns(works: list[Work], seconds: float) -> list[float]:
    """The best time of each, one after the other, for so long in all."""
    for work in works:
        work(), work()
    best, spent = [math.inf] * len(works), 0.0
    while spent < seconds:
        for k, work in enumerate(works):
            began = time.perf_counter()
            work()
            took = time.perf_counter() - began
            best[k], spent = min(best[k], took), spent + took
    return best


def trained(module: nn.Module, read: Callable[[], Tensor], dy: Tensor) -> Work:
    def step() -> None:
        for value in module.parameters():
            value.grad = None
        (read() * dy).sum().backward()

    return step


def quiet(work: Work) -> Work:
    def run() -> object:
        with torch.no_grad():
            return work()

    return run


def measure(shape: Shape, seconds: float) -> Row:
    """All that is measured at one shape with the threads that torch has."""
    B, T, inputs, H = shape
    torch.manual_seed(0)
    theirs = nn.LSTM(inputs, H)
    ours = LSTM.from_torch(theirs)
    x, dy = torch.randn(T, B, inputs), torch.randn(T, B, H)
    lengths = torch.randint(max(T // 4, 1), T + 1, (B,))
    train = in_turns([trained(theirs, lambda: theirs(x)[0], dy), trained(ours, lambda: ours(x)[0], dy)], seconds)
    train_ragged = in_turns(
        [trained(theirs, lambda: ragged(theirs, x, lengths), dy), trained(ours, lambda: ours(x, None, lengths)[0], dy)],
        seconds,
    )
    infer = in_turns([quiet(lambda: theirs(x)), quiet(lambda: ours(x))], seconds / 2)
    infer_ragged = in_turns(
        [quiet(lambda: ragged(theirs, x, lengths)), quiet(lambda: ours(x, None, lengths))], seconds / 2
    )
    cell = nn.LSTMCell(inputs, H)
    shown = in_turns([quiet(lambda: gates_loop(cell, x)), lambda: ours.trace(x), lambda: ours(x)], seconds / 2)
    work = 2 * 4 * H * ((inputs + H) + (inputs + 2 * H)) * T * B
    return Row(shape, torch.get_num_threads(), train, train_ragged, infer, infer_ragged, shown, work / train[1] / 1e9)


def one_step() -> tuple[float, float]:
    """Seconds of a step of torch.nn.LSTM and of ours, B = 1, I = 8, H = 64, the state carried."""
    theirs = nn.LSTM(8, 64)
    ours = LSTM.from_torch(theirs)
    x = torch.randn(1, 1, 8)
    states: list[object] = [(torch.zeros(1, 1, 64), torch.zeros(1, 1, 64))] * 2

    def torch_step() -> None:
        for _ in range(100):
            states[0] = theirs(x, states[0])[1]

    def our_step() -> None:
        x_t = x[0]
        for _ in range(100):
            states[1] = ours.step(x_t, states[1])[1]

    found = in_turns([quiet(torch_step), quiet(our_step)], 3)
    return found[0] / 100, found[1] / 100


def variants(shape: Shape, seconds: float) -> list[Variant]:
    """Training by each variant of the cell: TorchScript's loop, the compiled one at the shape for it, and ours."""
    B, T, inputs, H = shape
    x, dy, found = torch.randn(T, B, inputs), torch.randn(T, B, H), []
    for name in VARIANTS:
        noise = Recurrent(zoneout_cell=0.1, zoneout_output=0.1) if name == "zoneout" else None
        layer = LSTM(inputs, H, cell="lstm" if noise else name, regularize=noise)
        weights = layer.weights(0)
        E = torch.zeros(1, H) if weights.E is None else weights.E
        works = [trained(layer, lambda layer=layer: layer(x)[0], dy)]
        for how in ("TorchScript", "torch.compile") if shape == COMPILED else ("TorchScript",):
            loop = variant_loop(name, how)
            works.append(
                trained(
                    layer,
                    lambda loop=loop, w=weights, E=E: loop(nn.functional.linear(x, w.W, w.b), w.R, E),
                    dy,
                )
            )
        for work in works[1:]:  # TorchScript watches a few calls before it is quick
            for _ in range(6):
                work()
        ours, *loops = in_turns(works, seconds)
        found.append(Variant(shape, name, ours, loops))
        said = ", ".join(f"{loop * 1e3:.2f}" for loop in loops)
        print(f"  {name} {tuple(shape)}: loops {said} ms, ours {ours * 1e3:.2f}", flush=True)
    return found


def memory(which: str) -> float:
    """Peak memory in MB that training steps of T = 500, B = 64, I = 8, H = 128 add; on Linux alone."""
    code = f"""
import torch
from recollect.nn import LSTM
torch.set_num_threads(1)
layer = {"LSTM" if which == "ours" else "torch.nn.LSTM"}(8, 128)
small, x = torch.randn(2, 2, 8), torch.randn(500, 64, 8)
layer(small)[0].sum().backward()
open("/proc/self/clear_refs", "w").write("5")  # the peak begins anew: importing had one of its own
def held(word):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(word)) / 1024
before = held("VmRSS")
for _ in range(3):
    layer(x)[0].sum().backward()
print(held("VmHWM") - before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def peers(python: str, threads: int, shapes: list[Shape]) -> dict[str, list[dict[str, float]]]:
    """What the other libraries take, each in a process of its own."""
    asked = [",".join(map(str, shape)) for shape in shapes]
    found = {}
    for name, script, backend in (
        ("ONNX Runtime", "lstm_onnx.py", ""),
        ("Keras, TensorFlow", "lstm_keras.py", "tensorflow"),
        ("Keras, JAX", "lstm_keras.py", "jax"),
    ):
        calm = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": str(threads)}
        done = subprocess.run(
            [python, str(HERE / script), str(threads), *asked], capture_output=True, text=True, env=calm, check=False
        )
        found[name] = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        if done.returncode:
            print(f"  {name} stopped: {(done.stderr.splitlines() or ['?'])[-1]}", flush=True)
    return found


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", help="an interpreter that has keras, tensorflow, jax, onnx and onnxruntime")
    parser.add_argument("--quick", action="store_true", help="four shapes, a minute")
    parser.add_argument("--seconds", type=float, default=0.8, help="for each comparison of two")
    parser.add_argument("--threads", type=int, nargs="*", default=sorted({1, os.cpu_count() or 1}))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--picture", type=Path)
    asked = parser.parse_args()
    facts, path = machine(), chosen(Case())
    head = (
        f"{date.today()}, {facts.system}, {facts.cores} cores, {facts.instruction_set}, Python "
        f"{platform.python_version()}, torch {torch.__version__}; path {path.path.name}: {path.reason}"
    )
    print(head, flush=True)
    result = Result(head, peak_gflops(1.0) or math.nan)
    for threads in asked.threads:
        torch.set_num_threads(threads)
        for shape in QUICK if asked.quick else GRID:
            result.rows.append(measure(shape, asked.seconds))
            print(f"  {threads} threads {result.rows[-1].line(result.peak)}", flush=True)
    torch.set_num_threads(1)
    result.step = one_step()
    for shape in (COMPILED,) if asked.quick else VARIED:
        result.variants += variants(shape, asked.seconds)
    result.memory = memory("torch"), memory("ours")
    if asked.peers:
        shapes = list(QUICK)
        result.peers = (shapes, peers(asked.peers, 1, shapes))
    text = write(result)
    print("\n" + text)
    if asked.out:
        asked.out.write_text(text, encoding="utf-8")
    if asked.picture:
        draw(result, asked.picture)


if __name__ == "__main__":
    main()
