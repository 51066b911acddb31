"""Apps for bundles that keep the proportions of a photo, with Pillow: one right, four with a mistake."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageOps

from doctor_cases.case import Case, model_of
from edgesmith_runtime.doctor import Fault
from edgesmith_runtime.manifest import Kind

if TYPE_CHECKING:
    from edgesmith_runtime.model import Model

__all__ = ["aspect_cases"]

SIDE = 64
SIZE = (SIDE, SIDE)
GREY = (114, 114, 114)


def aspect_cases(photos: dict[str, bytes]) -> list[Case]:
    """A case for each mistake with ``letterbox``, ``cover`` and ``center_crop``.

    Args:
        photos: JPEG files by name; those that are square are left out, as nothing shows on them.
    """
    oblong = [photo for photo in photos if not _is_square(photos[photo])]
    if not oblong:
        return []
    cases: list[Case] = []
    for step, (params, apps) in _APPS.items():
        for number, (name, (app, *faults)) in enumerate(apps.items()):
            photo = oblong[number % len(oblong)]
            pixels = np.asarray(app(_opened(photos[photo])), np.float32)
            cases.append(
                Case(
                    name=f"{step}: {name} ({photo})",
                    model=_model(step, params),
                    raw=photos[photo],
                    tensor=(pixels / 255)[None],
                    faults=tuple(faults),
                )
            )
    return cases


def _is_square(content: bytes) -> bool:
    width, height = Image.open(io.BytesIO(content)).size
    return width == height


def _opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("RGB")


def _model(step: str, params: dict[str, Any]) -> Model:
    return model_of(
        Kind.IMAGE,
        (SIDE, SIDE, 3),
        ("decode_image", {"mode": "rgb"}),
        (step, {"height": SIDE, "width": SIDE, **params}),
        ("scale", {"offset": [0.0], "scale": [255.0]}),
    )


def _stretched(image: Image.Image) -> Image.Image:
    return image.resize(SIZE, Image.Resampling.BILINEAR)


def _padded(image: Image.Image, color: tuple[int, int, int] = GREY) -> Image.Image:
    return ImageOps.pad(image, SIZE, Image.Resampling.BILINEAR, color)


def _top_left(image: Image.Image) -> Image.Image:
    return image.crop((0, 0, SIDE, SIDE))


_APPS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "letterbox": (
        {"color": [114.0]},
        {
            "right": (_padded,),
            "stretched": (_stretched, Fault.LETTERBOX),
            "padded with black": (lambda x: _padded(x, (0, 0, 0)), Fault.LETTERBOX),
        },
    ),
    "cover": ({}, {"stretched": (_stretched, Fault.CROP)}),
    "center_crop": ({}, {"top left": (_top_left, Fault.CROP)}),
}
