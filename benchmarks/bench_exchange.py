"""Exchange rates, root relative squared error at horizons 3, 6, 12 and 24, beside the random walk.

    python benchmarks/bench_exchange.py --data FILE

FILE holds a row a day and a column a currency, without a header. The last fifth is scored from every origin; the fifth
before it stops training early and calibrates (LSTNet's split; Lai et al. 2018, arXiv:1703.07015, section 4.2). RSE is
over all columns together, in their own units. ``--validation`` scores the validation fifth instead.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recollect.data.inference import infer_schema
from recollect.data.panel import build_panel
from recollect.data.season import infer_season
from recollect.tasks.forecast.data import Rows
from recollect.tasks.forecast.fitting import fit_model
from recollect.tasks.forecast.settings import Settings

HORIZON, SHOWN = 24, (3, 6, 12, 24)
Floats = NDArray[np.float64]


def main() -> None:
    """Fit, forecast from every origin, score, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--members", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--validation", action="store_true")
    asked = parser.parse_args()
    began = time.perf_counter()
    x = pl.read_csv(asked.data, has_header=False).to_numpy()
    train, known = int(0.6 * len(x)), int(0.8 * len(x))
    first, stop = (train, known) if asked.validation else (known, len(x))
    frame = pl.DataFrame(x, schema=[f"currency {n + 1}" for n in range(x.shape[1])], orient="row")
    panel, _ = build_panel(frame, infer_schema(frame, wide=True)[0])
    ends = np.full(len(panel), known)
    settings = Settings(HORIZON, ensemble=asked.members, seed=asked.seed)
    season = infer_season(build_panel(frame.head(known), panel.schema)[0])
    model = fit_model(panel, settings, ends, season, validation=known - train)
    origins = np.arange(first - HORIZON + 1, stop)  # every value of the part is scored at every horizon
    windows, found = model.windows(panel, ends), []
    for n in range(len(panel)):
        rows = Rows(np.full(len(origins), n), origins, np.full(len(origins), len(x)))
        found.append(model.forecast(windows, rows).point)
    ours = np.stack(found, -1)  # [M, K, currencies]
    trust = [f"{float(network.trust):.2f}" for network in model.networks]
    part = "validation" if asked.validation else "last"
    print(f"{asked.data.name}, {x.shape[1]} currencies, {stop - first} days of the {part} fifth, season {season}")
    print(f"trust in the network against its newborn, by validation: {', '.join(trust)}")
    print("RSE at horizon   " + "".join(f"{k:>9}" for k in SHOWN))
    print(
        "recollect        "
        + "".join(f"{rse(x[first:stop], ours[HORIZON - k :][: stop - first, k - 1]):9.5f}" for k in SHOWN)
    )
    print("random walk      " + "".join(f"{rse(x[first:stop], x[first - k : stop - k]):9.5f}" for k in SHOWN))
    print(f"seconds: {time.perf_counter() - began:.1f}")


def rse(actual: Floats, forecast: Floats) -> float:
    """Root of the squared error over the squared distance from the mean, all columns together."""
    return float(np.sqrt(((actual - forecast) ** 2).sum() / ((actual - actual.mean()) ** 2).sum()))


if __name__ == "__main__":
    main()
