"""Convolutions in one, two and three dimensions, with every setting that changes the graph."""

from __future__ import annotations

from keras import layers

from conversion_cases.feeding import Feed, layer_case

__all__ = ["CASES"]

SERIES = Feed((13, 4))
IMAGE = Feed((11, 9, 4))
VOLUME = Feed((7, 6, 5, 4))
FIRST_SERIES = Feed((4, 13))
FIRST_IMAGE = Feed((4, 11, 9))
FIRST_VOLUME = Feed((4, 7, 6, 5))
FREE_SERIES = Feed((None, 4))
FREE_IMAGE = Feed((None, None, 4))
FIRST = "channels_first"

_CONV1D = (
    layer_case("layers/Conv1D/valid", lambda x: layers.Conv1D(6, 3)(x), SERIES),
    layer_case("layers/Conv1D/same", lambda x: layers.Conv1D(6, 4, padding="same")(x), SERIES),
    layer_case(
        "layers/Conv1D/causal", lambda x: layers.Conv1D(6, 3, padding="causal")(x), SERIES
    ),
    layer_case(
        "layers/Conv1D/causal_dilated",
        lambda x: layers.Conv1D(6, 3, padding="causal", dilation_rate=3)(x),
        SERIES,
    ),
    layer_case(
        "layers/Conv1D/same_strided",
        lambda x: layers.Conv1D(6, 3, strides=2, padding="same")(x),
        SERIES,
    ),
    layer_case("layers/Conv1D/strided", lambda x: layers.Conv1D(6, 3, strides=3)(x), SERIES),
    layer_case(
        "layers/Conv1D/dilated", lambda x: layers.Conv1D(6, 3, dilation_rate=2)(x), SERIES
    ),
    layer_case(
        "layers/Conv1D/same_dilated",
        lambda x: layers.Conv1D(6, 3, dilation_rate=2, padding="same")(x),
        SERIES,
    ),
    layer_case("layers/Conv1D/groups", lambda x: layers.Conv1D(6, 3, groups=2)(x), SERIES),
    layer_case(
        "layers/Conv1D/groups_strided",
        lambda x: layers.Conv1D(8, 3, groups=4, strides=2, padding="same")(x),
        SERIES,
    ),
    layer_case(
        "layers/Conv1D/relu_no_bias",
        lambda x: layers.Conv1D(6, 3, activation="relu", use_bias=False)(x),
        SERIES,
    ),
    layer_case(
        "layers/Conv1D/channels_first",
        lambda x: layers.Conv1D(6, 3, data_format=FIRST)(x),
        FIRST_SERIES,
    ),
    layer_case(
        "layers/Conv1D/free_time",
        lambda x: layers.Conv1D(6, 3, padding="same")(x),
        FREE_SERIES,
        lengths=(9, 16),
    ),
    layer_case(
        "layers/Conv1D/free_time_causal_dilated",
        lambda x: layers.Conv1D(6, 3, padding="causal", dilation_rate=2)(x),
        FREE_SERIES,
        lengths=(9, 16),
    ),
)
_CONV2D = (
    layer_case("layers/Conv2D/valid", lambda x: layers.Conv2D(6, 3)(x), IMAGE),
    layer_case(
        "layers/Conv2D/same", lambda x: layers.Conv2D(6, (4, 3), padding="same")(x), IMAGE
    ),
    layer_case("layers/Conv2D/pointwise", lambda x: layers.Conv2D(6, 1)(x), IMAGE),
    layer_case(
        "layers/Conv2D/strided", lambda x: layers.Conv2D(6, 3, strides=(2, 3))(x), IMAGE
    ),
    layer_case(
        "layers/Conv2D/same_strided",
        lambda x: layers.Conv2D(6, 3, strides=2, padding="same")(x),
        IMAGE,
    ),
    layer_case(
        "layers/Conv2D/dilated", lambda x: layers.Conv2D(6, 3, dilation_rate=(2, 1))(x), IMAGE
    ),
    layer_case(
        "layers/Conv2D/same_dilated",
        lambda x: layers.Conv2D(6, 3, dilation_rate=3, padding="same")(x),
        IMAGE,
    ),
    layer_case("layers/Conv2D/groups", lambda x: layers.Conv2D(6, 3, groups=2)(x), IMAGE),
    layer_case(
        "layers/Conv2D/groups_strided",
        lambda x: layers.Conv2D(8, 3, groups=2, strides=2, padding="same")(x),
        IMAGE,
    ),
    layer_case(
        "layers/Conv2D/groups_are_channels",
        lambda x: layers.Conv2D(8, 3, groups=4, padding="same")(x),
        IMAGE,
    ),
    layer_case(
        "layers/Conv2D/groups_dilated",
        lambda x: layers.Conv2D(8, 3, groups=2, dilation_rate=2)(x),
        IMAGE,
    ),
    layer_case(
        "layers/Conv2D/relu_no_bias",
        lambda x: layers.Conv2D(6, 3, activation="relu", use_bias=False)(x),
        IMAGE,
    ),
    layer_case(
        "layers/Conv2D/channels_first",
        lambda x: layers.Conv2D(6, 3, data_format=FIRST)(x),
        FIRST_IMAGE,
    ),
    layer_case(
        "layers/Conv2D/channels_first_groups",
        lambda x: layers.Conv2D(6, 3, data_format=FIRST, groups=2, padding="same")(x),
        FIRST_IMAGE,
    ),
    layer_case(
        "layers/Conv2D/free_size",
        lambda x: layers.Conv2D(6, 3, strides=2, padding="same")(x),
        FREE_IMAGE,
        lengths=(7, 10),
    ),
    layer_case(
        "layers/Conv2D/free_size_dilated",
        lambda x: layers.Conv2D(6, 3, dilation_rate=2, padding="same")(x),
        FREE_IMAGE,
        lengths=(7, 10),
    ),
    layer_case(
        "layers/Conv2D/lora",
        lambda x: _with_lora(layers.Conv2D(6, 3), x),
        IMAGE,
    ),
)
_CONV3D = (
    layer_case("layers/Conv3D/valid", lambda x: layers.Conv3D(6, 3)(x), VOLUME),
    layer_case("layers/Conv3D/same", lambda x: layers.Conv3D(6, 2, padding="same")(x), VOLUME),
    layer_case(
        "layers/Conv3D/same_strided",
        lambda x: layers.Conv3D(6, 3, strides=2, padding="same")(x),
        VOLUME,
    ),
    layer_case(
        "layers/Conv3D/dilated", lambda x: layers.Conv3D(6, 2, dilation_rate=2)(x), VOLUME
    ),
    layer_case("layers/Conv3D/groups", lambda x: layers.Conv3D(6, 3, groups=2)(x), VOLUME),
    layer_case(
        "layers/Conv3D/groups_strided",
        lambda x: layers.Conv3D(8, 3, groups=4, strides=2, padding="same")(x),
        VOLUME,
    ),
    layer_case(
        "layers/Conv3D/channels_first",
        lambda x: layers.Conv3D(6, 3, data_format=FIRST)(x),
        FIRST_VOLUME,
    ),
)
_TRANSPOSED = (
    layer_case(
        "layers/Conv1DTranspose/valid", lambda x: layers.Conv1DTranspose(6, 3)(x), SERIES
    ),
    layer_case(
        "layers/Conv1DTranspose/same_strided",
        lambda x: layers.Conv1DTranspose(6, 4, strides=2, padding="same")(x),
        SERIES,
    ),
    layer_case(
        "layers/Conv1DTranspose/output_padding",
        lambda x: layers.Conv1DTranspose(6, 3, strides=3, output_padding=1)(x),
        SERIES,
    ),
    layer_case(
        "layers/Conv1DTranspose/dilated",
        lambda x: layers.Conv1DTranspose(6, 3, dilation_rate=2)(x),
        SERIES,
    ),
    layer_case(
        "layers/Conv1DTranspose/channels_first",
        lambda x: layers.Conv1DTranspose(6, 3, strides=2, data_format=FIRST)(x),
        FIRST_SERIES,
    ),
    layer_case(
        "layers/Conv1DTranspose/free_time",
        lambda x: layers.Conv1DTranspose(6, 4, strides=2, padding="same")(x),
        FREE_SERIES,
        lengths=(7, 10),
    ),
    layer_case(
        "layers/Conv2DTranspose/valid", lambda x: layers.Conv2DTranspose(6, 3)(x), IMAGE
    ),
    layer_case(
        "layers/Conv2DTranspose/same_strided",
        lambda x: layers.Conv2DTranspose(6, 3, strides=2, padding="same")(x),
        IMAGE,
    ),
    layer_case(
        "layers/Conv2DTranspose/strided",
        lambda x: layers.Conv2DTranspose(6, (3, 2), strides=(2, 3))(x),
        IMAGE,
    ),
    layer_case(
        "layers/Conv2DTranspose/output_padding",
        lambda x: layers.Conv2DTranspose(6, 3, strides=3, padding="same", output_padding=2)(x),
        IMAGE,
    ),
    layer_case(
        "layers/Conv2DTranspose/dilated",
        lambda x: layers.Conv2DTranspose(6, 3, dilation_rate=2, padding="same")(x),
        IMAGE,
    ),
    layer_case(
        "layers/Conv2DTranspose/channels_first",
        lambda x: layers.Conv2DTranspose(6, 3, strides=2, data_format=FIRST)(x),
        FIRST_IMAGE,
    ),
    layer_case(
        "layers/Conv2DTranspose/free_size",
        lambda x: layers.Conv2DTranspose(6, 4, strides=2, padding="same", activation="relu")(x),
        FREE_IMAGE,
        lengths=(5, 8),
    ),
    layer_case(
        "layers/Conv3DTranspose/valid", lambda x: layers.Conv3DTranspose(6, 3)(x), VOLUME
    ),
    layer_case(
        "layers/Conv3DTranspose/same_strided",
        lambda x: layers.Conv3DTranspose(6, 3, strides=2, padding="same")(x),
        VOLUME,
    ),
    layer_case(
        "layers/Conv3DTranspose/output_padding",
        lambda x: layers.Conv3DTranspose(6, 3, strides=2, output_padding=1)(x),
        VOLUME,
    ),
    layer_case(
        "layers/Conv3DTranspose/channels_first",
        lambda x: layers.Conv3DTranspose(6, 2, strides=2, data_format=FIRST)(x),
        FIRST_VOLUME,
    ),
)
_BY_CHANNEL = (
    layer_case("layers/DepthwiseConv1D/valid", lambda x: layers.DepthwiseConv1D(3)(x), SERIES),
    layer_case(
        "layers/DepthwiseConv1D/multiplier_strided",
        lambda x: layers.DepthwiseConv1D(3, strides=2, depth_multiplier=2, padding="same")(x),
        SERIES,
    ),
    layer_case(
        "layers/DepthwiseConv1D/channels_first",
        lambda x: layers.DepthwiseConv1D(3, data_format=FIRST)(x),
        FIRST_SERIES,
    ),
    layer_case(
        "layers/DepthwiseConv1D/dilated",
        lambda x: layers.DepthwiseConv1D(3, dilation_rate=2)(x),
        SERIES,
    ),
    layer_case("layers/DepthwiseConv2D/valid", lambda x: layers.DepthwiseConv2D(3)(x), IMAGE),
    layer_case(
        "layers/DepthwiseConv2D/multiplier_strided",
        lambda x: layers.DepthwiseConv2D(3, strides=2, depth_multiplier=2, padding="same")(x),
        IMAGE,
    ),
    layer_case(
        "layers/DepthwiseConv2D/dilated",
        lambda x: layers.DepthwiseConv2D((3, 2), dilation_rate=2, padding="same")(x),
        IMAGE,
    ),
    layer_case(
        "layers/DepthwiseConv2D/channels_first",
        lambda x: layers.DepthwiseConv2D(3, data_format=FIRST)(x),
        FIRST_IMAGE,
    ),
    layer_case(
        "layers/DepthwiseConv2D/free_size",
        lambda x: layers.DepthwiseConv2D(3, padding="same", activation="relu6")(x),
        FREE_IMAGE,
        lengths=(7, 10),
    ),
    layer_case(
        "layers/SeparableConv1D/valid", lambda x: layers.SeparableConv1D(6, 3)(x), SERIES
    ),
    layer_case(
        "layers/SeparableConv1D/same_strided",
        lambda x: layers.SeparableConv1D(6, 3, strides=2, padding="same")(x),
        SERIES,
    ),
    layer_case(
        "layers/SeparableConv1D/channels_first",
        lambda x: layers.SeparableConv1D(6, 3, data_format=FIRST)(x),
        FIRST_SERIES,
    ),
    layer_case(
        "layers/SeparableConv2D/valid", lambda x: layers.SeparableConv2D(6, 3)(x), IMAGE
    ),
    layer_case(
        "layers/SeparableConv2D/multiplier_strided",
        lambda x: layers.SeparableConv2D(6, 3, strides=2, depth_multiplier=2, padding="same")(
            x
        ),
        IMAGE,
    ),
    layer_case(
        "layers/SeparableConv2D/dilated",
        lambda x: layers.SeparableConv2D(6, 3, dilation_rate=2)(x),
        IMAGE,
    ),
    layer_case(
        "layers/SeparableConv2D/channels_first",
        lambda x: layers.SeparableConv2D(6, 3, data_format=FIRST)(x),
        FIRST_IMAGE,
    ),
)


def _with_lora(layer: layers.Conv2D, x: object) -> object:
    layer(x)
    layer.enable_lora(2)
    return layer(x)


CASES = (*_CONV1D, *_CONV2D, *_CONV3D, *_TRANSPOSED, *_BY_CHANNEL)
