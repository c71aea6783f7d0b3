"""``make bench``: run the benchmarks one after the other, each as a process of its own, and stop at none that fails.

Each is a runnable file with ``--help``; its result lies in results/. Those on real series read the folder that
RECOLLECT_DATA names; what cannot run here is passed over, visibly.
"""

from __future__ import annotations

import importlib.util
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple


class Run(NamedTuple):
    """A command line in this folder, where {data} is the folder of real series, and a package that it needs."""

    command: str
    package: str = ""


RUNS = (
    Run("bench_lstm.py"),
    Run("bench_lstm_cuda.py"),
    Run("bench_error.py"),
    Run("bench_demo.py", package="tensorflow"),
    Run("bench_memory.py"),
    Run("bench_memory.py --series 1 --points 5000000 --max-time 60"),
    Run("bench_memory_record.py"),
    Run("bench_memory_gates.py"),
    Run("bench_memory_lab.py"),
    Run("bench_m4.py --data {data}/m4 --frequency Hourly --max-time 25"),
    Run("bench_m4.py --data {data}/m4 --frequency Hourly --members 3 --max-time 140"),
    Run("bench_m4.py --data {data}/m4 --frequency Weekly --members 3 --max-time 140"),
    Run("bench_ett.py --data {data}/ett/ETTh1.csv.gz --members 3"),
    Run("bench_exchange.py --data {data}/exchange_rate/exchange_rate.txt.gz"),
    Run("bench_neuralforecast.py --data {data}/m4"),
    Run("bench_text.py shakespeare --data {data} --max-time 180 --peer"),
    Run("bench_text.py shakespeare --data {data} --max-time 1800"),
    Run("bench_text.py ptb --data {data} --max-time 1800"),
    Run("bench_text.py writing"),
    Run("bench_text.py training"),
    Run("bench_text_size.py --data {data} --size 1000 --max-time 60"),
    Run("bench_poems.py --data {data} --max-time 600"),
    Run("bench_tokens.py --data {data}/tinyshakespeare/input.txt", package="tokenizers"),
    Run("bench_tokens.py --data {data}/chinese_poetry/tang_poems.jsonl.gz", package="tokenizers"),
    Run("bench_tokens.py --data {data}/eng_cmn/cmn.txt.gz", package="tokenizers"),
)


def lacking(run: Run) -> str:
    """Why ``run`` cannot run here, or an empty string."""
    if "{data}" in run.command and not os.environ.get("RECOLLECT_DATA"):
        return "RECOLLECT_DATA names no folder of real series"
    if run.package and not importlib.util.find_spec(run.package):
        return f"{run.package} is not installed: pip install 'recollect[bench]'"
    return ""


def main() -> int:
    failed = []
    for run in RUNS:
        print(f"== {run.command}", flush=True)
        if reason := lacking(run):
            print(f"passed over: {reason}", flush=True)
            continue
        script, *options = shlex.split(run.command)
        options = [option.replace("{data}", os.environ.get("RECOLLECT_DATA", "")) for option in options]
        if subprocess.run([sys.executable, str(Path(__file__).parent / script), *options], check=False).returncode:
            failed.append(run.command)
    for command in failed:
        print(f"failed: {command}", file=sys.stderr)
    return len(failed) > 0


if __name__ == "__main__":
    sys.exit(main())
