"""Merging of several tensors, and layers that move values without changing them."""

from __future__ import annotations

from keras import layers

from conversion_cases.feeding import Feed, layer_case

__all__ = ["CASES"]

VECTOR = Feed((6,))
SERIES = Feed((7, 4))
IMAGE = Feed((6, 5, 3))
VOLUME = Feed((5, 4, 3, 2))
FIRST_IMAGE = Feed((3, 6, 5))
FREE_SERIES = Feed((None, 4))
FREE_IMAGE = Feed((None, None, 3))
FIRST = "channels_first"

_MERGING = (
    *(
        layer_case(
            f"layers/{name}/two", lambda *t, name=name: getattr(layers, name)()(t), *feeds
        )
        for name in (
            "Add",
            "Average",
            "Concatenate",
            "Maximum",
            "Minimum",
            "Multiply",
            "Subtract",
        )
        for feeds in [(IMAGE, IMAGE)]
    ),
    layer_case("layers/Add/three", lambda *t: layers.Add()(t), VECTOR, VECTOR, VECTOR),
    layer_case("layers/Average/three", lambda *t: layers.Average()(t), VECTOR, VECTOR, VECTOR),
    layer_case("layers/Add/broadcast", lambda *t: layers.Add()(t), IMAGE, Feed((1, 1, 3))),
    layer_case("layers/Multiply/broadcast", lambda *t: layers.Multiply()(t), IMAGE, Feed((3,))),
    layer_case("layers/add/function", lambda *t: layers.add(t), VECTOR, VECTOR),
    layer_case(
        "layers/Concatenate/axis_1",
        lambda *t: layers.Concatenate(axis=1)(t),
        SERIES,
        Feed((3, 4)),
    ),
    layer_case(
        "layers/Concatenate/free_time",
        lambda *t: layers.Concatenate(axis=1)(t),
        FREE_SERIES,
        FREE_SERIES,
        lengths=(5, 8),
    ),
    layer_case("layers/Dot/vectors", lambda *t: layers.Dot(axes=1)(t), VECTOR, VECTOR),
    layer_case(
        "layers/Dot/cosine", lambda *t: layers.Dot(axes=1, normalize=True)(t), VECTOR, VECTOR
    ),
    layer_case(
        "layers/Dot/matrices", lambda *t: layers.Dot(axes=(2, 2))(t), SERIES, Feed((5, 4))
    ),
    layer_case(
        "layers/Dot/free_time",
        lambda *t: layers.Dot(axes=(2, 2))(t),
        FREE_SERIES,
        FREE_SERIES,
        lengths=(5, 8),
    ),
)
_MOVING = (
    layer_case("layers/Flatten/image", lambda x: layers.Flatten()(x), IMAGE),
    layer_case(
        "layers/Flatten/channels_first",
        lambda x: layers.Flatten(data_format=FIRST)(x),
        FIRST_IMAGE,
    ),
    layer_case("layers/Flatten/scalar", lambda x: layers.Flatten()(x), Feed(())),
    layer_case("layers/Reshape/fixed", lambda x: layers.Reshape((3, 30))(x), IMAGE),
    layer_case("layers/Reshape/derived", lambda x: layers.Reshape((-1, 3))(x), IMAGE),
    layer_case(
        "layers/Reshape/free_size",
        lambda x: layers.Reshape((-1, 3))(x),
        FREE_IMAGE,
        lengths=(5, 8),
    ),
    layer_case("layers/Permute/image", lambda x: layers.Permute((3, 1, 2))(x), IMAGE),
    layer_case(
        "layers/Permute/free_time",
        lambda x: layers.Permute((2, 1))(x),
        FREE_SERIES,
        lengths=(5, 8),
    ),
    layer_case("layers/RepeatVector/four", lambda x: layers.RepeatVector(4)(x), VECTOR),
    layer_case("layers/Cropping1D/both", lambda x: layers.Cropping1D((1, 2))(x), SERIES),
    layer_case(
        "layers/Cropping1D/free_time",
        lambda x: layers.Cropping1D((1, 2))(x),
        FREE_SERIES,
        lengths=(5, 8),
    ),
    layer_case(
        "layers/Cropping2D/uneven", lambda x: layers.Cropping2D(((1, 2), (0, 1)))(x), IMAGE
    ),
    layer_case(
        "layers/Cropping2D/channels_first",
        lambda x: layers.Cropping2D(1, data_format=FIRST)(x),
        FIRST_IMAGE,
    ),
    layer_case(
        "layers/Cropping3D/uneven",
        lambda x: layers.Cropping3D(((1, 1), (0, 1), (1, 0)))(x),
        VOLUME,
    ),
    layer_case("layers/ZeroPadding1D/both", lambda x: layers.ZeroPadding1D((1, 2))(x), SERIES),
    layer_case(
        "layers/ZeroPadding1D/free_time",
        lambda x: layers.ZeroPadding1D((3, 0))(x),
        FREE_SERIES,
        lengths=(5, 8),
    ),
    layer_case(
        "layers/ZeroPadding2D/uneven",
        lambda x: layers.ZeroPadding2D(((1, 2), (0, 1)))(x),
        IMAGE,
    ),
    layer_case(
        "layers/ZeroPadding2D/channels_first",
        lambda x: layers.ZeroPadding2D(1, data_format=FIRST)(x),
        FIRST_IMAGE,
    ),
    layer_case(
        "layers/ZeroPadding2D/free_size",
        lambda x: layers.ZeroPadding2D((1, 2))(x),
        FREE_IMAGE,
        lengths=(5, 8),
    ),
    layer_case(
        "layers/ZeroPadding3D/uneven",
        lambda x: layers.ZeroPadding3D(((1, 1), (0, 2), (1, 0)))(x),
        VOLUME,
    ),
)
_UPSAMPLING = (
    layer_case("layers/UpSampling1D/three", lambda x: layers.UpSampling1D(3)(x), SERIES),
    layer_case(
        "layers/UpSampling1D/free_time",
        lambda x: layers.UpSampling1D(2)(x),
        FREE_SERIES,
        lengths=(5, 8),
    ),
    *(
        layer_case(
            f"layers/UpSampling2D/{kind}",
            lambda x, kind=kind: layers.UpSampling2D((2, 3), interpolation=kind)(x),
            IMAGE,
        )
        for kind in ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")
    ),
    *(
        layer_case(
            f"layers/UpSampling2D/{kind}_channels_first",
            lambda x, kind=kind: layers.UpSampling2D(2, interpolation=kind, data_format=FIRST)(
                x
            ),
            FIRST_IMAGE,
        )
        for kind in ("nearest", "bilinear")
    ),
    *(
        layer_case(
            f"layers/UpSampling2D/{kind}_free_size",
            lambda x, kind=kind: layers.UpSampling2D(2, interpolation=kind)(x),
            FREE_IMAGE,
            lengths=(5, 8),
        )
        for kind in ("nearest", "bilinear")
    ),
    layer_case(
        "layers/UpSampling3D/uneven", lambda x: layers.UpSampling3D((2, 1, 3))(x), VOLUME
    ),
    layer_case(
        "layers/UpSampling3D/channels_first",
        lambda x: layers.UpSampling3D(2, data_format=FIRST)(x),
        Feed((2, 5, 4, 3)),
    ),
)

CASES = (*_MERGING, *_MOVING, *_UPSAMPLING)
