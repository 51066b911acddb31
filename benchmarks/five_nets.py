"""The five small nets that the runtime's speed is measured on, as bundles with ONNX and TFLite.

    python benchmarks/five_nets.py OUT [--only NAME ...] [--optimized]

Seeded weights, and golden samples drawn from a seed: speed does not depend on what was learned. The
shapes are those of MLPerf Tiny v1.x (Banbury et al., 2021, MLPerf Tiny Benchmark) and a two-layer MLP.
A bundle that is in OUT already is left as it is. With --optimized they go to OUT/optimized, and what
is in them is the best that the search found within a drop of 0.02 (minutes a net); where it found none,
the float model is in the bundle, and NAME.refused.txt beside it says why.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras

N_SAMPLES = 8
N_CALIBRATION = 256  # of the optimized ones
MAX_DROP = 0.02  # of agreement or fidelity with the float model


def _mlp() -> keras.Model:
    """Two dense layers, 16 to 32 to 10: a call is nearly all overhead."""
    import keras

    x = keras.Input((16,), name="features")
    y = keras.layers.Dense(32, activation="relu")(x)
    return keras.Model(x, keras.layers.Dense(10, activation="softmax", name="answer")(y))


def _autoencoder() -> keras.Model:
    """Anomaly detection: dense layers with BatchNorm around a narrow one."""
    import keras

    x = keras.Input((640,), name="frame")
    y = x
    for width in (128, 128, 128, 128, 8, 128, 128, 128, 128):
        y = _normalized(keras.layers.Dense(width), y)
    return keras.Model(x, keras.layers.Dense(640, name="rebuilt")(y))


def _ds_cnn() -> keras.Model:
    """Keyword spotting: depthwise-separable convolutions on 49 x 10 cepstral features."""
    import keras

    x = keras.Input((49, 10, 1), name="features")
    y = _normalized(keras.layers.Conv2D(64, (10, 4), strides=2, padding="same"), x)
    for _ in range(4):
        y = _normalized(keras.layers.DepthwiseConv2D(3, padding="same"), y)
        y = _normalized(keras.layers.Conv2D(64, 1), y)
    return _classifier(x, y, 12)


def _resnet8() -> keras.Model:
    """Image classification, 32 x 32: a stem and three residual blocks."""
    import keras

    layers = keras.layers
    x = keras.Input((32, 32, 3), name="image")
    y = _normalized(layers.Conv2D(16, 3, padding="same"), x)
    for width, stride in ((16, 1), (32, 2), (64, 2)):
        z = _normalized(layers.Conv2D(width, 3, strides=stride, padding="same"), y)
        z = layers.BatchNormalization()(layers.Conv2D(width, 3, padding="same")(z))
        if stride > 1:
            y = layers.Conv2D(width, 1, strides=stride, padding="same")(y)
        y = layers.ReLU()(layers.Add()([y, z]))
    return _classifier(x, y, 10)


def _mobilenet_v1() -> keras.Model:
    """Visual wake words: MobileNetV1 of a quarter of the width on 96 x 96 pixels."""
    import keras

    layers = keras.layers
    x = keras.Input((96, 96, 3), name="image")
    y = _normalized(layers.Conv2D(8, 3, strides=2, padding="same"), x)
    blocks = [(16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), *[(128, 1)] * 5]
    for width, stride in [*blocks, (256, 2), (256, 1)]:
        y = _normalized(layers.DepthwiseConv2D(3, strides=stride, padding="same"), y)
        y = _normalized(layers.Conv2D(width, 1), y)
    return _classifier(x, y, 2)


def _normalized(layer: keras.Layer, x: Any) -> Any:
    import keras

    return keras.layers.ReLU()(keras.layers.BatchNormalization()(layer(x)))


def _classifier(x: Any, y: Any, n_classes: int) -> keras.Model:
    import keras

    pooled = keras.layers.GlobalAveragePooling2D()(y)
    head = keras.layers.Dense(n_classes, activation="softmax", name="answer")
    return keras.Model(x, head(pooled))


NETS: dict[str, Callable[[], keras.Model]] = {
    "mlp": _mlp,
    "autoencoder": _autoencoder,
    "ds_cnn": _ds_cnn,
    "resnet8": _resnet8,
    "mobilenet_v1": _mobilenet_v1,
}


def seeded(name: str) -> keras.Model:
    """A net whose weights follow from the seed alone."""
    return with_seeded_weights(NETS[name])


def with_seeded_weights(build: Callable[[], keras.Model]) -> keras.Model:
    """A model whose BatchNorm statistics and biases are not those of an untrained one."""
    import keras

    keras.utils.set_random_seed(0)
    model, rng = build(), np.random.default_rng(0)
    for weight in model.weights:
        if weight.name in ("gamma", "moving_variance"):
            weight.assign(rng.uniform(0.8, 1.2, weight.shape))
        elif weight.name in ("beta", "bias", "moving_mean"):
            weight.assign(rng.uniform(-0.1, 0.1, weight.shape))
    return model


def bundle_of(name: str, out: Path, *, optimized: bool = False) -> Path:
    """The bundle of one net in ``out``, which is built if it is not there."""
    folder = out / "optimized" if optimized else out
    path = folder / f"{name}.edge"
    if not path.is_file():
        work = folder / name / path.name
        work.parent.mkdir(parents=True, exist_ok=True)
        refusal = _export(seeded(name), work, optimized=optimized)
        _refusal_file(path).unlink(missing_ok=True)
        if refusal is not None:
            _refusal_file(path).write_text(refusal)
        work.replace(path)
    return path


def refusal_of(bundle: Path) -> str | None:
    """Why the float model is in a bundle that was to be optimized; None where it is optimized."""
    file = _refusal_file(bundle)
    return file.read_text() if file.is_file() else None


def _refusal_file(bundle: Path) -> Path:
    return bundle.with_suffix(".refused.txt")


def _export(model: keras.Model, path: Path, *, optimized: bool) -> str | None:
    """Build a bundle; why it holds the float model although another was asked for, if it does."""
    import edgesmith
    from edgesmith_runtime.errors import BudgetError

    shape = (N_CALIBRATION if optimized else N_SAMPLES, *model.inputs[0].shape[1:])
    samples = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    target = edgesmith.Target(max_accuracy_drop=MAX_DROP) if optimized else None
    n_rounds = 3 if optimized else None
    formats = ("onnx", "tflite")
    try:
        edgesmith.export(
            model, path, samples=samples, formats=formats, n_rounds=n_rounds, target=target
        )
    except BudgetError as error:  # the float artifacts are in the bundle then
        print(f"{path.stem}: {error}", flush=True)
        return str(error)
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", nargs="+", choices=list(NETS), default=list(NETS))
    parser.add_argument("--optimized", action="store_true")
    options = parser.parse_args()
    for name in options.only:
        print(bundle_of(name, options.out, optimized=options.optimized), flush=True)


if __name__ == "__main__":
    main()
