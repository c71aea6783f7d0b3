"""``make bench``: run the benchmarks one after the other, each as a process of its own, and stop at none that fails.

Each is a runnable file with ``--help``, and stands beside its result in results/. Those that take ``--data`` are given
it from the folder that RECOLLECT_DATA names, and are passed over, visibly, without one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
RUNS: tuple[tuple[str, str | None], ...] = (("bench_demo.py", None),)
"""Each script, and the file or folder under RECOLLECT_DATA that it reads."""


def main() -> int:
    failed = []
    place = os.environ.get("RECOLLECT_DATA")
    for script, data in RUNS:
        if data and not place:
            print(f"== {script}: passed over, because RECOLLECT_DATA names no folder of real series", flush=True)
            continue
        print(f"== {script}", flush=True)
        options = ["--data", str(Path(place or "") / data)] if data else []
        if subprocess.run([sys.executable, str(HERE / script), *options], check=False).returncode:
            failed.append(script)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return len(failed) > 0


if __name__ == "__main__":
    sys.exit(main())
