# pyright: basic
"""Convolutions over the time of a series: the fully convolutional net and the residual one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from edgesmith.training.architectures.ends import arguments, head, input_layers
from edgesmith.training.architectures.options import check_choice, check_count, check_share
from edgesmith.training.architectures.series_layers import convolved, series_input

if TYPE_CHECKING:
    from edgesmith_runtime.manifest import Output, Task
    from edgesmith_runtime.spec import TensorSpec

__all__ = ["conv1d"]

KINDS = ("plain", "residual")
KERNELS = (8, 5, 3)
WIDTHS = {"plain": (1, 2, 1), "residual": (1, 2, 2)}  # 128, 256, 128 and 64, 128, 128 there


def conv1d(
    inputs: tuple[TensorSpec, ...],
    output: Output,
    task: Task,
    *,
    width: int = 64,
    dropout: float = 0.0,
    kind: str = "plain",
) -> keras.Model:
    """Three stages of convolutions of 8, 5 and 3 points with batch norm, then the mean over time.

    Z. Wang et al., Time series classification from scratch with deep neural networks, 2017,
    arXiv:1611.06455: its FCN, a convolution a stage, and its ResNet, three beside an identity.

    Args:
        inputs: One float32 tensor, ``(batch, time, channels)``.
        output: What the model gives.
        task: Softmax follows for a classification.
        width: Channels of the first stage; the second has twice as many.
        dropout: Share of the averaged channels left out in training.
        kind: ``plain`` or ``residual``.

    Raises:
        ConfigError: An option has a value that it cannot have, or the input is no such series.
    """
    check_count("width", width)
    check_share("dropout", dropout)
    check_choice("kind", kind, KINDS)
    layers = input_layers(inputs)
    features = series_input(inputs, layers, "conv1d")
    for stage, factor in enumerate(WIDTHS[kind], start=1):
        name = f"stage_{stage}"
        if kind == "plain":
            kernel = KERNELS[stage - 1]
            features = convolved(features, width * factor, kernel, name=name)
            features = keras.layers.ReLU(name=f"{name}_relu")(features)
        else:
            features = _residual(features, width * factor, name)
    features = keras.layers.GlobalAveragePooling1D(name="mean")(features)
    if dropout:
        features = keras.layers.Dropout(dropout, name="dropout")(features)
    return keras.Model(arguments(layers), head(features, output, task), name="conv1d")


def _residual(features: keras.KerasTensor, width: int, name: str) -> keras.KerasTensor:
    shortcut = features
    if features.shape[-1] != width:
        shortcut = convolved(features, width, 1, name=f"{name}_shortcut")
    for place, kernel in enumerate(KERNELS, start=1):
        features = convolved(features, width, kernel, name=f"{name}_{place}")
        if place < len(KERNELS):
            features = keras.layers.ReLU(name=f"{name}_{place}_relu")(features)
    features = keras.layers.Add(name=f"{name}_sum")([features, shortcut])
    return keras.layers.ReLU(name=f"{name}_relu")(features)
