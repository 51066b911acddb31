# pyright: basic
"""A small net of inverted residuals, as MobileNetV2 has them, for images of 8 to 256 pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from edgesmith.training.architectures.ends import arguments, head, input_layers
from edgesmith.training.architectures.image_layers import convolved, image_pixels
from edgesmith.training.architectures.norm_layers import normalised, rectified
from edgesmith.training.architectures.options import check_count, check_share

if TYPE_CHECKING:
    from edgesmith_runtime.manifest import Output, Task
    from edgesmith_runtime.spec import TensorSpec

__all__ = ["mobilenet"]

STAGE_PIXELS = 32  # the first stage works at no more; depthwise kernels are cheap there


def mobilenet(  # noqa: PLR0913 - its options are arguments
    inputs: tuple[TensorSpec, ...],
    output: Output,
    task: Task,
    *,
    width: int = 16,
    stages: int = 3,
    blocks: int = 2,
    expansion: int = 4,
    dropout: float = 0.0,
) -> keras.Model:
    """A stem that halves the image to 32 pixels or fewer, stages of blocks, the mean over the image.

    A block widens its channels by a 1x1 convolution, filters each by a 3x3 depthwise one and
    narrows them by a 1x1 one without an activation; where the shape stays, its input is added
    (Sandler et al. 2018, arXiv:1801.04381). Each stage after the first halves the image and
    doubles the channels.

    Args:
        inputs: One float32 image tensor, ``(batch, height, width, channel)``, 8 pixels or more.
        output: What the model gives.
        task: Softmax follows for a classification.
        width: Channels of the first stage.
        stages: How many.
        blocks: In each stage.
        expansion: How many times as many channels the inside of a block has.
        dropout: Share of the averaged channels left out in training.

    Raises:
        ConfigError: An option has a value that it cannot have, or the input is no such image.
    """
    counts = {"width": width, "stages": stages, "blocks": blocks, "expansion": expansion}
    for option, value in counts.items():
        check_count(option, value)
    check_share("dropout", dropout)
    pixels = image_pixels(inputs, "mobilenet")
    layers = input_layers(inputs)
    features, place = layers[inputs[0].name], 1
    while pixels > STAGE_PIXELS:
        features = convolved(features, width, name=f"stem_{place}", stride=2)
        pixels, place = -(-pixels // 2), place + 1
    features = convolved(features, width, name=f"stem_{place}")
    for stage in range(stages):
        for index in range(blocks):
            features = _block(
                features,
                width * 2**stage,
                expansion,
                name=f"stage_{stage + 1}_block_{index + 1}",
                stride=2 if stage > 0 and index == 0 else 1,
            )
    # The last narrow layer is linear; the head learns from more, and rectified, channels.
    features = _pointwise(features, width * 2**stages, "last")
    features = rectified(features, "last")
    features = keras.layers.GlobalAveragePooling2D(name="mean")(features)
    if dropout:
        features = keras.layers.Dropout(dropout, name="dropout")(features)
    return keras.Model(arguments(layers), head(features, output, task), name="mobilenet")


def _block(
    features: keras.KerasTensor, width: int, expansion: int, *, name: str, stride: int
) -> keras.KerasTensor:
    source, depth, wide = features, f"{name}_depth", f"{name}_wide"
    features = _pointwise(source, source.shape[-1] * expansion, wide)
    features = rectified(features, wide)
    features = keras.layers.DepthwiseConv2D(
        3, strides=stride, padding="same", use_bias=False, name=depth
    )(features)
    features = rectified(normalised(features, depth), depth)
    features = _pointwise(features, width, f"{name}_narrow")
    if stride != 1 or source.shape[-1] != width:
        return features
    return keras.layers.Add(name=f"{name}_sum")([features, source])


def _pointwise(features: keras.KerasTensor, width: int, name: str) -> keras.KerasTensor:
    features = keras.layers.Conv2D(
        width, 1, use_bias=False, kernel_initializer="he_normal", name=name
    )(features)
    return normalised(features, name)
