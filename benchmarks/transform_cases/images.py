"""Steps on images, held against TensorFlow, Pillow and Keras."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image

from transform_cases.case import Case
from transform_cases.real import photo_files, photos

__all__ = ["CASES"]

# TensorFlow rounds the weights of a cubic without antialias to a table of 1,024.
BOUNDS = {"nearest": 0.0, "bicubic": 1e-3}


def noise(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 256, (2, 240, 320, 3), np.uint8)


def noise_files(rng: np.random.Generator) -> list[bytes]:
    files: list[bytes] = []
    for image in noise(rng):
        stream = BytesIO()
        Image.fromarray(image).save(stream, "PNG")
        files.append(stream.getvalue())
    return files


def decoded(files: list[bytes]) -> Any:
    return [
        tf.io.decode_jpeg(file, channels=3, dct_method="INTEGER_ACCURATE").numpy()
        if file[:2] == b"\xff\xd8"
        else tf.io.decode_png(file, channels=3).numpy()
        for file in files
    ]


def grey(files: list[bytes]) -> Any:
    images = [Image.open(BytesIO(file)).convert("L") for file in files]
    return [np.asarray(image)[:, :, None] for image in images]


def resized(height: int, width: int, method: str, *, antialias: bool) -> Any:
    def expected(images: np.ndarray) -> np.ndarray:
        made = tf.image.resize(images, (height, width), method=method, antialias=antialias)
        return made.numpy()

    return expected


def by_pillow(images: np.ndarray) -> Any:
    return [
        np.asarray(Image.fromarray(image).resize((100, 80), Image.Resampling.BILINEAR))
        for image in images
    ]


def letterboxed(images: np.ndarray) -> np.ndarray:
    return tf.image.resize_with_pad(images, 120, 200, antialias=True).numpy()


def covered(images: np.ndarray) -> np.ndarray:
    whole = tf.image.resize(images, (100, 133), antialias=True).numpy()
    return whole[:, :, 16:116]


def _case(
    op: str, params: dict[str, Any], against: str, expected: Any, bound: float = 0
) -> Case:
    return Case(
        op=op,
        params=params,
        against=against,
        expected=expected,
        bound=bound,
        real=photos,
        random=noise,
    )


def _resize(method: str, height: int, width: int, *, antialias: bool) -> Case:
    low_pass = ", antialias" if antialias and method not in ("nearest", "area") else ""
    return _case(
        "resize",
        {"height": height, "width": width, "method": method, "antialias": antialias},
        f"`tf.image.resize`, {method}{low_pass}, to {height} x {width}",
        resized(height, width, method, antialias=antialias),
        BOUNDS.get(method, 5e-5),
    )


CASES = (
    Case(
        op="decode_image",
        params={"mode": "rgb"},
        against="`tf.io.decode_jpeg` (accurate DCT) and `tf.io.decode_png`",
        real=photo_files,
        random=noise_files,
        expected=decoded,
    ),
    Case(
        op="decode_image",
        params={"mode": "grey"},
        against='Pillow\'s `convert("L")`',
        real=photo_files,
        random=noise_files,
        expected=grey,
    ),
    *(
        _resize(method, height, width, antialias=antialias)
        for method in ("nearest", "bilinear", "bicubic", "lanczos3", "area")
        for height, width, antialias in ((64, 48, True), (64, 48, False), (301, 333, False))
        if antialias or method not in ("nearest", "area") or height == 301
    ),
    _case(
        "resize",
        {"height": 80, "width": 100},
        "Pillow's `resize`, bilinear, which rounds to 8 bits after each axis",
        by_pillow,
        0.03,
    ),
    _case(
        "crop",
        {"top": 3, "left": 5, "height": 100, "width": 90},
        "`tf.image.crop_to_bounding_box`",
        lambda images: tf.image.crop_to_bounding_box(images, 3, 5, 100, 90).numpy(),
    ),
    _case(
        "center_crop",
        {"height": 101, "width": 90},
        "`tf.image.resize_with_crop_or_pad`",
        lambda images: tf.image.resize_with_crop_or_pad(images, 101, 90).numpy(),
    ),
    _case(
        "letterbox",
        {"height": 120, "width": 200},
        "`tf.image.resize_with_pad`, antialias",
        letterboxed,
        5e-5,
    ),
    _case(
        "cover",
        {"height": 100, "width": 100},
        "`tf.image.resize`, antialias, and the middle of it",
        covered,
        5e-5,
    ),
    _case(
        "reorder_channels",
        {"order": (2, 1, 0)},
        "`tf.reverse`",
        lambda images: tf.reverse(images, [-1]).numpy(),
    ),
    _case(
        "channels_first",
        {},
        "`tf.transpose`",
        lambda images: tf.transpose(images, (0, 3, 1, 2)).numpy(),
    ),
    _case(
        "transpose",
        {"axes": (1, 2, 0)},
        "`tf.transpose`",
        lambda images: tf.transpose(images, (0, 2, 3, 1)).numpy(),
    ),
)
