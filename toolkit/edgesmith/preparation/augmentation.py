"""Random changes of training samples: one warp for what moves pixels, then brightness and noise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator
    from numpy.typing import NDArray

    from edgesmith.config import AugmentationConfig

__all__ = ["check_augmentation", "make_augment", "needs_spread"]

GEOMETRY = ("flip_horizontal", "flip_vertical", "rotation", "zoom", "shift")
WARPING = ("rotation", "zoom", "shift")
IMAGES_ONLY = (*GEOMETRY, "brightness", "contrast")
BY_SPREAD = ("brightness", "noise")
PIXELS_AT_ONCE = 1 << 16  # what the warp touches for so many stays in a processor's cache


def check_augmentation(config: AugmentationConfig, kind: str) -> None:
    """Refuse what only images can bear.

    Raises:
        ConfigError: Names the key.
    """
    for key in IMAGES_ONLY:
        if getattr(config, key):
            raise ConfigError(f"augmentation.{key}: for images only, the source is a {kind}")


def needs_spread(config: AugmentationConfig) -> bool:
    """Whether something is a share of the value range."""
    return any(getattr(config, key) for key in BY_SPREAD)


def make_augment(
    config: AugmentationConfig, spread: NDArray[np.float32]
) -> Callable[[NDArray[Any], Generator], NDArray[Any]] | None:
    """The augmentation of one batch, or None where all is off.

    Every sample is changed by itself. Values may leave the range of the data.

    Args:
        config: The ``[augmentation]`` section.
        spread: From the lowest to the highest value, ``(place,)`` or ``(1,)``; brightness and
            noise are shares of it.

    Returns:
        A function of a float32 batch, ``(batch, height, width, channel)`` or for noise alone of
        any shape, and a generator; it gives a new batch of the same shape.
    """
    if not any(getattr(config, key) for key in (*IMAGES_ONLY, "noise")):
        return None

    def augment(batch: NDArray[Any], rng: Generator) -> NDArray[Any]:
        if any(getattr(config, key) for key in WARPING):
            batch = _warped(batch, _inverse_maps(config, len(batch), batch.shape[1:3], rng))
        elif config.flip_horizontal or config.flip_vertical:
            batch = _flipped(batch, config, rng)
        if config.contrast:
            factor = _uniform(rng, config.contrast, len(batch), 1.0)
            mean = batch.mean(axis=(1, 2, 3), keepdims=True)
            batch = (batch - mean) * factor[:, None, None, None] + mean
        if config.brightness:
            shift = _uniform(rng, config.brightness, len(batch), 0.0)
            batch = batch + shift[:, None, None, None] * spread
        if config.noise:
            noise = rng.standard_normal(batch.shape, dtype=np.float32)
            noise *= np.float32(config.noise) * spread
            batch = batch + noise
        return batch

    return augment


def _uniform(rng: Generator, reach: float, n: int, about: float) -> NDArray[np.float32]:
    return rng.uniform(about - reach, about + reach, n).astype(np.float32)


def _flips(config: AugmentationConfig, n: int, rng: Generator) -> NDArray[np.bool_]:
    """Which images to mirror, ``(batch, 2)``: top to bottom, left to right."""
    wanted = [config.flip_vertical, config.flip_horizontal]
    return (rng.random((n, 2)) < 0.5) & wanted


def _flipped(batch: NDArray[Any], config: AugmentationConfig, rng: Generator) -> NDArray[Any]:
    flips = _flips(config, len(batch), rng)
    result = batch.copy()
    for axis in (0, 1):
        chosen = flips[:, axis]
        result[chosen] = np.flip(result[chosen], axis + 1)
    return result


def _inverse_maps(
    config: AugmentationConfig, n: int, size: tuple[int, int], rng: Generator
) -> NDArray[np.float32]:
    """Where each target pixel comes from, as ``(batch, 2, 3)``: rows y, x; columns y, x, 1.

    Coordinates start at the image's middle. A target is flipped, turned, zoomed, then shifted,
    so the way back is in the reverse order.
    """
    flips = _flips(config, n, rng)
    angle = np.deg2rad(rng.uniform(-config.rotation, config.rotation, n))
    factor = rng.uniform(1 - config.zoom, 1 + config.zoom, n)
    shift = rng.uniform(-config.shift, config.shift, (n, 2)) * size
    cosine, sine = np.cos(angle), np.sin(angle)
    turn = np.stack([np.stack([cosine, -sine], -1), np.stack([sine, cosine], -1)], 1)
    signs = np.where(flips, -1.0, 1.0)
    maps = np.empty((n, 2, 3), np.float32)
    maps[:, :, :2] = signs[:, :, None] * turn / factor[:, None, None]
    maps[:, :, 2] = -np.einsum("nij,nj->ni", maps[:, :, :2], shift)
    return maps


def _warped(batch: NDArray[Any], maps: NDArray[np.float32]) -> NDArray[Any]:
    """Bilinear reading at the mapped places; beyond an edge its pixels go on."""
    warped = np.empty_like(batch)
    step = max(1, PIXELS_AT_ONCE // (batch.shape[1] * batch.shape[2]))
    for start in range(0, len(batch), step):
        rows = slice(start, start + step)
        warped[rows] = _warped_at_once(batch[rows], maps[rows])
    return warped


def _warped_at_once(batch: NDArray[Any], maps: NDArray[np.float32]) -> NDArray[Any]:
    n, height, width, n_channels = batch.shape
    y = np.arange(height, dtype=np.float32) - np.float32((height - 1) / 2)
    x = np.arange(width, dtype=np.float32) - np.float32((width - 1) / 2)
    top, bottom, down = _corners(maps[:, 0], y, x, height)
    left, right, along = _corners(maps[:, 1], y, x, width)
    pixels = batch.reshape(-1, n_channels)
    image = (np.arange(n, dtype=np.int32) * (height * width))[:, None, None]
    top = top * width + image
    bottom = bottom * width + image
    along = along[..., None]
    upper = _between(pixels, top + left, top + right, along)
    lower = _between(pixels, bottom + left, bottom + right, along)
    lower -= upper
    lower *= down[..., None]
    lower += upper
    return lower


def _corners(
    row: NDArray[np.float32], y: NDArray[np.float32], x: NDArray[np.float32], length: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]:
    """Along one axis: the pixel before, the pixel after, and how far between them."""
    place = row[:, 0, None, None] * y[:, None] + row[:, 1, None, None] * x
    place = cast("NDArray[np.float32]", place)
    place += row[:, 2, None, None] + np.float32((length - 1) / 2)
    np.clip(place, 0, length - 1, out=place)
    before = place.astype(np.int32)
    after = np.minimum(before + 1, length - 1)
    place -= before.astype(np.float32)
    return before, after, place


def _between(
    pixels: NDArray[Any],
    first: NDArray[np.int32],
    second: NDArray[np.int32],
    share: NDArray[np.float32],
) -> NDArray[Any]:
    start = pixels.take(first, axis=0)
    step = pixels.take(second, axis=0)
    step -= start
    step *= share
    step += start
    return step
