"""The journey of ``recollect demo`` as one writes it with Keras: training, score, continuation, pictures.

Run by bench_demo.py. Same series, split, network, epochs and batch; same number of paths and steps; a compiled
``predict_on_batch`` in the continuation, since ``predict`` would be ten times slower. No gates: Keras shows none.

    python benchmarks/keras_demo.py tanh sine FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np

activation, name, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
random = np.random.default_rng(0)
time = np.arange(1200)
series = np.sin(0.27 * time) + random.normal(0, 0.02, 1200) if name == "sine" else np.sin(1000 * np.pi / 999 * time)
windows = np.lib.stride_tricks.sliding_window_view(series[:1000], 51).astype("float32")
inputs, targets = windows[:, :50, None], windows[:, 50]

keras.utils.set_random_seed(0)
model = keras.Sequential([keras.Input((50, 1)), keras.layers.LSTM(50, activation=activation), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
validation = (inputs[750:850], targets[750:850])
history = model.fit(inputs[:750], targets[:750], batch_size=32, epochs=20, validation_data=validation, verbose=0)
errors = targets[750:850] - model.predict(validation[0], verbose=0)[:, 0]
predicted = model.predict(inputs[850:], verbose=0)[:, 0]
print(float(np.square(predicted - targets[850:]).mean()))

paths = np.repeat(series[None, 950:1000].astype("float32"), 100, axis=0)
for _ in range(200):
    following = model.predict_on_batch(paths[:, -50:, None])[:, 0] + random.choice(errors, 100)
    paths = np.c_[paths, following]
low, high = np.percentile(paths[:, 50:], (10, 90), axis=0)


def picture(title: str) -> None:
    """Write the current figure and start another."""
    plt.title(title)
    plt.tight_layout()
    plt.savefig(folder / f"{title}.png", dpi=150)
    plt.figure()


plt.plot(time[:1000], series[:1000])
picture("series")
plt.plot(time[900:1000], targets[850:])
plt.plot(time[900:1000], predicted)
picture("held_out")
plt.plot(time[900:], series[900:], ":")
plt.fill_between(time[1000:], low, high, alpha=0.4)
plt.plot(time[1000:], paths[0, 50:])
picture("continuation")
plt.semilogy(history.history["loss"])
plt.semilogy(history.history["val_loss"])
picture("learning")
