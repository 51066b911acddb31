"""Depth, alpha and colour, as Pillow has them, and what is no pixel."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.transforms.image import DecodeImage

MODES = [("grey", "L"), ("rgb", "RGB")]


def _pixels(*shape: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(7).integers(0, 256, shape, np.uint8)


def _encoded(image: Image.Image, file_format: str, **options: Any) -> bytes:
    stream = BytesIO()
    image.save(stream, file_format, **options)
    return stream.getvalue()


def _by_pillow(image: Image.Image, pillow_mode: str) -> np.ndarray[Any, Any]:
    pixels = np.asarray(image.convert(pillow_mode))
    return pixels[..., None] if pillow_mode == "L" else pixels


def _decode(mode: str, images: Any) -> Any:
    return DecodeImage(mode)(images)


@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
def test_sixteen_bits_keep_their_high_byte(file_format: str) -> None:
    image = Image.fromarray(np.array([[0, 255, 256, 0x8000, 0xFFFF]], np.uint16))

    decoded = _decode("grey", [_encoded(image, file_format)])

    assert decoded.ravel().tolist() == [0, 0, 1, 0x80, 0xFF]


def _png(pixels: np.ndarray[Any, Any], colour_type: int, *between: bytes) -> bytes:
    """A PNG of 16-bit channels, which Pillow does not write (PNG specification, chapter 11)."""
    height, width = pixels.shape[:2]
    lines = b"".join(b"\x00" + line.astype(">u2").tobytes() for line in pixels)
    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    chunks = [b"IHDR" + header, *between, b"IDAT" + zlib.compress(lines), b"IEND"]
    parts = [
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        for chunk in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize(("colour_type", "n_channels"), [(2, 3), (6, 4)])
def test_sixteen_bit_colour_keeps_its_high_byte(colour_type: int, n_channels: int) -> None:
    pixels = np.random.default_rng(7).integers(0, 1 << 16, (4, 5, n_channels), np.uint16)

    decoded = _decode("rgb", [_png(pixels, colour_type)])

    np.testing.assert_array_equal(decoded[0], (pixels[..., :3] >> 8).astype(np.uint8))


def _on(level: int, pixels: np.ndarray[Any, Any]) -> Image.Image:
    image = Image.fromarray(pixels, "RGBA")
    background = Image.new("RGB", image.size, (level, level, level))
    background.paste(image, mask=image.getchannel("A"))
    return background


@pytest.mark.parametrize(("alpha", "level"), [("white", 255), ("black", 0)])
@pytest.mark.parametrize(("mode", "pillow_mode"), MODES)
def test_alpha_lies_on_its_background_as_pillow_pastes_it(
    mode: str, pillow_mode: str, alpha: str, level: int
) -> None:
    pixels = _pixels(40, 50, 4)
    step = DecodeImage(mode, alpha)

    decoded = step([pixels, Image.fromarray(pixels), _encoded(Image.fromarray(pixels), "PNG")])

    expected = _by_pillow(_on(level, pixels), pillow_mode)
    assert len(decoded) == 3
    for found in decoded:
        np.testing.assert_array_equal(found, expected, strict=True)
    np.testing.assert_array_equal(step(pixels[None]), expected[None], strict=True)


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "CMYK"])
def test_a_background_changes_nothing_where_there_is_no_alpha(mode: str) -> None:
    content = _encoded(Image.fromarray(_pixels(8, 5, 3)).convert(mode), "TIFF")

    opaque = DecodeImage("rgb", "white")([content])

    np.testing.assert_array_equal(opaque, _decode("rgb", [content]), strict=True)


def test_transparent_palette_entries_and_colours_lie_on_the_background() -> None:
    palette = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    palette.putpalette([10, 20, 30, 40, 50, 60])
    keyed = _encoded(Image.fromarray(np.array([[7, 9]], np.uint8)), "PNG", transparency=7)

    colours = DecodeImage("rgb", "white")(
        [_encoded(palette, "PNG", transparency=bytes([0, 255]))]
    )
    greys = DecodeImage("grey", "black")([keyed])

    assert np.asarray(colours).tolist() == [[[[255, 255, 255], [40, 50, 60]]]]
    assert np.ravel(greys).tolist() == [0, 9]


def test_grey_with_alpha_lies_on_the_background() -> None:
    image = Image.fromarray(np.array([[[100, 255], [100, 51]]], np.uint8), "LA")

    decoded = DecodeImage("grey", "black")([_encoded(image, "PNG")])

    assert np.ravel(decoded).tolist() == [100, 20]  # 100 * 51 / 255


@pytest.mark.parametrize("levels", [[[0, 0]], [[0, 1]], [[1, 1]]])
def test_whole_floats_of_a_dark_image_are_its_levels(levels: list[list[int]]) -> None:
    decoded = _decode("grey", [np.array(levels, np.float32)])

    np.testing.assert_array_equal(decoded[0, ..., 0], np.array(levels, np.uint8), strict=True)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array([[0.0, 0.5]]), "got float64 from 0.0 to 0.5; multiply by 255 and round$"),
        (
            np.array([[-1.0, 0.5]], np.float32),
            r"got float32 from -1.0 to 0.5; add 1, multiply by 127\.5 and round$",
        ),
        (
            np.array([[0.0, 254.5]]),
            "got float64 from 0.0 to 254.5; round them, or give the image as it was before it "
            "was resized$",
        ),
        (
            np.array([[-2.0, 2.5]]),
            "got float64 from -2.0 to 2.5; give the image as it was before it was normalized$",
        ),
        (
            np.array([[0, 256]]),
            "got int64 from 0 to 256; bring them to 8 bits, those of 16 with",
        ),
        (
            np.array([[-1, 0]], np.int16),
            "got int16 from -1 to 0; bring them to 8 bits, those of",
        ),
        (
            np.array([[np.nan, 1.0]]),
            "got float64 with NaN or infinity; fill such pixels before$",
        ),
        (
            np.array([[np.inf, 1.0]]),
            "got float64 with NaN or infinity; fill such pixels before$",
        ),
    ],
)
def test_values_that_are_no_bytes_are_refused(
    array: np.ndarray[Any, Any], message: str
) -> None:
    with pytest.raises(
        InputError, match=f"expected whole pixel values from 0 to 255, {message}"
    ):
        _decode("grey", [array])
