# pyright: basic
"""A temporal convolutional net: dilated causal convolutions beside identities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from edgesmith.training.architectures.ends import arguments, head, input_layers
from edgesmith.training.architectures.options import check_choice, check_count, check_share
from edgesmith.training.architectures.series_layers import convolved, series_input

if TYPE_CHECKING:
    from edgesmith_runtime.manifest import Output, Task
    from edgesmith_runtime.spec import TensorSpec

__all__ = ["tcn"]

POOLS = ("last", "mean")


def tcn(  # noqa: PLR0913 - its options are arguments
    inputs: tuple[TensorSpec, ...],
    output: Output,
    task: Task,
    *,
    width: int = 32,
    blocks: int = 4,
    kernel: int = 3,
    dropout: float = 0.0,
    pool: str = "last",
) -> keras.Model:
    """Blocks of two causal convolutions, whose dilation doubles from block to block.

    S. Bai et al., An empirical evaluation of generic convolutional and recurrent networks for
    sequence modeling, 2018, arXiv:1803.01271, with batch norm in place of weight norm. The last
    point sees ``1 + 2 (kernel - 1) (2^blocks - 1)`` points.

    Args:
        inputs: One float32 tensor, ``(batch, time, channels)``.
        output: What the model gives.
        task: Softmax follows for a classification.
        width: Channels of every block.
        blocks: How many.
        kernel: Points that a convolution takes.
        dropout: Share of the channels left out in training, after each convolution.
        pool: ``last``, the last point in time answers; ``mean``, the mean over time.

    Raises:
        ConfigError: An option has a value that it cannot have, or the input is no such series.
    """
    for option, value in (("width", width), ("blocks", blocks), ("kernel", kernel)):
        check_count(option, value)
    check_share("dropout", dropout)
    check_choice("pool", pool, POOLS)
    layers = input_layers(inputs)
    features = series_input(inputs, layers, "tcn")
    for block in range(blocks):
        name = f"block_{block + 1}"
        shortcut = features
        if features.shape[-1] != width:
            shortcut = keras.layers.Conv1D(width, 1, name=f"{name}_shortcut")(features)
        for place in ("first", "second"):
            part = f"{name}_{place}"
            features = convolved(
                features, width, kernel, name=part, padding="causal", dilation=2**block
            )
            features = keras.layers.ReLU(name=f"{part}_relu")(features)
            if dropout:
                features = keras.layers.SpatialDropout1D(dropout, name=f"{part}_dropout")(
                    features
                )
        features = keras.layers.Add(name=f"{name}_sum")([features, shortcut])
        features = keras.layers.ReLU(name=f"{name}_relu")(features)
    if pool == "mean":
        features = keras.layers.GlobalAveragePooling1D(name="mean")(features)
    else:
        before_last = features.shape[1] - 1
        features = keras.layers.Cropping1D((before_last, 0), name="last")(features)
        features = keras.layers.Reshape((width,), name="last_point")(features)
    return keras.Model(arguments(layers), head(features, output, task), name="tcn")
