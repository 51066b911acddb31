"""How fast our artifacts are against those of the stock converters, in the same bare engine.

    python benchmarks/bench_converted_speed.py [--only NAME ...] [--processes 6]

ONNX against tf2onnx's `from_keras`, TFLite against `TFLiteConverter.from_keras_model`, at batch 1
on one thread: the two files in turn, in fresh processes, with the same inputs, whose answers are
compared first. A model that the stock converter refuses has no ratio, and that is recorded.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import numpy as np
from five_nets import NETS, with_seeded_weights
from harness import in_fresh_processes, intervals, paired_blocks, record

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras

N_STEPS = 80
N_WORDS = 5000
_SLOW_US = 2000.0  # a call that takes longer is timed fewer times a block


def _text(*middle: keras.Layer, mask_zero: bool = False) -> keras.Model:
    import keras

    tokens = keras.Input((N_STEPS,), dtype="int32", name="tokens")
    y = keras.layers.Embedding(N_WORDS, 64, mask_zero=mask_zero)(tokens)
    for layer in middle:
        y = layer(y)
    return keras.Model(tokens, keras.layers.Dense(2, activation="softmax", name="answer")(y))


def _application(name: str) -> Callable[[], keras.Model]:
    def build() -> keras.Model:
        import keras

        return getattr(keras.applications, name)(weights=None, input_shape=(224, 224, 3))

    return build


def _lstm(**settings: Any) -> keras.Layer:
    import keras

    return keras.layers.LSTM(64, **settings)


def _gru() -> keras.Layer:
    import keras

    return keras.layers.GRU(64)


def _bidirectional() -> keras.Layer:
    import keras

    return keras.layers.Bidirectional(keras.layers.LSTM(64))


MODELS: dict[str, Callable[[], keras.Model]] = {
    "lstm": lambda: _text(_lstm()),
    "gru": lambda: _text(_gru()),
    "bidirectional": lambda: _text(_bidirectional()),
    "lstm_masked": lambda: _text(_lstm(), mask_zero=True),
    "dense_autoencoder": NETS["autoencoder"],
    "ds_cnn": NETS["ds_cnn"],
    "MobileNetV2": _application("MobileNetV2"),
    "EfficientNetV2B0": _application("EfficientNetV2B0"),
    "ResNet50": _application("ResNet50"),
}


def built(name: str) -> keras.Model:
    return with_seeded_weights(MODELS[name])


def make(name: str, folder: Path) -> dict[str, str]:
    """Write our two files and the stock ones; why the stock converter refused, by format."""
    import tensorflow as tf
    import tf2onnx
    from tensorflow.lite.python.convert_phase import ConverterError

    from edgesmith.config import ConversionConfig
    from edgesmith.conversion import convert
    from edgesmith.recipe import Recipe
    from edgesmith.reference import trace
    from edgesmith_runtime.spec import Format

    model = built(name)
    reference = trace(model)
    for fmt in Format:
        recipe = Recipe(name="float32", format=fmt)
        artifact = convert(
            reference, recipe, labels={}, config=ConversionConfig(), directory=folder
        )
        (folder / f"ours.{fmt}").write_bytes(artifact.content)
    onnx, _ = tf2onnx.convert.from_keras(built(name), opset=18)
    (folder / "stock.onnx").write_bytes(onnx.SerializeToString())
    try:
        converter = tf.lite.TFLiteConverter.from_keras_model(built(name))
        (folder / "stock.tflite").write_bytes(converter.convert())
    except ConverterError as error:
        return {"tflite": str(error).splitlines()[0]}
    return {}


def samples(shape: list[int], dtype: Any, rng: np.random.Generator) -> Any:
    if np.dtype(dtype).kind == "i":
        return rng.integers(1, N_WORDS, shape).astype(dtype)
    return rng.standard_normal(shape).astype(dtype)


def onnx_call(path: Path, seed: int) -> Callable[[], Any]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(
        str(path), options, providers=["CPUExecutionProvider"]
    )
    (given,) = session.get_inputs()
    shape = [1, *(axis if isinstance(axis, int) else N_STEPS for axis in given.shape[1:])]
    dtype = "int32" if "int" in given.type else "float32"
    feed = {given.name: samples(shape, dtype, np.random.default_rng(seed))}
    return lambda: session.run(None, feed)[0]


def tflite_call(path: Path, seed: int) -> Callable[[], Any]:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path), num_threads=1)
    (given,), (made,) = interpreter.get_input_details(), interpreter.get_output_details()
    shape = [1, *(axis if axis > 0 else N_STEPS for axis in given["shape_signature"][1:])]
    interpreter.resize_tensor_input(given["index"], shape)
    interpreter.allocate_tensors()
    array = samples(shape, given["dtype"], np.random.default_rng(seed))

    def call() -> Any:
        interpreter.set_tensor(given["index"], array)
        interpreter.invoke()
        return interpreter.get_tensor(made["index"])

    return call


CALLS = {"onnx": onnx_call, "tflite": tflite_call}


def blocks_of(folder: Path, fmt: str, seed: int) -> list[tuple[float, float]]:
    ours = CALLS[fmt](folder / f"ours.{fmt}", seed)
    theirs = CALLS[fmt](folder / f"stock.{fmt}", seed)
    expected = theirs()
    np.testing.assert_allclose(ours(), expected, atol=1e-4 * max(1e-3, float(np.ptp(expected))))
    ((_, call_us),) = paired_blocks(
        ours, theirs, n_blocks=1, n_calls=5, rng=np.random.default_rng(seed)
    )
    n_calls = 200 if call_us < _SLOW_US else max(3, int(100_000 / call_us))
    return paired_blocks(
        ours, theirs, n_blocks=24, n_calls=n_calls, rng=np.random.default_rng(seed)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", default=list(MODELS))
    parser.add_argument("--processes", type=int, default=6)
    parser.add_argument("--child", type=int)
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    if options.child is not None:
        folder, fmt = options.files
        print(json.dumps(blocks_of(Path(folder), fmt, options.child)))
        return
    figures: dict[str, Any] = {}
    for name in options.only:
        with tempfile.TemporaryDirectory() as scratch:
            refused = make(name, Path(scratch))
            for fmt in CALLS:
                key = f"{name} {fmt}"
                if fmt in refused:
                    figures[key] = {"stock_refused": refused[fmt]}
                else:
                    script = Path(__file__)
                    figures[key] = intervals(
                        in_fresh_processes(script, [scratch, fmt], options.processes)
                    )
                print(key, json.dumps(figures[key]), flush=True)
    if options.only == list(MODELS):
        print(record("converted_speed", figures))


if __name__ == "__main__":
    main()
