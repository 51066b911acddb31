"""What a camera writes beside the pixels is left out, unless it could turn the image."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edgesmith_runtime.transforms.jpeg_header import pixels_alone

PIXELS = np.random.default_rng(7).integers(0, 256, (9, 6, 4), np.uint8)
XMP = b'<rdf:Description tiff:Orientation="6"/>'


def _jpeg(mode: str = "RGB", *, endian: str = "<", tags: Any = None, **options: Any) -> bytes:
    exif = Image.Exif()
    exif.endian = endian
    exif.update({0x010F: "A camera", **(tags or {})})
    stream = BytesIO()
    image = Image.fromarray(PIXELS).convert("RGB").convert(mode)
    image.save(stream, "JPEG", exif=exif.tobytes(), comment=b"a comment", **options)
    return stream.getvalue()


def _decoded(content: bytes) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(BytesIO(content)))


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 2}])
@pytest.mark.parametrize("endian", ["<", ">"])
@pytest.mark.parametrize("tags", [{}, {0x0112: 1}])
def test_an_upright_image_loses_its_metadata_and_no_pixel(
    mode: str, options: dict[str, Any], endian: str, tags: dict[int, int]
) -> None:
    content = _jpeg(mode, endian=endian, tags=tags, icc_profile=bytes(500), **options)

    alone = pixels_alone(content)

    assert len(alone) < len(content) - 500
    assert not {"exif", "icc_profile", "comment"} & Image.open(BytesIO(alone)).info.keys()
    np.testing.assert_array_equal(_decoded(alone), _decoded(content), strict=True)


@pytest.mark.parametrize("endian", ["<", ">"])
@pytest.mark.parametrize("orientation", [0, 2, 3, 6, 8, 9])
def test_what_may_be_turned_stays_whole(orientation: int, endian: str) -> None:
    content = _jpeg(endian=endian, tags={0x0112: orientation})

    assert pixels_alone(content) == content


def test_an_orientation_in_xmp_stays() -> None:
    content = _jpeg(xmp=XMP)

    assert pixels_alone(content) == content


@pytest.mark.parametrize("length", [2, 3, 20, 60, 200])
def test_a_file_that_ends_in_its_header_stays(length: int) -> None:
    content = _jpeg()[:length]

    assert pixels_alone(content) == content


def test_damaged_metadata_stays() -> None:
    content = _jpeg().replace(b"II*\x00", b"II+\x00")

    assert b"II+\x00" in content
    assert pixels_alone(content) == content


def test_another_format_stays() -> None:
    stream = BytesIO()
    Image.fromarray(PIXELS).save(stream, "PNG")

    assert pixels_alone(stream.getvalue()) == stream.getvalue()
