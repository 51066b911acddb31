"""Normalization by batch, layer, group, root mean square and length."""

from __future__ import annotations

import keras
from keras import layers

from conversion_cases.feeding import Feed, layer_case, padded

__all__ = ["CASES"]

VECTOR = Feed((6,))
SERIES = Feed((7, 6))
IMAGE = Feed((6, 5, 4))
FIRST_IMAGE = Feed((4, 6, 5))
VOLUME = Feed((5, 4, 3, 6))
FREE_SERIES = Feed((None, 6))
FREE_IMAGE = Feed((None, None, 4))


def _conv_block(x: keras.KerasTensor) -> keras.KerasTensor:
    return layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(6, 3, use_bias=False)(x)))


CASES = (
    layer_case(
        "layers/BatchNormalization/vector", lambda x: layers.BatchNormalization()(x), VECTOR
    ),
    layer_case(
        "layers/BatchNormalization/series", lambda x: layers.BatchNormalization()(x), SERIES
    ),
    layer_case(
        "layers/BatchNormalization/image", lambda x: layers.BatchNormalization()(x), IMAGE
    ),
    layer_case(
        "layers/BatchNormalization/volume", lambda x: layers.BatchNormalization()(x), VOLUME
    ),
    layer_case(
        "layers/BatchNormalization/axis_1",
        lambda x: layers.BatchNormalization(axis=1)(x),
        FIRST_IMAGE,
    ),
    layer_case(
        "layers/BatchNormalization/bare",
        lambda x: layers.BatchNormalization(center=False, scale=False)(x),
        IMAGE,
    ),
    layer_case(
        "layers/BatchNormalization/epsilon",
        lambda x: layers.BatchNormalization(epsilon=0.1, scale=False)(x),
        VECTOR,
    ),
    layer_case(
        "layers/BatchNormalization/masked",
        lambda x: layers.BatchNormalization()(layers.Masking()(x)),
        Feed((7, 6), draw=padded),
        covers=("Masking",),
    ),
    layer_case(
        "layers/BatchNormalization/after_conv",
        _conv_block,
        IMAGE,
        covers=("Conv2D", "ReLU"),
    ),
    layer_case(
        "layers/BatchNormalization/before_dense",
        lambda x: layers.Dense(3)(layers.BatchNormalization()(x)),
        VECTOR,
        covers=("Dense",),
    ),
    layer_case(
        "layers/LayerNormalization/vector", lambda x: layers.LayerNormalization()(x), VECTOR
    ),
    layer_case(
        "layers/LayerNormalization/image", lambda x: layers.LayerNormalization()(x), IMAGE
    ),
    layer_case(
        "layers/LayerNormalization/several_axes",
        lambda x: layers.LayerNormalization(axis=(1, 2, 3))(x),
        IMAGE,
    ),
    layer_case(
        "layers/LayerNormalization/axis_1",
        lambda x: layers.LayerNormalization(axis=1)(x),
        SERIES,
    ),
    layer_case(
        "layers/LayerNormalization/bare",
        lambda x: layers.LayerNormalization(center=False, scale=False)(x),
        SERIES,
    ),
    layer_case(
        "layers/LayerNormalization/free_time",
        lambda x: layers.LayerNormalization()(x),
        FREE_SERIES,
        lengths=(5, 8),
    ),
    layer_case(
        "layers/GroupNormalization/image", lambda x: layers.GroupNormalization(2)(x), IMAGE
    ),
    layer_case(
        "layers/GroupNormalization/of_instances",
        lambda x: layers.GroupNormalization(-1, epsilon=1e-2)(x),
        IMAGE,
    ),
    layer_case(
        "layers/GroupNormalization/series", lambda x: layers.GroupNormalization(3)(x), SERIES
    ),
    layer_case(
        "layers/GroupNormalization/channels_first",
        lambda x: layers.GroupNormalization(2, axis=1)(x),
        FIRST_IMAGE,
    ),
    layer_case(
        "layers/GroupNormalization/free_size",
        lambda x: layers.GroupNormalization(2)(x),
        FREE_IMAGE,
        lengths=(5, 8),
    ),
    layer_case(
        "layers/RMSNormalization/vector", lambda x: layers.RMSNormalization()(x), VECTOR
    ),
    layer_case(
        "layers/RMSNormalization/epsilon",
        lambda x: layers.RMSNormalization(epsilon=0.1)(x),
        SERIES,
    ),
    layer_case(
        "layers/RMSNormalization/free_time",
        lambda x: layers.RMSNormalization()(x),
        FREE_SERIES,
        lengths=(5, 8),
    ),
    layer_case(
        "layers/UnitNormalization/vector", lambda x: layers.UnitNormalization()(x), VECTOR
    ),
    layer_case(
        "layers/UnitNormalization/several_axes",
        lambda x: layers.UnitNormalization(axis=(1, 2))(x),
        SERIES,
    ),
)
