"""ONNX Runtime's LSTM, timed inside its own process: bench_lstm.py starts this with another interpreter.

python lstm_onnx.py THREADS B,T,I,H B,T,I,H ...        one JSON line a shape: seconds of inference
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper


def session(threads: int, B: int, T: int, inputs: int, H: int) -> onnxruntime.InferenceSession:
    rng = np.random.default_rng(0)
    shapes = {"W": (1, 4 * H, inputs), "R": (1, 4 * H, H), "B": (1, 8 * H)}
    weights = [numpy_helper.from_array(rng.normal(0, 0.1, s).astype(np.float32), n) for n, s in shapes.items()]
    node = helper.make_node("LSTM", ["x", "W", "R", "B"], ["y", "h", "c"], hidden_size=H)
    graph = helper.make_graph(
        [node],
        "lstm",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [T, B, inputs])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [T, 1, B, H])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)])
    model.ir_version = min(model.ir_version, 10)
    onnx.checker.check_model(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def main() -> None:
    threads, *shapes = sys.argv[1:]
    for text in shapes:
        B, T, inputs, H = map(int, text.split(","))
        run = session(int(threads), B, T, inputs, H)
        x = {"x": np.random.default_rng(1).normal(size=(T, B, inputs)).astype(np.float32)}
        run.run(["y"], x), run.run(["y"], x)
        best, spent = float("inf"), 0.0
        while spent < 0.6:
            began = time.perf_counter()
            run.run(["y"], x)
            took = time.perf_counter() - began
            best, spent = min(best, took), spent + took
        print(json.dumps({"inference": best}), flush=True)


main()
