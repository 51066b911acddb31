"""Random changes of sound: of its samples, or of its spectrum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from edgesmith.config import AugmentationConfig

__all__ = ["OF_SPECTRUM", "OF_WAVEFORM", "augment_sound"]

OF_WAVEFORM = ("shift", "gain_db", "noise_snr_db", "speed")
OF_SPECTRUM = ("time_masks", "frequency_masks")
SNR_REACH_DB = 20.0  # noise is from the lowest ratio asked for to so much above it


def augment_sound(
    config: AugmentationConfig, batch: NDArray[Any], rng: Generator
) -> NDArray[Any]:
    """A new batch, every recording changed by itself.

    Args:
        config: The ``[augmentation]`` section.
        batch: float32 samples ``(batch, n)``, or features ``(batch, frames, bands)``.
        rng: Draws the changes.
    """
    if batch.ndim == 2:
        if config.shift or config.speed:
            batch = _moved(batch, config, rng)
        if config.gain_db:
            gain = rng.uniform(-config.gain_db, config.gain_db, (len(batch), 1))
            batch = batch * np.power(10.0, gain / 20).astype(np.float32)
        if config.noise_snr_db:
            batch = _noisy(batch, config.noise_snr_db, rng)
        return batch
    for axis, n_masks, share in (
        (1, config.time_masks, config.time_mask_share),
        (2, config.frequency_masks, config.frequency_mask_share),
    ):
        for _ in range(n_masks):
            batch = _masked(batch, axis, share, rng)
    return batch


def _moved(batch: NDArray[Any], config: AugmentationConfig, rng: Generator) -> NDArray[Any]:
    """Earlier or later, and faster or slower, read between samples; what is beyond is 0."""
    n_samples, length = batch.shape
    factor = rng.uniform(1 - config.speed, 1 + config.speed, (n_samples, 1))
    shift = np.rint(rng.uniform(-config.shift, config.shift, (n_samples, 1)) * length)
    place = (np.arange(length, dtype=np.float64) - shift) * factor
    before = np.floor(place).astype(np.intp)
    share = (place - before).astype(np.float32)
    return _at(batch, before) * (1 - share) + _at(batch, before + 1) * share


def _at(batch: NDArray[Any], place: NDArray[np.intp]) -> NDArray[Any]:
    last = batch.shape[1] - 1
    values = np.take_along_axis(batch, np.clip(place, 0, last), axis=1)
    return np.where((place >= 0) & (place <= last), values, np.float32(0))


def _noisy(batch: NDArray[Any], lowest_db: float, rng: Generator) -> NDArray[Any]:
    ratio_db = rng.uniform(lowest_db, lowest_db + SNR_REACH_DB, (len(batch), 1))
    level = np.sqrt(np.square(batch).mean(axis=1, keepdims=True))
    noise = rng.standard_normal(batch.shape, dtype=np.float32)
    return batch + noise * (level * np.power(10.0, -ratio_db / 20)).astype(np.float32)


def _masked(batch: NDArray[Any], axis: int, share: float, rng: Generator) -> NDArray[Any]:
    """A band of frames or of frequencies at its recording's mean.

    D. Park et al., SpecAugment, 2019, arXiv:1904.08779.
    """
    length = batch.shape[axis]
    width = rng.integers(0, int(share * length) + 1, len(batch))
    start = (rng.random(len(batch)) * (length - width + 1)).astype(np.intp)
    place = np.arange(length, dtype=np.intp)
    hidden = (place >= start[:, None]) & (place < (start + width)[:, None])
    hidden = np.expand_dims(hidden, 3 - axis)
    return np.where(hidden, batch.mean(axis=(1, 2), keepdims=True), batch)
