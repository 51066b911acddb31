"""Random changes of sound, by its samples or by its spectrum."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgesmith.config import AugmentationConfig
from edgesmith.preparation.augmentation.sound import augment_sound


def _tone(n: int = 40) -> np.ndarray[Any, Any]:
    time = np.arange(1000) / 1000
    return np.tile(np.sin(2 * np.pi * 50 * time), (n, 1)).astype(np.float32)


def _changed(batch: np.ndarray[Any, Any], **keys: Any) -> np.ndarray[Any, Any]:
    return augment_sound(AugmentationConfig(**keys), batch, np.random.default_rng(0))


def test_a_shift_moves_whole_samples_and_leaves_zeros() -> None:
    batch = np.zeros((200, 100), np.float32)
    batch[:, 50] = 1

    moved = _changed(batch, shift=0.2)

    places = moved.argmax(axis=1)
    np.testing.assert_array_equal(moved.sum(axis=1), np.ones(200))
    assert (places.min(), places.max()) == (30, 70)


def test_speed_changes_the_pitch_within_its_reach() -> None:
    batch = _tone(300)

    moved = _changed(batch, speed=0.2)

    crossings = (np.diff(np.signbit(moved[:, :800]), axis=1) != 0).sum(axis=1) / 80
    assert 0.78 < crossings.min() < 0.85
    assert 1.15 < crossings.max() < 1.22


def test_gain_is_in_decibels_either_way() -> None:
    batch = _tone(300)

    changed = _changed(batch, gain_db=6.0)

    decibels = 20 * np.log10(np.abs(changed).max(axis=1) / np.abs(batch).max(axis=1))
    assert -6.01 <= decibels.min() < -5.5
    assert 5.5 < decibels.max() <= 6.01


def test_noise_is_so_far_below_the_recording() -> None:
    batch = _tone(300)

    noise = _changed(batch, noise_snr_db=10.0) - batch

    ratio = 10 * np.log10((batch**2).mean(axis=1) / (noise**2).mean(axis=1))
    assert 9 < ratio.min() < 12
    assert 28 < ratio.max() < 31


def test_silence_gets_no_noise() -> None:
    batch = np.zeros((2, 100), np.float32)

    np.testing.assert_array_equal(_changed(batch, noise_snr_db=10.0), batch)


@pytest.mark.parametrize(("key", "axis"), [("time_masks", 1), ("frequency_masks", 2)])
def test_a_mask_hides_neighbours_at_the_mean(key: str, axis: int) -> None:
    batch = np.random.default_rng(1).normal(size=(300, 20, 10)).astype(np.float32)

    masked = _changed(batch, **{key: 1, f"{key[:-1]}_share": 0.5})

    hidden = masked != batch
    assert (
        masked[hidden]
        == np.broadcast_to(batch.mean((1, 2), keepdims=True), batch.shape)[hidden]
    ).all()
    along = hidden.any(axis=3 - axis)
    np.testing.assert_array_equal(along, hidden.all(axis=3 - axis))
    assert along.sum(axis=1).max() == batch.shape[axis] // 2
    assert (np.diff(along.astype(int), axis=1) == 1).sum(axis=1).max() == 1


@pytest.mark.parametrize("keys", [{"shift": 0.1, "speed": 0.1}, {"gain_db": 6.0}])
def test_what_is_given_stays_as_it_is_and_float32(keys: dict[str, Any]) -> None:
    batch = _tone(3)
    same = batch.copy()

    changed = _changed(batch, **keys)

    np.testing.assert_array_equal(batch, same)
    assert changed.dtype == np.float32
    assert changed.shape == batch.shape


def test_the_same_generator_gives_the_same_changes() -> None:
    keys = {"shift": 0.1, "speed": 0.1, "gain_db": 6.0, "noise_snr_db": 10.0}

    np.testing.assert_array_equal(_changed(_tone(), **keys), _changed(_tone(), **keys))
