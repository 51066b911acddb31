"""Decoded images become the arrays that numpy makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest
from PIL import Image

from edgesmith_runtime.transforms.pillow_pixels import SMALL_BYTES, pixels_of

if TYPE_CHECKING:
    from pathlib import Path


def _image(mode: str, height: int, width: int) -> Image.Image:
    shape = (height, width) if mode == "L" else (height, width, len(mode))
    return Image.fromarray(np.random.default_rng(4).integers(0, 256, shape, np.uint8))


@pytest.mark.parametrize(("height", "width"), [(480, 641), (9, 65_535), (65_535, 9), (3, 5)])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_the_array_is_that_of_numpy(mode: str, height: int, width: int) -> None:
    image = _image(mode, height, width)

    pixels = pixels_of(image)

    np.testing.assert_array_equal(pixels, np.asarray(image), strict=True)


def test_what_was_given_is_not_overwritten_by_the_next_image() -> None:
    first = pixels_of(_image("RGB", 300, 300))
    before = first.copy()

    pixels_of(Image.new("RGB", (300, 300)))

    np.testing.assert_array_equal(first, before)


def test_a_large_image_needs_no_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _image("RGB", 300, 300).save(tmp_path / "photo.png")
    gone = tmp_path / "gone"
    gone.mkdir()
    with (tmp_path / "photo.png").open("rb") as stream:
        image = Image.open(stream)
        image.load()
    monkeypatch.chdir(gone)
    gone.rmdir()

    pixels = pixels_of(image)

    np.testing.assert_array_equal(pixels, np.asarray(image), strict=True)


@pytest.mark.parametrize("header", [b"P6\n# by hand\n300 300\n255\n", b"P6 300 300 255"])
def test_a_header_of_another_length_is_noticed(header: bytes) -> None:
    plain = _image("RGB", 300, 300)

    class Other(Image.Image):
        """An image of a Pillow that writes another header."""

        size: ClassVar[Any] = plain.size
        mode: ClassVar[Any] = plain.mode
        width: ClassVar[Any] = plain.width
        height: ClassVar[Any] = plain.height
        __array_interface__: ClassVar[Any] = plain.__array_interface__

        def save(self, fp: Any, format: str | None = None, **params: Any) -> None:  # noqa: A002
            fp.write(header + plain.tobytes())

    pixels = pixels_of(Other())

    assert plain.width * plain.height * 3 > SMALL_BYTES
    np.testing.assert_array_equal(pixels, np.asarray(plain), strict=True)
