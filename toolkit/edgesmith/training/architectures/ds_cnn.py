# pyright: basic
"""A depthwise separable convolution net for sound: small, for the frames of a recording."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from edgesmith.training.architectures.ends import arguments, head, input_layers, shape_text
from edgesmith.training.architectures.image_layers import convolved, separable
from edgesmith.training.architectures.options import check_count, check_share
from edgesmith_runtime.errors import ConfigError

if TYPE_CHECKING:
    from edgesmith_runtime.manifest import Output, Task
    from edgesmith_runtime.spec import TensorSpec

__all__ = ["ds_cnn"]

MIN_FRAMES = 4
MIN_BANDS = 4


def ds_cnn(
    inputs: tuple[TensorSpec, ...],
    output: Output,
    task: Task,
    *,
    width: int = 64,
    blocks: int = 4,
    dropout: float = 0.2,
) -> keras.Model:
    """A 10x4 convolution that halves time and bands, then separable blocks, then the mean.

    Each block is a 3x3 depthwise and a 1x1 convolution with batch norm (Y. Zhang et al., Hello
    Edge: keyword spotting on microcontrollers, 2017, arXiv:1711.07128).

    Args:
        inputs: One float32 tensor, ``(batch, frames, bands)``, 4 of each or more.
        output: What the model gives.
        task: Softmax follows for a classification.
        width: Channels of every layer.
        blocks: How many.
        dropout: Share of the averaged channels left out in training.

    Raises:
        ConfigError: An option has a value that it cannot have, or the input is no such tensor.
    """
    check_count("width", width)
    check_count("blocks", blocks)
    check_share("dropout", dropout)
    frames, bands = _lengths(inputs)
    layers = input_layers(inputs)
    features = keras.layers.Reshape((frames, bands, 1), name="as_image")(layers[inputs[0].name])
    features = convolved(features, width, name="stem", kernel=(10, 4), stride=2)
    for index in range(1, blocks + 1):
        features = separable(features, width, name=f"block_{index}")
    features = keras.layers.GlobalAveragePooling2D(name="mean")(features)
    if dropout:
        features = keras.layers.Dropout(dropout, name="dropout")(features)
    return keras.Model(arguments(layers), head(features, output, task), name="ds_cnn")


def _lengths(inputs: tuple[TensorSpec, ...]) -> tuple[int, int]:
    """Frames and bands of the one tensor."""
    if len(inputs) == 1 and inputs[0].dtype == "float32":
        lengths = [axis for axis in inputs[0].sample_shape if isinstance(axis, int)]
        if len(lengths) == len(inputs[0].sample_shape) == 2:
            frames, bands = lengths
            if frames >= MIN_FRAMES and bands >= MIN_BANDS:
                return frames, bands
    got = ", ".join(f"'{spec.name}' {spec.dtype} {shape_text(spec.shape)}" for spec in inputs)
    raise ConfigError(
        "training.architecture: ds_cnn takes one float32 tensor (batch, frames, bands) with "
        f"{MIN_FRAMES} frames and {MIN_BANDS} bands or more, got {got}; {_cure(inputs)}"
    )


def _cure(inputs: tuple[TensorSpec, ...]) -> str:
    """What else to do; one place an instant is a waveform."""
    if len(inputs) == 1 and inputs[0].sample_shape[1:] == (1,):
        return "set audio.features to log_mel, mfcc or pcen, or take conv1d for a waveform"
    return "set [audio], or take mlp"
