"""``recollect demo`` against the same journey in Keras: whole processes, in turns, so that both meet one machine.

    python benchmarks/bench_demo.py --python PATH_TO_PYTHON_WITH_KERAS --repeats 5

Keras (the extra ``bench``) may live in this environment or in another, which ``--python`` names. What Keras runs is
keras_demo.py. A pair is one run of each; what counts is the median of the pairs' ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

HERE = Path(__file__).parent
RECOLLECT = [sys.executable, "-c", "from recollect.cli import main; main()", "demo"]


def timed(command: list[str]) -> tuple[float, str]:
    """Seconds from start to end, and what was printed."""
    began = time.perf_counter()
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=quiet, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command[:3])} ... failed:\n{done.stderr}")
    return time.perf_counter() - began, done.stdout


def pair(python: str, activation: str, series: str, folder: Path) -> tuple[float, float, float, float]:
    """Seconds and held-out squared error, ours and then Keras's."""
    ours, _ = timed([*RECOLLECT, "--activation", activation, "--series", series, "--out", str(folder)])
    errors = json.loads((folder / "scores.json").read_text())["held_out_squared_error"]
    keras, printed = timed([python, str(HERE / "keras_demo.py"), activation, series, str(folder)])
    return ours, errors[f"LSTM, {activation}"], keras, float(printed.splitlines()[-1])


def main() -> None:
    """Run the pairs and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=sys.executable, help="the interpreter that has Keras")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--activation", choices=("tanh", "relu"), default="tanh")
    parser.add_argument("--series", choices=("sine", "nyquist"), default="sine")
    asked = parser.parse_args()
    probe = "import keras, tensorflow; print(keras.__version__, tensorflow.__version__)"
    found = subprocess.run([asked.python, "-c", probe], capture_output=True, text=True, check=False)
    if found.returncode:
        print("passed over, because Keras is not here: pip install 'recollect[bench]', or name another --python")
        return
    keras, tensorflow = found.stdout.split()
    print(
        f"{date.today()}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}"
    )
    print(
        f"demo --activation {asked.activation} --series {asked.series} against Keras {keras} on "
        f"TensorFlow {tensorflow}\n"
    )
    print("| pair | recollect, s | its error | Keras, s | its error | ratio |\n|---|---|---|---|---|---|")
    ratios = []
    with tempfile.TemporaryDirectory() as place:
        pair(asked.python, asked.activation, asked.series, Path(place))  # fills caches of files and fonts
        for number in range(1, asked.repeats + 1):
            ours, error, theirs, other = pair(asked.python, asked.activation, asked.series, Path(place))
            ratios.append(theirs / ours)
            print(
                f"| {number} | {ours:.2f} | {error:.1e} | {theirs:.2f} | {other:.1e} | {ratios[-1]:.1f} |", flush=True
            )
    print(f"\nmedian ratio {statistics.median(ratios):.1f}; must be at least 4 with tanh")


if __name__ == "__main__":
    main()
