"""Random changes of series."""

from __future__ import annotations

import numpy as np
import pytest

from edgesmith.config import AugmentationConfig
from edgesmith.preparation.augmentation import check_augmentation, make_augment
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.manifest import Kind

SPREAD = np.ones(2, np.float32)


def _augmented(batch: np.ndarray, seed: int = 0, **options: float) -> np.ndarray:
    augment = make_augment(AugmentationConfig.model_validate(options), Kind.SERIES, SPREAD)
    assert augment is not None
    return augment(batch, np.random.default_rng(seed))


@pytest.fixture
def ramps() -> np.ndarray:
    """Each point is its time, so that a change of time can be read off."""
    return np.tile(np.arange(50, dtype=np.float32)[None, :, None], (30, 1, 2))


def test_the_generator_decides(ramps: np.ndarray) -> None:
    options = {"shift": 0.1, "scale": 0.2, "time_warp": 0.3, "noise": 0.1}

    first, again, other = (_augmented(ramps, seed, **options) for seed in (1, 1, 2))

    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert (first.dtype, first.shape) == (np.float32, ramps.shape)


def test_a_channel_is_scaled_as_a_whole(ramps: np.ndarray) -> None:
    scaled = _augmented(ramps, scale=0.2)

    share = scaled[:, 1:] / ramps[:, 1:]
    np.testing.assert_allclose(share, np.broadcast_to(share[:, :1], share.shape), rtol=1e-5)
    assert 0.8 <= share.min() < 0.85
    assert 1.15 < share.max() <= 1.2
    assert not np.allclose(share[..., 0], share[..., 1])


def test_time_is_bent_and_its_ends_stay(ramps: np.ndarray) -> None:
    warped = _augmented(ramps, time_warp=0.5)

    steps = np.diff(warped, axis=1)
    assert steps.min() > 0.3
    assert steps.max() < 2
    np.testing.assert_allclose(warped[:, 0], 0, atol=1e-5)
    np.testing.assert_allclose(warped[:, -1], 49, rtol=1e-5)
    np.testing.assert_array_equal(warped[..., 0], warped[..., 1])
    assert np.abs(warped - ramps).max() > 2


def test_a_shift_holds_the_edge(ramps: np.ndarray) -> None:
    shifted = _augmented(ramps, shift=0.2)

    moved = shifted[:, 25, 0] - 25
    assert -10 <= moved.min() < -8
    assert 8 < moved.max() <= 10
    wanted = np.clip(np.arange(50) + moved[:, None], 0, 49)
    np.testing.assert_allclose(shifted[..., 0], wanted, atol=1e-4)


def test_a_series_of_one_point_stays() -> None:
    one = np.full((3, 1, 1), 5.0, np.float32)

    np.testing.assert_array_equal(_augmented(one, time_warp=0.5, shift=0.5), one)


@pytest.mark.parametrize("key", ["scale", "time_warp"])
def test_another_kind_is_not_warped(key: str) -> None:
    with pytest.raises(ConfigError, match=f"^augmentation.{key}: for series only"):
        check_augmentation(AugmentationConfig.model_validate({key: 0.1}), Kind.TABLE)
