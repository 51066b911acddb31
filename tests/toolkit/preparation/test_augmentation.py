"""Augmentation is seeded, off when off, and moves pixels where it should."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
from scipy import ndimage

from edgesmith.config import AugmentationConfig
from edgesmith.preparation.augmentation import _warped, check_augmentation, make_augment
from edgesmith_runtime.errors import ConfigError

SPREAD = np.array([255.0], np.float32)
ALL = {
    "flip_horizontal": True,
    "flip_vertical": True,
    "rotation": 20,
    "zoom": 0.2,
    "shift": 0.1,
    "brightness": 0.1,
    "contrast": 0.2,
    "noise": 0.05,
}


def config(**options: object) -> AugmentationConfig:
    return AugmentationConfig.model_validate(options, strict=False)


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, (64, 9, 7, 3)).astype(np.float32)


def test_all_off_is_none() -> None:
    assert make_augment(config(), SPREAD) is None


def test_the_generator_decides(images: np.ndarray) -> None:
    augment = make_augment(config(**ALL), SPREAD)

    assert augment is not None
    first, again, other = (augment(images, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert first.dtype == np.float32
    assert first.shape == images.shape


def test_the_batch_that_is_given_stays(images: np.ndarray) -> None:
    before = images.copy()
    augment = make_augment(config(**ALL), SPREAD)

    assert augment is not None
    augment(images, np.random.default_rng(0))

    np.testing.assert_array_equal(images, before)


@pytest.mark.parametrize(("key", "axis"), [("flip_vertical", 0), ("flip_horizontal", 1)])
def test_about_half_are_mirrored_exactly(images: np.ndarray, key: str, axis: int) -> None:
    augment = make_augment(config(**{key: True}), SPREAD)

    assert augment is not None
    augmented = augment(images, np.random.default_rng(0))

    is_same = [np.array_equal(a, b) for a, b in zip(augmented, images, strict=True)]
    is_flip = [
        np.array_equal(a, np.flip(b, axis)) for a, b in zip(augmented, images, strict=True)
    ]
    assert sum(is_same) + sum(is_flip) == len(images)
    assert 16 < sum(is_flip) < 48


def test_a_flip_within_a_warp_is_the_same_flip(images: np.ndarray) -> None:
    maps = np.zeros((len(images), 2, 3), np.float32)
    maps[:, 0, 0], maps[:, 1, 1] = 1, -1

    warped = _warped(images, maps)

    np.testing.assert_allclose(warped, np.flip(images, 2), atol=1e-3)


def test_a_warp_reads_where_scipy_reads(images: np.ndarray) -> None:
    matrix = np.array([[0.9, 0.3], [-0.25, 1.1]])
    offset = np.array([0.7, -1.2])
    maps = np.concatenate([matrix, offset[:, None]], axis=1)[None].astype(np.float32)

    warped = _warped(images[:1], maps)

    middle = (np.array(images.shape[1:3]) - 1) / 2
    for channel in range(3):
        expected = ndimage.affine_transform(
            images[0, ..., channel],
            matrix,
            cast("Any", middle + offset - matrix @ middle),
            order=1,
            mode="nearest",
        )
        np.testing.assert_allclose(warped[0, ..., channel], expected, atol=0.01)


def test_a_shift_moves_by_its_share_at_most() -> None:
    images = np.zeros((200, 21, 21, 1), np.float32)
    images[:, 10, 10] = 1.0
    augment = make_augment(config(shift=0.2), SPREAD)

    assert augment is not None
    augmented = augment(images, np.random.default_rng(0))[..., 0]

    weights = augmented.sum((1, 2))
    rows = (augmented.sum(2) * np.arange(21)).sum(1) / weights - 10
    assert np.abs(rows).max() <= 0.2 * 21 + 1e-3
    assert np.abs(rows).max() > 3.5


def test_a_turn_keeps_the_distance_from_the_middle() -> None:
    images = np.zeros((50, 41, 41, 1), np.float32)
    images[:, 20, 32] = 1.0
    augment = make_augment(config(rotation=90), SPREAD)

    assert augment is not None
    augmented = augment(images, np.random.default_rng(0))[..., 0]

    weights = augmented.sum((1, 2))
    y = (augmented.sum(2) * (np.arange(41) - 20)).sum(1) / weights
    x = (augmented.sum(1) * (np.arange(41) - 20)).sum(1) / weights
    np.testing.assert_allclose(np.hypot(y, x), 12, atol=0.3)
    assert np.ptp(y) > 20


def test_brightness_adds_a_share_of_the_spread(images: np.ndarray) -> None:
    augment = make_augment(config(brightness=0.1), SPREAD)

    assert augment is not None
    added = augment(images, np.random.default_rng(0)) - images

    by_image = added.reshape(len(images), -1)
    assert np.ptp(by_image, axis=1).max() < 1e-3
    assert 20 < np.abs(by_image[:, 0]).max() <= 25.5 + 1e-3


def test_contrast_keeps_the_mean(images: np.ndarray) -> None:
    augment = make_augment(config(contrast=0.5), SPREAD)

    assert augment is not None
    augmented = augment(images, np.random.default_rng(0))

    axes = (1, 2, 3)
    np.testing.assert_allclose(augmented.mean(axes), images.mean(axes), rtol=1e-4)
    ratio = augmented.std(axes) / images.std(axes)
    assert ratio.min() >= 0.5 - 1e-3
    assert ratio.max() <= 1.5 + 1e-3
    assert np.ptp(ratio) > 0.8


def test_noise_is_a_share_of_each_places_spread() -> None:
    rows = np.zeros((4000, 3), np.float32)
    augment = make_augment(config(noise=0.5), np.array([1.0, 10.0, 0.0], np.float32))

    assert augment is not None
    augmented = augment(rows, np.random.default_rng(0))

    np.testing.assert_allclose(augmented.std(axis=0), [0.5, 5.0, 0.0], rtol=0.05)


def test_what_moves_pixels_is_refused_for_a_table() -> None:
    with pytest.raises(ConfigError, match=r"augmentation\.rotation: for images only"):
        check_augmentation(config(rotation=5), "table")


def test_noise_is_for_any_kind() -> None:
    assert check_augmentation(config(noise=0.1), "table") is None
