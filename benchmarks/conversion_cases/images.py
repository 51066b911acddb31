"""Image preprocessing that acts at inference: sizes, crops, tones."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from conversion_cases.case import Case
from conversion_cases.feeding import Feed, integers, layer_case, pixels

__all__ = ["CASES"]

PHOTO = Feed((12, 10, 3), draw=pixels)
BYTES = Feed((12, 10, 3), "uint8", pixels)
FIRST_PHOTO = Feed((3, 12, 10), draw=pixels)
FREE_PHOTO = Feed((None, None, 3), draw=pixels)
FREE_BYTES = Feed((None, None, 3), "uint8", pixels)
_KINDS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")


def _resized(name: str, size: tuple[int, int], feed: Feed, **settings: Any) -> Case:
    return layer_case(
        f"layers/Resizing/{name}",
        lambda x: layers.Resizing(*size, **settings)(x),
        feed,
        lengths=(6, 9) if None in feed.shape else (),
    )


def _pipeline(x: Any) -> Any:
    steps = [layers.Resizing(8, 8), layers.CenterCrop(6, 6), layers.Rescaling(1 / 127.5, -1)]
    return layers.Pipeline(steps)(x)


class Equalizer(keras.Model):
    """A subclassed one: in a functional model Keras 3.15 takes the layer for a cycle."""

    def __init__(self) -> None:
        super().__init__()
        self.equalization = layers.Equalization()

    def call(self, x: Any, *, training: bool | None = None) -> Any:
        return self.equalization(x, training=training)


def _equalized(name: str, feed: Feed) -> Case:
    return Case(
        name=f"layers/Equalization/{name}",
        covers=("Equalization",),
        build=Equalizer,
        samples=lambda n, length, rng: {"x": feed.array(n, length, rng)},
    )


_RESIZING = (
    *(_resized(f"{kind}_up", (20, 17), PHOTO, interpolation=kind) for kind in _KINDS),
    *(_resized(f"{kind}_down", (7, 4), PHOTO, interpolation=kind) for kind in _KINDS),
    *(
        _resized(f"{kind}_antialiased", (7, 4), PHOTO, interpolation=kind, antialias=True)
        for kind in _KINDS[1:]
    ),
    *(_resized(f"{kind}_of_bytes", (7, 15), BYTES, interpolation=kind) for kind in _KINDS[:3]),
    *(_resized(f"{kind}_free_size", (8, 7), FREE_PHOTO, interpolation=kind) for kind in _KINDS),
    _resized("cropped_to_aspect", (8, 8), PHOTO, crop_to_aspect_ratio=True),
    _resized("padded_to_aspect", (8, 8), PHOTO, pad_to_aspect_ratio=True),
    _resized("padded_with_value", (6, 9), PHOTO, pad_to_aspect_ratio=True, fill_value=7.0),
    _resized("cropped_free_size", (8, 8), FREE_PHOTO, crop_to_aspect_ratio=True),
    _resized("padded_free_size", (8, 8), FREE_PHOTO, pad_to_aspect_ratio=True),
    _resized("bytes_free_size", (8, 7), FREE_BYTES),
    _resized("channels_first", (7, 15), FIRST_PHOTO, data_format="channels_first"),
)
_TONES = (
    layer_case("layers/AutoContrast/float", lambda x: layers.AutoContrast()(x), PHOTO),
    _equalized("float", PHOTO),
    _equalized("bytes", BYTES),
    layer_case(
        "layers/ContrastLimitedAdaptiveHistogramEqualization/float",
        lambda x: layers.ContrastLimitedAdaptiveHistogramEqualization(tile_grid_size=(2, 2))(x),
        Feed((16, 12, 3), draw=pixels),
    ),
    layer_case(
        "layers/Solarization/threshold",
        lambda x: layers.Solarization(threshold_factor=0.5)(x),
        PHOTO,
    ),
)

CASES = (
    *_RESIZING,
    layer_case("layers/CenterCrop/smaller", lambda x: layers.CenterCrop(7, 6)(x), PHOTO),
    layer_case("layers/CenterCrop/larger", lambda x: layers.CenterCrop(15, 8)(x), PHOTO),
    layer_case("layers/CenterCrop/bytes", lambda x: layers.CenterCrop(7, 6)(x), BYTES),
    layer_case(
        "layers/CenterCrop/free_size",
        lambda x: layers.CenterCrop(5, 6)(x),
        FREE_PHOTO,
        lengths=(6, 9),
    ),
    layer_case("layers/Rescaling/scale", lambda x: layers.Rescaling(1 / 255)(x), PHOTO),
    layer_case(
        "layers/Rescaling/offset_of_bytes", lambda x: layers.Rescaling(1 / 127.5, -1)(x), BYTES
    ),
    layer_case(
        "layers/Rescaling/by_channel",
        lambda x: layers.Rescaling([0.1, 0.2, 0.3], [1.0, 2.0, 3.0])(x),
        PHOTO,
    ),
    layer_case(
        "layers/Pipeline/of_images",
        _pipeline,
        PHOTO,
        covers=("Resizing", "CenterCrop", "Rescaling"),
    ),
    layer_case(
        "layers/MaxNumBoundingBoxes/five",
        lambda image, boxes, labels: layers.MaxNumBoundingBoxes(5, bounding_box_format="xyxy")(
            {"images": image, "bounding_boxes": {"boxes": boxes, "labels": labels}}
        )["bounding_boxes"],
        PHOTO,
        Feed((3, 4), draw=pixels),
        Feed((3,), "int32", integers(0, 9)),
    ),
    *_TONES,
)
