"""What part of an image there is: numpy's slices, and Pillow where it decides alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.transforms.crops import CenterCrop, Cover, Crop, Letterbox
from edgesmith_runtime.transforms.resize import Resize


def _pixels(*shape: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(7).integers(0, 256, shape, np.uint8)


def test_a_crop_is_a_slice() -> None:
    images = _pixels(2, 9, 8, 3)

    np.testing.assert_array_equal(Crop(2, 1, 4, 7)(images), images[:, 2:6, 1:8], strict=True)


def test_a_crop_makes_images_of_several_sizes_one_array() -> None:
    images = [_pixels(9, 8, 1), _pixels(5, 20, 1)]

    cropped = Crop(1, 2, 4, 6)(images)

    assert isinstance(cropped, np.ndarray)
    np.testing.assert_array_equal(cropped[1], images[1][1:5, 2:8], strict=True)


@pytest.mark.parametrize("size", [(9, 8), (8, 8), (3, 2), (4, 5)])
def test_the_middle_leaves_an_odd_pixel_at_the_bottom_and_right(size: tuple[int, int]) -> None:
    images = _pixels(2, 9, 8, 1)

    middle = CenterCrop(*size)(images)

    assert isinstance(middle, np.ndarray)
    before = ((9 - size[0]) // 2, (8 - size[1]) // 2)
    after = (9 - size[0] - before[0], 8 - size[1] - before[1])
    assert all(0 <= late - early <= 1 for early, late in zip(before, after, strict=True))
    padded = np.pad(middle[0, ..., 0], tuple(zip(before, after, strict=True)))
    assert padded.shape == (9, 8)
    inside = padded > 0
    np.testing.assert_array_equal(padded[inside], images[0, ..., 0][inside])


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (Crop(2, 0, 8, 3), "expected images of 10 x 3 pixels or more, got 9 x 8"),
        (Crop(0, 6, 1, 3), "expected images of 1 x 9 pixels or more, got 9 x 8"),
        (CenterCrop(10, 2), "expected images of 10 x 2 pixels or more, got 9 x 8"),
    ],
)
def test_a_part_beyond_the_image_is_refused(step: Any, message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}; resize before, or crop less$"):
        step(_pixels(2, 9, 8, 3))


# Where the odd pixel goes Pillow rounds halves to even; these leave an even number of them over.
@pytest.mark.parametrize("size", [(40, 56), (60, 40), (50, 50), (10, 100), (80, 64)])
def test_a_letterbox_is_pillows_pad_within_its_rounding(size: tuple[int, int]) -> None:
    image = _pixels(*size, 3)

    boxed = Letterbox(30, 60, (255.0, 0.0, 127.0))(image[None])[0]

    padded = ImageOps.pad(
        Image.fromarray(image), (60, 30), Image.Resampling.BILINEAR, color=(255, 0, 127)
    )
    assert np.abs(boxed - np.asarray(padded, np.float32)).max() <= 1.0


def test_a_letterbox_holds_the_resized_image_and_its_colour_alone() -> None:
    image = _pixels(20, 33, 3)

    boxed = Letterbox(25, 16, (7.0,), "bicubic", antialias=False)(image[None])[0]

    inner = Resize(10, 16, "bicubic", antialias=False)(image[None])[0]  # 16 * 20 / 33 = 9.7
    np.testing.assert_array_equal(boxed[7:17], inner)
    np.testing.assert_array_equal(np.delete(boxed, np.s_[7:17], axis=0), 7.0)


def test_an_image_of_the_letterboxs_aspect_is_only_resized() -> None:
    images = _pixels(2, 20, 30, 1)

    np.testing.assert_array_equal(Letterbox(10, 15)(images), Resize(10, 15)(images))


@given(st.tuples(st.integers(1, 300), st.integers(1, 300)))
def test_a_letterbox_of_any_image_keeps_its_aspect_to_the_pixel(size: tuple[int, int]) -> None:
    image = np.ones((1, *size, 1), np.float32)

    boxed = Letterbox(24, 32, (-9.0,))(image)[0, ..., 0]

    inside = boxed > -8.0
    height, width = inside.any(1).sum(), inside.any(0).sum()
    factor = min(24 / size[0], 32 / size[1])
    assert abs(height - max(1, size[0] * factor)) <= 0.5 + 1e-9
    assert abs(width - max(1, size[1] * factor)) <= 0.5 + 1e-9
    assert inside.sum() == height * width
    top, left = inside.any(1).argmax(), inside.any(0).argmax()
    assert (top, left) == ((24 - height) // 2, (32 - width) // 2)


@pytest.mark.parametrize("method", ["nearest", "bilinear", "lanczos3", "area"])
@pytest.mark.parametrize("size", [(40, 60), (60, 41), (7, 90), (24, 30), (24, 24), (5, 8)])
def test_a_cover_is_the_middle_of_the_image_resized_around_it(
    size: tuple[int, int], method: str
) -> None:
    images = _pixels(2, *size, 3)
    factor = max(24 / size[0], 30 / size[1])
    around = (max(24, round(size[0] * factor)), max(30, round(size[1] * factor)))

    covered = Cover(24, 30, method)(images)

    expected = CenterCrop(24, 30)(Resize(*around, method)(images))
    np.testing.assert_allclose(covered, expected, rtol=0, atol=1e-3, strict=True)


def test_a_long_strip_is_covered_without_making_all_of_it() -> None:
    strip = np.tile(np.arange(20_001, dtype=np.float32), (1, 1, 1))[..., None]

    covered = Cover(2_000, 10)(strip)  # resized to the whole it would be 80 billion pixels

    np.testing.assert_allclose(covered, 10_000, atol=0.01)


@pytest.mark.parametrize("step", [Letterbox(4, 5), Cover(4, 5)])
@pytest.mark.parametrize("n_channels", [1, 3])
def test_no_images_stay_none(step: Any, n_channels: int) -> None:
    assert step(np.empty((0, 0, 0, n_channels))).shape == (0, 4, 5, n_channels)


@pytest.mark.parametrize("step", [Crop(1, 1, 4, 5), CenterCrop(4, 5)])
def test_a_part_of_no_images_is_none(step: Any) -> None:
    assert step(np.empty((0, 0, 0, 3), np.uint8)).shape == (0, 4, 5, 3)


@pytest.mark.parametrize(
    "step", [Crop(0, 0, 1, 1), CenterCrop(1, 1), Letterbox(2, 2), Cover(2, 2)]
)
def test_what_is_no_image_is_refused(step: Any) -> None:
    with pytest.raises(InputError, match=r"^expected images of shape \(h, w, c\) with pixels"):
        step(np.zeros((2, 5)))


def test_a_colour_of_other_channels_than_the_images_is_refused() -> None:
    with pytest.raises(
        InputError,
        match=r"^expected images with 3 channels, as many as the color has, got 1$",
    ):
        Letterbox(4, 4, (1.0, 2.0, 3.0))(_pixels(1, 4, 4, 1))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Crop(-1, 0, 2, 2), "top: expected a pixel from 0, got -1"),
        (lambda: Crop(0, -2, 2, 2), "left: expected a pixel from 0, got -2"),
        (lambda: Crop(0, 0, 0, 2), "height: expected 1 to 8192 pixels, got 0"),
        (lambda: CenterCrop(2, 9000), "width: expected 1 to 8192 pixels, got 9000"),
        (lambda: Letterbox(0, 2), "height: expected 1 to 8192 pixels, got 0"),
        (lambda: Letterbox(2, 2, ()), r"color: expected one or more finite levels, got \[\]"),
        (lambda: Cover(2, 2, "cubic"), "method: expected one of 'nearest', .*, got 'cubic'"),
    ],
)
def test_bad_params_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
