"""Resizing gives what TensorFlow gives, and Pillow within its rounding."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.transforms.resize import Resize, _kept_bands

METHODS = ["nearest", "bilinear", "bicubic", "lanczos3", "area"]


def _pixels(*shape: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(7).integers(0, 256, shape, np.uint8)


@pytest.fixture(scope="module")
def photograph() -> np.ndarray[Any, Any]:
    """A photograph of 427 x 640 RGB pixels that scikit-learn brings."""
    datasets = pytest.importorskip("sklearn.datasets")
    return datasets.load_sample_image("china.jpg")


# TensorFlow has places in float32, so its own error grows with the length: 0.01 at 640.
SIZES = [
    ((37, 53), (20, 20)),
    ((20, 31), (64, 50)),
    ((64, 56), (28, 28)),
    ((28, 28), (32, 32)),
    ((7, 9), (7, 30)),
    ((1, 1), (5, 5)),
    ((150, 5), (3, 3)),
    ((33, 1), (1, 9)),
]


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("size", "target"), SIZES)
def test_resize_is_tensorflows(
    *, size: tuple[int, int], target: tuple[int, int], method: str, antialias: bool
) -> None:
    tf = pytest.importorskip("tensorflow")
    images = _pixels(2, *size, 3)

    resized = Resize(*target, method, antialias)(images)

    floats = images.astype(np.float32)
    expected = tf.image.resize(floats, target, method=method, antialias=antialias).numpy()
    # Without antialias TensorFlow looks the cubic weights up in a table of 1024 entries.
    tolerance = 0.2 if method == "bicubic" and not antialias else 2e-3
    np.testing.assert_allclose(resized, expected, rtol=0, atol=tolerance, strict=True)


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("target", [(61, 83), (150, 427), (427, 100), (600, 700)])
def test_a_photograph_is_resized_as_tensorflow_does_within_a_ten_thousandth_of_its_range(
    photograph: np.ndarray[Any, Any], *, target: tuple[int, int], method: str, antialias: bool
) -> None:
    tf = pytest.importorskip("tensorflow")
    # Without antialias TensorFlow looks the cubic weights up in a table of 1024 entries.
    tolerance = 0.2 if method == "bicubic" and not antialias else 255e-4

    resized = Resize(*target, method, antialias)(photograph[None])

    floats = photograph[None].astype(np.float32)
    expected = tf.image.resize(floats, target, method=method, antialias=antialias).numpy()
    np.testing.assert_allclose(resized, expected, rtol=0, atol=tolerance, strict=True)


@pytest.mark.parametrize("target", [(61, 83), (150, 427), (427, 100), (600, 700)])
@pytest.mark.parametrize(
    ("method", "by_pillow"),
    [
        ("bilinear", Image.Resampling.BILINEAR),
        ("lanczos3", Image.Resampling.LANCZOS),
    ],
)
def test_a_photograph_is_resized_as_pillow_does_within_its_rounding(
    photograph: np.ndarray[Any, Any],
    target: tuple[int, int],
    method: str,
    by_pillow: Image.Resampling,
) -> None:
    across = Resize(427, target[1], method)(photograph[None])
    # Pillow rounds to bytes after each axis, which cuts what a kernel overshoots at edges.
    across = np.clip(np.rint(across), 0, 255).astype(np.uint8)
    resized = np.clip(np.rint(Resize(*target, method)(across)[0]), 0, 255)

    expected = Image.fromarray(photograph).resize((target[1], target[0]), by_pillow)
    error = np.abs(resized - np.asarray(expected, np.float32))
    assert error.max() <= 2.0
    assert error.mean() < 0.02


@pytest.mark.parametrize("factor", [2, 3, 7])
def test_area_by_a_whole_factor_is_the_mean_of_each_block(
    photograph: np.ndarray[Any, Any], factor: int
) -> None:
    whole = photograph[: 60 * factor, : 56 * factor].astype(np.float64)

    resized = Resize(60, 56, "area")(whole[None])[0]

    blocks = whole.reshape(60, factor, 56, factor, 3)
    np.testing.assert_allclose(resized, blocks.mean((1, 3)), rtol=1e-5)


def test_nearest_takes_the_pixels_of_tensorflow_for_every_pair_of_lengths() -> None:
    tf = pytest.importorskip("tensorflow")
    source = np.arange(64, dtype=np.float32)[None, :, None, None]

    for n_in in range(1, 65, 3):
        for n_out in range(1, 65, 3):
            resized = Resize(n_out, 1, "nearest")(source[:, :n_in])

            expected = tf.image.resize(source[:, :n_in], (n_out, 1), method="nearest").numpy()
            np.testing.assert_array_equal(resized, expected, strict=True)


@pytest.mark.parametrize(("size", "target"), SIZES)
def test_bilinear_is_pillows_within_one_grey_level(
    size: tuple[int, int], target: tuple[int, int]
) -> None:
    image = _pixels(*size)

    resized = Resize(*target)(image[None, ..., None])[0, ..., 0]

    by_pillow = Image.fromarray(image).resize((target[1], target[0]), Image.Resampling.BILINEAR)
    assert np.abs(resized - np.asarray(by_pillow, np.float32)).max() <= 1.0


def test_an_image_of_the_size_is_only_cast() -> None:
    images = _pixels(2, 4, 5, 3)

    np.testing.assert_array_equal(Resize(4, 5)(images), images.astype(np.float32), strict=True)


def test_images_of_several_sizes_become_one_array() -> None:
    images = [_pixels(9, 5, 1), _pixels(4, 4, 1), _pixels(3, 12, 1)]

    resized = Resize(4, 4)(images)

    assert resized.shape == (3, 4, 4, 1)
    np.testing.assert_array_equal(resized[2], Resize(4, 4)(images[2][None])[0])


def test_a_large_image_is_pillows_within_one_grey_level() -> None:
    image = _pixels(700, 900, 3)

    resized = Resize(224, 224)(image[None])[0]

    by_pillow = Image.fromarray(image).resize((224, 224), Image.Resampling.BILINEAR)
    assert np.abs(resized - np.asarray(by_pillow, np.float32)).max() <= 1.0


def test_memory_layout_changes_no_bit() -> None:
    image = _pixels(60, 90, 3)
    turned = np.asfortranarray(image)

    np.testing.assert_array_equal(Resize(33, 41)(turned[None]), Resize(33, 41)(image[None]))


@settings(max_examples=40, deadline=None)
@given(
    lengths=st.tuples(st.integers(1, 200), st.integers(1, 200)),
    method=st.sampled_from(METHODS),
    antialias=st.booleans(),
)
def test_a_flat_image_stays_flat(
    *, lengths: tuple[int, int], method: str, antialias: bool
) -> None:
    n_in, n_out = lengths

    resized = Resize(n_out, n_out, method, antialias)(
        np.full((1, n_in, n_in, 1), 200, np.uint8)
    )

    np.testing.assert_allclose(resized, 200.0, rtol=1e-5)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (
            np.zeros((2, 4, 4)),
            r"expected images of shape \(h, w, c\) with pixels, got \(4, 4\)$",
        ),
        (np.zeros((2, 0, 4, 1)), r"expected images of shape .*, got \(0, 4, 1\)$"),
        ([np.zeros((4, 4, 1)), np.zeros((4, 4, 3))], r"must agree in channels, got \[1, 3\]$"),
        ([], r"must agree in channels, got \[\]$"),
    ],
)
def test_what_cannot_be_resized_is_refused(images: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Resize(2, 2)(images)


@pytest.mark.parametrize("n_channels", [1, 3])
def test_no_images_stay_none(n_channels: int) -> None:
    assert Resize(4, 5)(np.empty((0, 0, 0, n_channels))).shape == (0, 4, 5, n_channels)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Resize(0, 5), "height: expected 1 to 8192 pixels, got 0"),
        (lambda: Resize(5, 8193), "width: expected 1 to 8192 pixels, got 8193"),
        (
            lambda: Resize(5, 5, "linear"),
            "method: expected one of 'nearest', 'bilinear', 'bicubic', 'lanczos3', 'area', "
            "got 'linear'",
        ),
    ],
)
def test_bad_params_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_large_matrices_are_not_kept() -> None:
    before = _kept_bands.cache_info().currsize

    resized = Resize(1, 224)(np.ones((1, 1, 65_535, 1), np.uint8))

    np.testing.assert_allclose(resized, 1, rtol=1e-5)
    assert _kept_bands.cache_info().currsize == before
