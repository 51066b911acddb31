"""Layers that act in training only: dropout, noise, and every random augmentation."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from keras import layers

from conversion_cases.feeding import Feed, layer_case, pixels

if TYPE_CHECKING:
    from conversion_cases.case import Case

__all__ = ["CASES"]

VECTOR = Feed((6,))
SERIES = Feed((7, 4))
PHOTO = Feed((12, 10, 3), draw=pixels)
FREE_PHOTO = Feed((None, None, 3), draw=pixels)

_AUGMENTATIONS: dict[str, dict[str, Any]] = {
    "AugMix": {},
    "CutMix": {},
    "MixUp": {},
    "RandAugment": {},
    "RandomBrightness": {"factor": 0.2},
    "RandomColorDegeneration": {"factor": 0.5},
    "RandomColorJitter": {"brightness_factor": 0.2, "contrast_factor": 0.2, "hue_factor": 0.1},
    "RandomContrast": {"factor": 0.2},
    "RandomElasticTransform": {},
    "RandomErasing": {},
    "RandomFlip": {},
    "RandomGaussianBlur": {},
    "RandomGrayscale": {},
    "RandomHue": {"factor": 0.2},
    "RandomInvert": {},
    "RandomPerspective": {},
    "RandomPosterization": {"factor": 4},
    "RandomRotation": {"factor": 0.1},
    "RandomSaturation": {"factor": 0.4},
    "RandomSharpness": {"factor": 0.4},
    "RandomShear": {"x_factor": 0.2, "y_factor": 0.1},
    "RandomTranslation": {"height_factor": 0.1, "width_factor": 0.2},
    "RandomZoom": {"height_factor": 0.2},
}


def _augmentation(name: str, settings: dict[str, Any]) -> Case:
    made = partial(getattr(layers, name), **settings)
    return layer_case(f"layers/{name}/inference", lambda x: made()(x), PHOTO)


def _augmented_network(x: Any) -> Any:
    x = layers.RandomFlip("horizontal")(x)
    x = layers.RandomRotation(0.1)(x)
    x = layers.RandomZoom(0.1, 0.1)(x)
    x = layers.Rescaling(1 / 255)(x)
    x = layers.Conv2D(4, 3, activation="relu")(x)
    return layers.Dropout(0.3)(layers.GlobalAveragePooling2D()(x))


CASES = (
    layer_case("layers/Dropout/plain", lambda x: layers.Dropout(0.5)(x), VECTOR),
    layer_case(
        "layers/Dropout/noise_shape",
        lambda x: layers.Dropout(0.5, noise_shape=(None, 1, 4))(x),
        SERIES,
    ),
    layer_case(
        "layers/Dropout/between",
        lambda x: layers.Dense(3)(layers.Dropout(0.5)(layers.Dense(8, activation="relu")(x))),
        VECTOR,
        covers=("Dense",),
    ),
    layer_case("layers/AlphaDropout/plain", lambda x: layers.AlphaDropout(0.5)(x), VECTOR),
    layer_case(
        "layers/GaussianDropout/plain", lambda x: layers.GaussianDropout(0.5)(x), VECTOR
    ),
    layer_case("layers/GaussianNoise/plain", lambda x: layers.GaussianNoise(0.5)(x), VECTOR),
    layer_case(
        "layers/SpatialDropout1D/plain", lambda x: layers.SpatialDropout1D(0.5)(x), SERIES
    ),
    layer_case(
        "layers/SpatialDropout2D/plain",
        lambda x: layers.SpatialDropout2D(0.5)(x),
        Feed((6, 5, 3)),
    ),
    layer_case(
        "layers/SpatialDropout3D/plain",
        lambda x: layers.SpatialDropout3D(0.5)(x),
        Feed((4, 3, 5, 2)),
    ),
    *(_augmentation(name, settings) for name, settings in _AUGMENTATIONS.items()),
    layer_case("layers/RandomCrop/to_smaller", lambda x: layers.RandomCrop(8, 6)(x), PHOTO),
    layer_case("layers/RandomCrop/to_wider", lambda x: layers.RandomCrop(8, 14)(x), PHOTO),
    layer_case(
        "layers/RandomFlip/free_size",
        lambda x: layers.RandomFlip()(x),
        FREE_PHOTO,
        lengths=(6, 9),
    ),
    layer_case(
        "layers/RandomFlip/network",
        _augmented_network,
        PHOTO,
        covers=("RandomRotation", "RandomZoom", "Rescaling", "Conv2D", "Dropout"),
    ),
)
