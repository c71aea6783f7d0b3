"""What NeuralForecast runs in bench_neuralforecast.py, in an interpreter that has it: no import of ours.

    python benchmarks/neuralforecast_m4.py TRAIN.csv.gz HORIZON STEPS THREADS OUT.npz

Its LSTM as its own defaults have it, save for a week of hours as input in place of three horizons; windows are scaled
by median and spread ("robust", its default since version 3, named here for older ones). OUT holds names [N], points
[N, K] and the seconds of fit and predict.
"""

from __future__ import annotations

import logging
import sys
import time
import warnings

import numpy as np
import pandas as pd
import torch
from neuralforecast import NeuralForecast
from neuralforecast.models import LSTM


def main() -> None:
    train, horizon, steps, threads, out = sys.argv[1], *map(int, sys.argv[2:5]), sys.argv[5]
    warnings.filterwarnings("ignore")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    torch.set_num_threads(threads)
    wide = pd.read_csv(train)
    long = wide.melt(id_vars=wide.columns[0], var_name="ds", value_name="y").rename(
        columns={wide.columns[0]: "unique_id"}
    )
    long["ds"] = long["ds"].str[1:].astype(int)  # the columns are V2, V3, ...: M4 gives no dates
    long = long.dropna().sort_values(["unique_id", "ds"], ignore_index=True)
    began = time.perf_counter()
    model = LSTM(
        h=horizon,
        input_size=168,
        scaler_type="robust",
        max_steps=steps,
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
    )
    forecaster = NeuralForecast(models=[model], freq=1)
    forecaster.fit(long)
    found = forecaster.predict()
    seconds = time.perf_counter() - began
    found = found.sort_values(["unique_id", "ds"])
    names = found["unique_id"].to_numpy(str)[::horizon]
    np.savez(out, names=names, points=found["LSTM"].to_numpy(float).reshape(-1, horizon), seconds=seconds)


if __name__ == "__main__":
    main()
