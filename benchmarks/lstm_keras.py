"""Keras' LSTM on TensorFlow or JAX, timed inside its own process: bench_lstm.py starts this with another interpreter.

KERAS_BACKEND=jax python lstm_keras.py THREADS B,T,I,H B,T,I,H ...        one JSON line a shape: seconds
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable

import numpy as np

BACKEND = os.environ.get("KERAS_BACKEND", "tensorflow")


def best(work: Callable[[], object], seconds: float = 0.6) -> float:
    work(), work()
    found, spent = float("inf"), 0.0
    while spent < seconds:
        began = time.perf_counter()
        work()
        took = time.perf_counter() - began
        found, spent = min(found, took), spent + took
    return found


def tensorflow(B: int, T: int, inputs: int, H: int) -> tuple[float, float]:
    import keras
    import tensorflow as tf

    layer = keras.layers.LSTM(H, return_sequences=True)
    x, dy = tf.random.normal((B, T, inputs)), tf.random.normal((B, T, H))
    layer(x)

    @tf.function(jit_compile=False)
    def train() -> object:
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(layer(x, training=True) * dy)
        return tape.gradient(total, layer.trainable_variables)

    infer = tf.function(lambda: layer(x))
    return best(lambda: [g.numpy() for g in train()]), best(lambda: infer().numpy())


def jax(B: int, T: int, inputs: int, H: int) -> tuple[float, float]:
    import jax
    import keras

    layer = keras.layers.LSTM(H, return_sequences=True)
    rng = np.random.default_rng(0)
    x, dy = (rng.normal(size=shape).astype(np.float32) for shape in ((B, T, inputs), (B, T, H)))
    layer(x)
    state = [variable.value for variable in layer.non_trainable_variables]

    def read(weights: list[object]) -> object:
        return layer.stateless_call(weights, state, x)[0]

    weights = [variable.value for variable in layer.trainable_variables]
    train, infer = jax.jit(jax.grad(lambda w: (read(w) * dy).sum())), jax.jit(read)
    return best(lambda: jax.block_until_ready(train(weights))), best(lambda: jax.block_until_ready(infer(weights)))


def main() -> None:
    threads, *shapes = sys.argv[1:]
    if hasattr(os, "sched_setaffinity"):  # XLA takes every processor that it finds
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(threads)])
    if BACKEND == "tensorflow":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(int(threads))
        tf.config.threading.set_inter_op_parallelism_threads(1)
    for text in shapes:
        training, inference = (tensorflow if BACKEND == "tensorflow" else jax)(*map(int, text.split(",")))
        print(json.dumps({"training": training, "inference": inference}), flush=True)


main()
