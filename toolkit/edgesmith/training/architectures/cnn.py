# pyright: basic
"""A small convolution net with batch norm, residual or separable, for images of 8 to 128 pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from edgesmith.training.architectures.ends import arguments, head, input_layers
from edgesmith.training.architectures.image_layers import convolved, image_pixels, separable
from edgesmith.training.architectures.norm_layers import normalised, rectified
from edgesmith.training.architectures.options import check_choice, check_count, check_share

if TYPE_CHECKING:
    from edgesmith_runtime.manifest import Output, Task
    from edgesmith_runtime.spec import TensorSpec

__all__ = ["cnn"]

KINDS = ("residual", "separable")
STAGE_PIXELS = 16  # the first stage works at no more, where 3x3 kernels see whole strokes


def cnn(  # noqa: PLR0913 - its options are arguments
    inputs: tuple[TensorSpec, ...],
    output: Output,
    task: Task,
    *,
    width: int = 32,
    stages: int = 3,
    blocks: int = 1,
    dropout: float = 0.0,
    kind: str = "residual",
) -> keras.Model:
    """A stem that halves the image to 16 pixels or fewer, stages of blocks, the mean over the image.

    A residual block is two 3x3 convolutions beside an identity (He et al. 2016,
    arXiv:1512.03385); a separable one a 3x3 depthwise and a 1x1 convolution (Howard et al. 2017,
    arXiv:1704.04861). Each stage after the first halves the image and doubles the channels.

    Args:
        inputs: One float32 image tensor, ``(batch, height, width, channel)``, 8 pixels or more.
        output: What the model gives.
        task: Softmax follows for a classification.
        width: Channels of the first stage.
        stages: How many.
        blocks: In each stage.
        dropout: Share of the averaged channels left out in training.
        kind: ``residual``, more accurate; ``separable``, smaller and faster.

    Raises:
        ConfigError: An option has a value that it cannot have, or the input is no such image.
    """
    for option, value in (("width", width), ("stages", stages), ("blocks", blocks)):
        check_count(option, value)
    check_share("dropout", dropout)
    check_choice("kind", kind, KINDS)
    pixels = image_pixels(inputs, "cnn")
    layers = input_layers(inputs)
    features = _stem(layers[inputs[0].name], pixels, width)
    block = _residual if kind == "residual" else separable
    for stage in range(stages):
        for index in range(blocks):
            halved = stage > 0 and index == 0
            name = f"stage_{stage + 1}_block_{index + 1}"
            features = block(features, width * 2**stage, name=name, stride=2 if halved else 1)
    features = keras.layers.GlobalAveragePooling2D(name="mean")(features)
    if dropout:
        features = keras.layers.Dropout(dropout, name="dropout")(features)
    return keras.Model(arguments(layers), head(features, output, task), name="cnn")


def _stem(image: keras.KerasTensor, pixels: int, width: int) -> keras.KerasTensor:
    features, channels, place = image, max(width // 2, 1), 1
    while pixels > STAGE_PIXELS:
        features = convolved(features, channels, name=f"stem_{place}", stride=2)
        pixels, channels, place = -(-pixels // 2), width, place + 1
    return convolved(features, width, name=f"stem_{place}")


def _residual(
    features: keras.KerasTensor, width: int, *, name: str, stride: int
) -> keras.KerasTensor:
    shortcut = features
    if stride != 1 or features.shape[-1] != width:
        shortcut = keras.layers.Conv2D(
            width, 1, strides=stride, padding="same", use_bias=False, name=f"{name}_shortcut"
        )(features)
        shortcut = normalised(shortcut, f"{name}_shortcut")
    features = convolved(features, width, name=f"{name}_first", stride=stride)
    features = keras.layers.Conv2D(
        width,
        3,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_second",
    )(features)
    features = normalised(features, f"{name}_second")
    return rectified(keras.layers.Add(name=f"{name}_sum")([features, shortcut]), name)
