"""Augmentation is seeded, off when off, and moves pixels where it should."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
from scipy import ndimage

from edgesmith.config import AugmentationConfig
from edgesmith.preparation.augmentation import check_augmentation, make_augment
from edgesmith.preparation.augmentation.images import _warped
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.manifest import Kind

SPREAD = np.array([255.0], np.float32)
ALL = {
    "flip_horizontal": True,
    "flip_vertical": True,
    "rotation": 20,
    "zoom": 0.2,
    "shift": 0.1,
    "brightness": 0.1,
    "contrast": 0.2,
    "crop": 0.2,
    "saturation": 0.3,
    "hue": 10,
    "cutout": 0.3,
    "noise": 0.05,
}


def config(**options: object) -> AugmentationConfig:
    return AugmentationConfig.model_validate(options, strict=False)


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, (64, 9, 7, 3)).astype(np.float32)


def test_all_off_is_none() -> None:
    assert make_augment(config(), Kind.IMAGE, SPREAD) is None


def test_the_generator_decides(images: np.ndarray) -> None:
    augment = make_augment(config(**ALL), Kind.IMAGE, SPREAD)

    assert augment is not None
    first, again, other = (augment(images, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert first.dtype == np.float32
    assert first.shape == images.shape


def test_the_batch_that_is_given_stays(images: np.ndarray) -> None:
    before = images.copy()
    augment = make_augment(config(**ALL), Kind.IMAGE, SPREAD)

    assert augment is not None
    augment(images, np.random.default_rng(0))

    np.testing.assert_array_equal(images, before)


@pytest.mark.parametrize(("key", "axis"), [("flip_vertical", 0), ("flip_horizontal", 1)])
def test_about_half_are_mirrored_exactly(images: np.ndarray, key: str, axis: int) -> None:
    augment = make_augment(config(**{key: True}), Kind.IMAGE, SPREAD)

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
    augment = make_augment(config(shift=0.2), Kind.IMAGE, SPREAD)

    assert augment is not None
    augmented = augment(images, np.random.default_rng(0))[..., 0]

    weights = augmented.sum((1, 2))
    rows = (augmented.sum(2) * np.arange(21)).sum(1) / weights - 10
    assert np.abs(rows).max() <= 0.2 * 21 + 1e-3
    assert np.abs(rows).max() > 3.5


def test_a_turn_keeps_the_distance_from_the_middle() -> None:
    images = np.zeros((50, 41, 41, 1), np.float32)
    images[:, 20, 32] = 1.0
    augment = make_augment(config(rotation=90), Kind.IMAGE, SPREAD)

    assert augment is not None
    augmented = augment(images, np.random.default_rng(0))[..., 0]

    weights = augmented.sum((1, 2))
    y = (augmented.sum(2) * (np.arange(41) - 20)).sum(1) / weights
    x = (augmented.sum(1) * (np.arange(41) - 20)).sum(1) / weights
    np.testing.assert_allclose(np.hypot(y, x), 12, atol=0.3)
    assert np.ptp(y) > 20


def test_a_random_crop_is_a_part_of_the_image_as_large_as_it_says() -> None:
    rows, columns = np.meshgrid(np.arange(40.0), np.arange(30.0), indexing="ij")
    images = np.repeat(np.stack([rows, columns], -1)[None], 400, axis=0).astype(np.float32)
    augment = make_augment(config(crop=0.4), Kind.IMAGE, SPREAD)

    assert augment is not None
    cropped = augment(images, np.random.default_rng(0))

    # Where the corners came from: that of a ramp is its value, half a pixel off at an edge.
    heights = (cropped[:, -1, 0, 0] - cropped[:, 0, 0, 0] + 1) / 40
    widths = (cropped[:, 0, -1, 1] - cropped[:, 0, 0, 1] + 1) / 30
    np.testing.assert_allclose(heights, widths, atol=0.04)
    assert 0.58 < heights.min() < 0.63
    assert 0.97 < heights.max() <= 1.001
    middles = cropped[:, 20, 15, 0] - 20
    assert middles.min() < -4
    assert middles.max() > 4
    assert np.abs(middles).max() <= 0.4 * 40 / 2 + 1


def _hue_and_saturation(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Angle in degrees about the grey axis, and distance from it (hexcone-free: alpha, beta)."""
    red, green, blue = np.moveaxis(pixels.astype(np.float64), -1, 0)
    alpha, beta = red - (green + blue) / 2, np.sqrt(3) / 2 * (green - blue)
    return np.rad2deg(np.arctan2(beta, alpha)), np.hypot(alpha, beta)


def test_saturation_changes_the_distance_from_grey_alone(images: np.ndarray) -> None:
    augment = make_augment(config(saturation=0.5), Kind.IMAGE, SPREAD)

    assert augment is not None
    changed = augment(images, np.random.default_rng(0))

    np.testing.assert_allclose(changed.mean(-1), images.mean(-1), atol=1e-3)
    hue, before = _hue_and_saturation(images)
    same_hue, after = _hue_and_saturation(changed)
    np.testing.assert_allclose(np.cos(np.deg2rad(same_hue - hue)), 1, atol=1e-4)
    factor = (after / before).reshape(len(images), -1)
    assert np.ptp(factor, axis=1).max() < 1e-2
    assert 0.5 <= factor.min() < 0.6
    assert 1.4 < factor.max() <= 1.501


def test_hue_turns_all_colours_of_an_image_by_one_angle(images: np.ndarray) -> None:
    augment = make_augment(config(hue=40), Kind.IMAGE, SPREAD)

    assert augment is not None
    changed = augment(images, np.random.default_rng(0))

    np.testing.assert_allclose(changed.mean(-1), images.mean(-1), atol=1e-3)
    hue, before = _hue_and_saturation(images)
    turned, after = _hue_and_saturation(changed)
    np.testing.assert_allclose(after, before, atol=0.01)
    angles = ((turned - hue + 180) % 360 - 180).reshape(len(images), -1)
    strong = before.reshape(len(images), -1) > 20
    for of_image, clear in zip(angles, strong, strict=True):
        assert np.ptp(of_image[clear]) < 0.1
    assert 30 < np.abs(angles[strong]).max() <= 40.1


def test_cutout_hides_one_rectangle_behind_the_mean() -> None:
    images = np.random.default_rng(0).uniform(0, 255, (300, 40, 30, 3)).astype(np.float32)
    augment = make_augment(config(cutout=0.5), Kind.IMAGE, SPREAD)

    assert augment is not None
    holed = augment(images, np.random.default_rng(0))

    is_hidden = (holed != images).all(-1)
    heights, widths = is_hidden.any(2).sum(1), is_hidden.any(1).sum(1)
    np.testing.assert_array_equal(is_hidden.sum((1, 2)), heights * widths)
    assert 18 <= heights.max() <= 21
    assert 13 <= widths.max() <= 16
    image = int(heights.argmax())
    expected = np.broadcast_to(images[image].mean((0, 1)), holed[image].shape)
    np.testing.assert_allclose(
        holed[image][is_hidden[image]], expected[is_hidden[image]], rtol=1e-5
    )


def test_brightness_adds_a_share_of_the_spread(images: np.ndarray) -> None:
    augment = make_augment(config(brightness=0.1), Kind.IMAGE, SPREAD)

    assert augment is not None
    added = augment(images, np.random.default_rng(0)) - images

    by_image = added.reshape(len(images), -1)
    assert np.ptp(by_image, axis=1).max() < 1e-3
    assert 20 < np.abs(by_image[:, 0]).max() <= 25.5 + 1e-3


def test_contrast_keeps_the_mean(images: np.ndarray) -> None:
    augment = make_augment(config(contrast=0.5), Kind.IMAGE, SPREAD)

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
    augment = make_augment(
        config(noise=0.5), Kind.IMAGE, np.array([1.0, 10.0, 0.0], np.float32)
    )

    assert augment is not None
    augmented = augment(rows, np.random.default_rng(0))

    np.testing.assert_allclose(augmented.std(axis=0), [0.5, 5.0, 0.0], rtol=0.05)


def test_what_moves_pixels_is_refused_for_a_table() -> None:
    with pytest.raises(ConfigError, match=r"augmentation\.rotation: for image only"):
        check_augmentation(config(rotation=5), Kind.TABLE)


def test_noise_is_for_any_kind() -> None:
    assert check_augmentation(config(noise=0.1), Kind.TABLE) is None
