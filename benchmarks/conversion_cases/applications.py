"""The smallest member of every family of ``keras.applications``, at its smallest input."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import keras

from conversion_cases.case import Case, randomized

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["CASES"]

# A member of every family and the least height and width that it takes.
_MEMBERS = {
    "ConvNeXtTiny": 32,
    "DenseNet121": 32,
    "EfficientNetB0": 32,
    "EfficientNetV2B0": 32,
    "InceptionResNetV2": 75,
    "InceptionV3": 75,
    "MobileNet": 32,
    "MobileNetV2": 32,
    "MobileNetV3Small": 32,
    "NASNetMobile": 32,
    "ResNet50": 32,
    "ResNet50V2": 32,
    "VGG16": 32,
    "VGG19": 32,
    "Xception": 71,
}


def _build(name: str, size: int) -> keras.Model:
    made = getattr(keras.applications, name)(
        weights=None,
        input_tensor=keras.Input((size, size, 3), name="image"),
        classes=10,
        classifier_activation=None,
    )
    return randomized(made)


def _samples(
    size: int, n: int, _: int, rng: np.random.Generator
) -> dict[str, NDArray[np.float32]]:
    return {"image": rng.uniform(-1, 1, (n, size, size, 3)).astype("float32")}


CASES = tuple(
    Case(
        name=f"applications/{name}",
        covers=(name,),
        build=partial(_build, name, size),
        samples=partial(_samples, size),
    )
    for name, size in _MEMBERS.items()
)
