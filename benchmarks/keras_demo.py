"""The journey of ``recollect demo`` as one writes it with Keras: the same series, split, windows, network and epochs.

Run by bench_demo.py. It does less than the demo: no intervals, no free run, one picture in place of five.

    python benchmarks/keras_demo.py tanh sine PICTURE.png
"""

from __future__ import annotations

import sys

import keras
import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np

activation, name, picture = sys.argv[1:]
time = np.arange(1000)
if name == "sine":
    series = np.sin(0.27 * time) + np.random.default_rng(0).normal(0, 0.02, 1000)
else:
    series = np.sin(np.linspace(0, 1000 * np.pi, 1000))
windows = np.lib.stride_tricks.sliding_window_view(series, 51).astype("float32")
inputs, targets = windows[:, :50, None], windows[:, 50]

keras.utils.set_random_seed(0)
model = keras.Sequential([keras.Input((50, 1)), keras.layers.LSTM(50, activation=activation), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
validation = (inputs[750:850], targets[750:850])
history = model.fit(inputs[:750], targets[:750], batch_size=32, epochs=20, validation_data=validation, verbose=0)
predicted = model.predict(inputs[850:], verbose=0)[:, 0]
plt.plot(time[900:], targets[850:])
plt.plot(time[900:], predicted)
plt.savefig(picture)
print(float(np.square(predicted - targets[850:]).mean()))
