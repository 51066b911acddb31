"""The models that quantization is measured on, and their data as arrays; needs EDGESMITH_DATA."""

from __future__ import annotations

import csv
import io
import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from scipy.fft import dct
from scipy.io import wavfile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgesmith_runtime.manifest import Output, Task
    from edgesmith_runtime.spec import TensorSpec

layers = keras.layers


def ds_cnn(inputs: tuple[TensorSpec, ...], output: Output, _task: Task) -> keras.Model:
    """The keyword spotter of MLPerf Tiny: a convolution, then four depthwise-separable ones."""
    given = keras.Input(inputs[0].sample_shape, name=inputs[0].name)
    x = _unit(layers.Conv2D(64, (10, 4), strides=2, padding="same", use_bias=False))(given)
    for _ in range(4):
        x = _unit(layers.DepthwiseConv2D(3, padding="same", use_bias=False))(x)
        x = _unit(layers.Conv2D(64, 1, use_bias=False))(x)
    return _classifier(given, layers.GlobalAveragePooling2D()(x), output)


def resnet8(inputs: tuple[TensorSpec, ...], output: Output, _task: Task) -> keras.Model:
    """The image classifier of MLPerf Tiny: a stem and three residual blocks."""
    given = keras.Input(inputs[0].sample_shape, name=inputs[0].name)
    x = _unit(layers.Conv2D(16, 3, padding="same"))(given)
    for width, stride in ((16, 1), (32, 2), (64, 2)):
        y = _unit(layers.Conv2D(width, 3, strides=stride, padding="same"))(x)
        y = layers.BatchNormalization(momentum=0.9)(layers.Conv2D(width, 3, padding="same")(y))
        if stride > 1:
            x = layers.Conv2D(width, 1, strides=stride, padding="same")(x)
        x = layers.ReLU()(layers.Add()([x, y]))
    return _classifier(given, layers.GlobalAveragePooling2D()(x), output)


def depthwise(inputs: tuple[TensorSpec, ...], output: Output, _task: Task) -> keras.Model:
    """Nearly all of its work is depthwise convolutions, for which int8 kernels are slow."""
    given = keras.Input(inputs[0].sample_shape, name=inputs[0].name)
    x = _unit(layers.Conv2D(24, 3, strides=2, padding="same"))(given)
    for _ in range(6):
        x = _unit(layers.DepthwiseConv2D(5, padding="same"))(x)
    x = _unit(layers.Conv2D(32, 1))(x)
    return _classifier(given, layers.GlobalAveragePooling2D()(x), output)


def wide_range(
    inputs: tuple[TensorSpec, ...], output: Output, _task: Task, *, decades: float = 4.0
) -> keras.Model:
    """A small net with one activation of very unlike channels, as squared and exponential gates make.

    The scale of a channel starts between 1 and ``10 ** decades``; the layer after it starts at the
    inverse. One range cannot hold them all.
    """
    given = keras.Input(inputs[0].sample_shape, name=inputs[0].name)
    x = _unit(layers.Conv2D(16, 3, strides=2, padding="same"))(given)
    for width in (24, 32):
        x = _unit(layers.Conv2D(width, 3, strides=2, padding="same"))(x)
    x = layers.Dense(16, name="hidden")(layers.GlobalAveragePooling2D()(x))
    gains = np.logspace(0, decades, 16).astype(np.float32)
    scale = keras.initializers.Constant(gains)
    x = layers.BatchNormalization(momentum=0.9, gamma_initializer=scale, name="wide")(x)
    x = layers.ReLU(name="wide_relu")(x)
    kernel = np.random.default_rng(0).normal(0, 0.3, (16, output.shape[-1]))
    start = keras.initializers.Constant(kernel / gains[:, None])
    return keras.Model(
        given, layers.Dense(10, activation="softmax", kernel_initializer=start, name="head")(x)
    )


def unbalanced(
    inputs: tuple[TensorSpec, ...], output: Output, _task: Task, *, decades: float = 2.0
) -> keras.Model:
    """A depthwise-separable net whose channels have very unlike scales before each depthwise layer.

    That depthwise layer has one scale a channel for its weights and undoes it; the activation
    between has one range for all.
    """
    rng = np.random.default_rng(0)
    given = keras.Input(inputs[0].sample_shape, name=inputs[0].name)
    x = _unit(layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False))(given)
    for _ in range(2):
        gains = np.logspace(0, decades, 32).astype(np.float32)
        x = layers.Conv2D(32, 1, use_bias=False)(x)
        scale = keras.initializers.Constant(gains)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9, gamma_initializer=scale)(x))
        kernel = rng.normal(0, 0.5, (3, 3, 32, 1)) / gains[:, None]
        start = keras.initializers.Constant(kernel)
        x = _unit(
            layers.DepthwiseConv2D(
                3, strides=2, padding="same", depthwise_initializer=start, use_bias=False
            )
        )(x)
    return _classifier(given, layers.GlobalAveragePooling2D()(x), output)


def _unit(convolution: Any) -> Any:
    def apply(x: Any) -> Any:
        return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(convolution(x)))

    return apply


def _classifier(given: Any, x: Any, output: Output) -> keras.Model:
    n_classes = output.shape[-1]
    return keras.Model(given, layers.Dense(n_classes, activation="softmax", name="head")(x))


def autoencoder(n_inputs: int) -> keras.Model:
    """The anomaly detector of MLPerf Tiny, for fewer inputs."""
    given = keras.Input((n_inputs,), name="window")
    x = given
    for width in (128, 128, 128, 128, 8, 128, 128, 128, 128):
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(layers.Dense(width)(x)))
    return keras.Model(given, layers.Dense(n_inputs, name="rebuilt")(x))


def spoken_digits() -> dict[str, tuple[NDArray[Any], NDArray[Any]]]:
    """49 frames of 10 cepstral numbers a recording, ``(n, 49, 10, 1)``, by split."""
    folder = Path(os.environ["EDGESMITH_DATA"], "fsdd")
    found: dict[str, tuple[list[Any], list[Any]]] = {"train": ([], []), "test": ([], [])}
    with (folder / "split.csv").open() as file:
        for row in csv.DictReader(file):
            _, sound = wavfile.read(folder / row["path"])
            features, labels = found[row["split"]]
            features.append(_cepstra(sound.astype(np.float32) / 32768))
            labels.append(row["label"])
    return {
        split: (np.stack(features).astype(np.float32)[..., None], np.asarray(labels))
        for split, (features, labels) in found.items()
    }


def _cepstra(sound: NDArray[Any]) -> NDArray[Any]:
    """MFCC of frames of 32 ms every 20 ms at 8 kHz, one second in all."""
    padded = np.zeros(8000, np.float32)
    start = max(0, (8000 - len(sound)) // 2)
    part = sound[:8000]
    padded[start : start + len(part)] = part
    frames = np.lib.stride_tricks.sliding_window_view(padded, 256)[::158][:49]
    power = np.abs(np.fft.rfft(frames * np.hanning(256), 256)) ** 2
    points = np.linspace(_mel(60), _mel(3800), 42)
    centers = 700 * (10 ** (points / 2595) - 1) / 8000 * 256
    bins = np.arange(129)
    rising = (bins - centers[:-2, None]) / (centers[1:-1] - centers[:-2])[:, None]
    falling = (centers[2:, None] - bins) / (centers[2:] - centers[1:-1])[:, None]
    bank = np.maximum(0, np.minimum(rising, falling))
    return dct(np.log(power @ bank.T + 1e-6), norm="ortho")[:, :10] / 10


def _mel(hertz: float) -> float:
    return 2595 * np.log10(1 + hertz / 700)


def fan_windows() -> dict[str, NDArray[Any]]:
    """Acceleration of a fan that works as it should, ``(n, 600)`` standardized, by split."""
    folder = Path(os.environ["EDGESMITH_DATA"], "fan_vibration")
    found: dict[str, list[Any]] = {"train": [], "test": []}
    with (
        zipfile.ZipFile(folder / "ceiling-fan.zip") as archive,
        (folder / "split.csv").open() as file,
    ):
        for row in csv.DictReader(file):
            if "0_weight" in row["label"] and "off" not in row["label"]:
                text = io.BytesIO(archive.read(row["path"]))
                numbers = np.genfromtxt(text, delimiter=",", dtype=np.float32)
                numbers = numbers[np.isfinite(numbers).all(axis=1)][:, -3:]
                window = np.zeros((200, 3), np.float32)
                window[: len(numbers[:200])] = numbers[:200]
                found[row["split"]].append(window.reshape(-1))
    arrays = {split: np.stack(rows) for split, rows in found.items()}
    mean, spread = arrays["train"].mean(), arrays["train"].std()
    return {
        split: ((rows - mean) / spread).astype(np.float32) for split, rows in arrays.items()
    }
