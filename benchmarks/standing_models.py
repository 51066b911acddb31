"""The eight known loads of the standing table: bundles of ours, and what the stock converters make.

    python benchmarks/standing_models.py OUT [--only NAME ...]

The four shapes of MLPerf Tiny are those of `five_nets.py`; beside them two image classifiers of
`keras.applications`, a recurrent and an attention model. Weights are seeded: speed does not depend on
what was learned. For each name OUT gets NAME.edge, NAME.keras, NAME.stock.onnx and NAME.stock.tflite; a
stock converter that refuses leaves NAME.stock.FORMAT.refused.txt. What is there is left as it is.
"""

from __future__ import annotations

import argparse
import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import five_nets
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras

N_SAMPLES = 4
N_STEPS = 64
N_WORDS = 2000
WIDTH = 64


def _application(name: str) -> keras.Model:
    import keras

    return getattr(keras.applications, name)(weights=None, input_shape=(224, 224, 3))


def _tokens() -> tuple[Any, Any]:
    """Word numbers, and their vectors with positions added."""
    import keras

    tokens = keras.Input((N_STEPS,), dtype="int32", name="tokens")
    return tokens, keras.layers.Embedding(N_WORDS, WIDTH)(tokens)


def _gru() -> keras.Model:
    import keras

    tokens, y = _tokens()
    y = keras.layers.GRU(WIDTH)(y)
    return keras.Model(tokens, keras.layers.Dense(2, activation="softmax", name="answer")(y))


def _transformer() -> keras.Model:
    """Two encoder blocks of four heads (Vaswani et al., 2017, section 3.1), mean over the steps."""
    import keras

    layers = keras.layers
    tokens, y = _tokens()
    for _ in range(2):
        attended = layers.MultiHeadAttention(num_heads=4, key_dim=WIDTH // 4)(y, y)
        y = layers.LayerNormalization()(layers.Add()([y, attended]))
        wide = layers.Dense(4 * WIDTH, activation="relu")(y)
        y = layers.LayerNormalization()(layers.Add()([y, layers.Dense(WIDTH)(wide)]))
    pooled = layers.GlobalAveragePooling1D()(y)
    return keras.Model(tokens, layers.Dense(2, activation="softmax", name="answer")(pooled))


MODELS: dict[str, Callable[[], keras.Model]] = {
    **{name: net for name, net in five_nets.NETS.items() if name != "mlp"},
    "MobileNetV2": functools.partial(_application, "MobileNetV2"),
    "EfficientNetV2B0": functools.partial(_application, "EfficientNetV2B0"),
    "gru": _gru,
    "transformer": _transformer,
}


def seeded(name: str) -> keras.Model:
    """A model whose weights follow from the seed alone."""
    return five_nets.with_seeded_weights(MODELS[name])


def samples_of(model: keras.Model) -> Any:
    (given,) = model.inputs
    shape = (N_SAMPLES, *given.shape[1:])
    rng = np.random.default_rng(1)
    if given.dtype.startswith("int"):
        return rng.integers(1, N_WORDS, shape).astype(given.dtype)
    return rng.standard_normal(shape).astype(np.float32)


def make(name: str, out: Path) -> None:
    """Everything of one model that is not in ``out`` yet."""
    import edgesmith

    out.mkdir(parents=True, exist_ok=True)
    bundle, original = out / f"{name}.edge", out / f"{name}.keras"
    if not original.is_file():
        seeded(name).save(original)
    if not bundle.is_file():
        model = seeded(name)
        edgesmith.export(
            model,
            out / name / bundle.name,
            samples=samples_of(model),
            formats=("onnx", "tflite"),
            n_rounds=None,
        )
        (out / name / bundle.name).replace(bundle)
    for suffix, convert in (("onnx", _stock_onnx), ("tflite", _stock_tflite)):
        file = out / f"{name}.stock.{suffix}"
        refused = file.with_name(f"{file.name}.refused.txt")
        if file.is_file() or refused.is_file():
            continue
        try:
            file.write_bytes(convert(seeded(name)))
        except Exception as error:  # noqa: BLE001 - a converter refuses by any exception
            refused.write_text(str(error).splitlines()[0])


def _stock_onnx(model: keras.Model) -> bytes:
    import tf2onnx

    converted, _ = tf2onnx.convert.from_keras(model, opset=18)
    return converted.SerializeToString()


def _stock_tflite(model: keras.Model) -> bytes:
    import tensorflow as tf

    return tf.lite.TFLiteConverter.from_keras_model(model).convert()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", nargs="+", choices=list(MODELS), default=list(MODELS))
    options = parser.parse_args()
    for name in options.only:
        make(name, options.out)
        print(name, flush=True)


if __name__ == "__main__":
    main()
