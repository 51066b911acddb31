# pyright: basic
"""What image nets are built of: the check of their one tensor, convolutions with batch norm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from edgesmith.training.architectures.ends import shape_text
from edgesmith_runtime.errors import ConfigError

if TYPE_CHECKING:
    from edgesmith_runtime.spec import TensorSpec

__all__ = ["convolved", "image_pixels", "normalised", "rectified"]

MIN_PIXELS = 8
BATCH_NORM_MOMENTUM = 0.9  # Keras' 0.99 lags behind in a training of few updates


def image_pixels(inputs: tuple[TensorSpec, ...], architecture: str) -> int:
    """The shorter side of the one image tensor, in pixels.

    Raises:
        ConfigError: Another number of tensors, dtype or shape; the message names ``architecture``.
    """
    if len(inputs) == 1 and inputs[0].dtype == "float32":
        sides = [axis for axis in inputs[0].sample_shape if isinstance(axis, int)]
        if len(sides) == len(inputs[0].sample_shape) == 3 and min(sides[:2]) >= MIN_PIXELS:
            return min(sides[:2])
    got = ", ".join(f"'{spec.name}' {spec.dtype} {shape_text(spec.shape)}" for spec in inputs)
    raise ConfigError(
        f"training.architecture: {architecture} takes one float32 image tensor "
        f"(batch, height, width, channel) of {MIN_PIXELS} pixels or more, got {got}; "
        "take mlp, or set [image]"
    )


def convolved(
    features: keras.KerasTensor, width: int, *, name: str, stride: int = 1
) -> keras.KerasTensor:
    """A 3x3 convolution, batch norm and ReLU, named ``name``, ``name_norm`` and ``name_relu``."""
    features = keras.layers.Conv2D(
        width,
        3,
        strides=stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )(features)
    return rectified(normalised(features, name), name)


def normalised(features: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """A batch norm, named ``name_norm``."""
    return keras.layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM, name=f"{name}_norm")(
        features
    )


def rectified(features: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """A ReLU, named ``name_relu``."""
    return keras.layers.ReLU(name=f"{name}_relu")(features)
