"""Apps that prepare photos with Pillow, numpy and scipy: one rightly, the others each with a mistake."""

from __future__ import annotations

import io
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageOps
from scipy import ndimage

from doctor_cases.case import Case, model_of
from edgesmith_runtime.doctor import Fault
from edgesmith_runtime.manifest import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["image_cases", "sample_photos"]

MEAN = np.array([118.2, 112.5, 96.7])
DEVIATION = np.array([64.1, 58.3, 71.9])
WIDE = (48, 80)  # height and width of the normalized bundle
SQUARE = 64
GREY = 28

Pixels = Any
Resampling = Image.Resampling


def image_cases(photos: dict[str, bytes]) -> list[Case]:
    """A case for each mistake; they take turns with the photos.

    Args:
        photos: JPEG files by name.
    """
    wide = model_of(
        Kind.IMAGE,
        (*WIDE, 3),
        ("decode_image", {"mode": "rgb"}),
        ("resize", {"height": WIDE[0], "width": WIDE[1]}),
        ("scale", {"offset": MEAN.tolist(), "scale": DEVIATION.tolist()}),
    )
    square = model_of(
        Kind.IMAGE,
        (SQUARE, SQUARE, 3),
        ("decode_image", {"mode": "rgb"}),
        ("resize", {"height": SQUARE, "width": SQUARE}),
        ("scale", {"offset": [0.0], "scale": [255.0]}),
    )
    grey = model_of(
        Kind.IMAGE,
        (GREY, GREY, 1),
        ("decode_image", {"mode": "grey"}),
        ("resize", {"height": GREY, "width": GREY}),
        ("scale", {"offset": [0.0], "scale": [255.0]}),
    )
    cases: list[Case] = []
    for model, apps in ((wide, _WIDE_APPS), (square, _SQUARE_APPS), (grey, _GREY_APPS)):
        for number, (name, (app, *faults)) in enumerate(apps.items()):
            photo = list(photos)[number % len(photos)]
            content = photos[photo]
            if Fault.LETTERBOX in faults and _is_square(content):
                continue  # nothing to pad
            if Fault.ORIENTATION in faults or "turned" in name:
                content = _turned(content)
            tensor = np.asarray(app(content))[None]
            cases.append(
                Case(
                    name=f"{name} ({photo})",
                    model=model,
                    raw=content,
                    tensor=tensor.astype(np.float32),
                    faults=tuple(faults),
                )
            )
    return cases


def sample_photos() -> dict[str, bytes]:
    """The two photos that scikit-learn brings, JPEG files of half their size (320 by 213)."""
    folder = files("sklearn.datasets.images")
    return {
        name: _halved((folder / f"{name}.jpg").read_bytes()) for name in ("china", "flower")
    }


def _halved(content: bytes) -> bytes:
    image = Image.open(io.BytesIO(content))
    stored = io.BytesIO()
    image.reduce(2).save(stored, "JPEG", quality=95)
    return stored.getvalue()


def _is_square(content: bytes) -> bool:
    width, height = Image.open(io.BytesIO(content)).size
    return width == height


def _turned(content: bytes) -> bytes:
    """The same photo stored lying, with the orientation that turns it upright."""
    image = Image.open(io.BytesIO(content))
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = io.BytesIO()
    image.transpose(Image.Transpose.ROTATE_90).save(stored, "JPEG", quality=95, exif=exif)
    return stored.getvalue()


def _opened(content: bytes, mode: str = "RGB") -> Image.Image:
    return ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert(mode)


def _resized(
    image: Image.Image, size: tuple[int, int], kernel: Resampling = Resampling.BILINEAR
) -> Pixels:
    """Resized without rounding to 8 bits: each channel as a float image."""
    pixels = np.asarray(image, np.float32)
    planes = pixels[..., None] if pixels.ndim == 2 else pixels
    made = [
        np.asarray(Image.fromarray(planes[..., channel]).resize(size[::-1], kernel))
        for channel in range(planes.shape[2])
    ]
    return np.stack(made, axis=-1)


def _normalized(pixels: Pixels) -> Pixels:
    return (pixels - MEAN) / DEVIATION


def _wide(content: bytes) -> Pixels:
    return _resized(_opened(content), WIDE)


def _square(content: bytes) -> Pixels:
    return _resized(_opened(content), (SQUARE, SQUARE))


def _by_coordinates(pixels: Pixels, rows: Pixels, columns: Pixels) -> Pixels:
    """Linear interpolation at given places, the edge repeated."""
    places = np.meshgrid(rows, columns, indexing="ij")
    return np.stack(
        [
            ndimage.map_coordinates(pixels[..., c], places, order=1, mode="nearest")
            for c in range(pixels.shape[2])
        ],
        axis=-1,
    )


def _without_antialiasing(content: bytes) -> Pixels:
    pixels = np.asarray(_opened(content), np.float64)
    height, width = pixels.shape[:2]
    rows = (np.arange(WIDE[0]) + 0.5) * height / WIDE[0] - 0.5
    columns = (np.arange(WIDE[1]) + 0.5) * width / WIDE[1] - 0.5
    return _normalized(_by_coordinates(pixels, rows, columns))


def _aligned_corners(content: bytes) -> Pixels:
    pixels = np.asarray(_opened(content), np.float64)
    rows = np.linspace(0, pixels.shape[0] - 1, SQUARE)
    columns = np.linspace(0, pixels.shape[1] - 1, SQUARE)
    return _by_coordinates(pixels, rows, columns) / 255


def _swapped_size(content: bytes) -> Pixels:
    return _normalized(_resized(_opened(content), WIDE[::-1])).transpose(1, 0, 2)[:, ::-1]


def _eight_bits(content: bytes, kernel: Resampling) -> Pixels:
    return np.asarray(_opened(content).resize((SQUARE, SQUARE), kernel)) / 255


def _imagenet(content: bytes) -> Pixels:
    return (_wide(content) / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]


def _grey(reduce: Callable[[NDArray[np.float64]], Pixels]) -> Callable[[bytes], Pixels]:
    def app(content: bytes) -> Pixels:
        colours = np.asarray(_opened(content), np.float64)
        one = Image.fromarray(np.round(reduce(colours)).astype(np.uint8))
        return _resized(one, (GREY, GREY)) / 255

    return app


App = tuple[Any, ...]
_WIDE_APPS: dict[str, App] = {
    "right": (lambda x: _normalized(_wide(x)),),
    "blue, green, red": (
        lambda x: _normalized(_wide(x)[..., ::-1]),
        Fault.CHANNEL_ORDER,
    ),
    "channels first": (
        lambda x: np.moveaxis(_normalized(_wide(x)), -1, 0),
        Fault.LAYOUT,
    ),
    "height and width swapped": (
        lambda x: _normalized(_wide(x)).transpose(1, 0, 2),
        Fault.LAYOUT,
    ),
    "no normalization": (_wide, Fault.MISSING_NORMALIZATION),
    "normalized twice": (
        lambda x: _normalized(_normalized(_wide(x))),
        Fault.DOUBLE_NORMALIZATION,
    ),
    "0 .. 1 into the normalization": (
        lambda x: _normalized(_wide(x) / 255),
        Fault.VALUE_RANGE,
    ),
    "ImageNet's mean and deviation": (_imagenet, Fault.OTHER_NORMALIZATION),
    "means of another data set": (
        lambda x: (_wide(x) - [131.0, 124.0, 103.5]) / [68.0, 66.0, 70.0],
        Fault.OTHER_NORMALIZATION,
    ),
    "lanczos": (
        lambda x: _normalized(
            np.asarray(_opened(x).resize(WIDE[::-1], Resampling.LANCZOS), np.float64)
        ),
        Fault.RESIZE_KERNEL,
    ),
    "no antialiasing": (_without_antialiasing, Fault.RESIZE_KERNEL),
    "centre crop": (
        lambda x: _normalized(
            np.asarray(ImageOps.fit(_opened(x), WIDE[::-1], Resampling.BILINEAR), np.float64)
        ),
        Fault.CROP,
    ),
    "mirrored": (
        lambda x: _normalized(_resized(ImageOps.mirror(_opened(x)), WIDE)),
        Fault.FLIP,
    ),
    "blue, green, red and no normalization": (
        lambda x: _wide(x)[..., ::-1],
        Fault.CHANNEL_ORDER,
        Fault.MISSING_NORMALIZATION,
    ),
}
_SQUARE_APPS: dict[str, App] = {
    "right, turned": (lambda x: _square(x) / 255,),
    "right, rounded to 8 bits": (lambda x: _eight_bits(x, Resampling.BILINEAR),),
    "0 .. 255": (_square, Fault.VALUE_RANGE),
    "-1 .. 1": (lambda x: _square(x) / 127.5 - 1, Fault.VALUE_RANGE),
    "reshaped to channels first and back": (
        lambda x: np.moveaxis(_square(x) / 255, -1, 0).reshape(SQUARE, SQUARE, 3),
        Fault.LAYOUT,
    ),
    "nearest": (lambda x: _eight_bits(x, Resampling.NEAREST), Fault.RESIZE_KERNEL),
    "bicubic": (lambda x: _eight_bits(x, Resampling.BICUBIC), Fault.RESIZE_KERNEL),
    "aligned corners": (_aligned_corners, Fault.RESIZE_KERNEL),
    "letterbox": (
        lambda x: (
            np.asarray(ImageOps.pad(_opened(x), (SQUARE, SQUARE), Resampling.BILINEAR)) / 255
        ),
        Fault.LETTERBOX,
    ),
    "orientation ignored": (
        lambda x: _resized(Image.open(io.BytesIO(x)).convert("RGB"), (SQUARE, SQUARE)) / 255,
        Fault.ORIENTATION,
    ),
}
_GREY_APPS: dict[str, App] = {
    "right": (lambda x: _resized(_opened(x, "L"), (GREY, GREY)) / 255,),
    "green as grey": (_grey(lambda x: x[..., 1]), Fault.GREY),
    "mean as grey": (_grey(lambda x: x.mean(axis=-1)), Fault.GREY),
}
