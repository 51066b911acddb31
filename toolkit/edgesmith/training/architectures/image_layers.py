# pyright: basic
"""What image nets are built of: the check of their one tensor, convolutions with batch norm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from edgesmith.training.architectures.ends import shape_text
from edgesmith.training.architectures.norm_layers import normalised, rectified
from edgesmith_runtime.errors import ConfigError

if TYPE_CHECKING:
    from edgesmith_runtime.spec import TensorSpec

__all__ = ["convolved", "image_pixels", "separable"]

MIN_PIXELS = 8


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
    features: keras.KerasTensor,
    width: int,
    *,
    name: str,
    kernel: tuple[int, int] = (3, 3),
    stride: int = 1,
) -> keras.KerasTensor:
    """A convolution, batch norm and ReLU, named ``name``, ``name_norm`` and ``name_relu``."""
    features = keras.layers.Conv2D(
        width,
        kernel,
        strides=stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )(features)
    return rectified(normalised(features, name), name)


def separable(
    features: keras.KerasTensor, width: int, *, name: str, stride: int = 1
) -> keras.KerasTensor:
    """A 3x3 depthwise, ``name_depth``, and a 1x1 convolution, ``name_point``, each as above."""
    depth, point = f"{name}_depth", f"{name}_point"
    features = keras.layers.DepthwiseConv2D(
        3, strides=stride, padding="same", use_bias=False, name=depth
    )(features)
    features = rectified(normalised(features, depth), depth)
    features = keras.layers.Conv2D(
        width, 1, use_bias=False, kernel_initializer="he_normal", name=point
    )(features)
    return rectified(normalised(features, point), point)
