"""Random changes of images: one warp for what moves pixels, then their colours, light and holes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from edgesmith.config import AugmentationConfig

__all__ = ["OF_IMAGES", "augment_images"]

WARPING = ("rotation", "zoom", "shift", "crop")
COLOURING = ("saturation", "hue")
# What images alone can bear; shift, others can too.
OF_IMAGES = (
    "flip_horizontal",
    "flip_vertical",
    "rotation",
    "zoom",
    "crop",
    "brightness",
    "contrast",
    *COLOURING,
    "cutout",
)
PIXELS_AT_ONCE = 1 << 16  # what the warp touches for so many stays in a processor's cache


def augment_images(
    config: AugmentationConfig, batch: NDArray[Any], spread: NDArray[np.float32], rng: Generator
) -> NDArray[Any]:
    """A new batch, every image changed by itself. Values may leave the range of the data.

    Args:
        config: The ``[augmentation]`` section.
        batch: float32 ``(batch, height, width, channel)``.
        spread: From the lowest to the highest value, ``(1,)``; brightness is a share of it.
        rng: Draws the changes.
    """
    if any(getattr(config, key) for key in WARPING):
        batch = _warped(batch, _inverse_maps(config, len(batch), batch.shape[1:3], rng))
    elif config.flip_horizontal or config.flip_vertical:
        batch = _flipped(batch, config, rng)
    if any(getattr(config, key) for key in COLOURING):
        batch = _coloured(batch, config, rng)
    if config.contrast:
        factor = _uniform(rng, config.contrast, len(batch), 1.0)
        mean = batch.mean(axis=(1, 2, 3), keepdims=True)
        batch = (batch - mean) * factor[:, None, None, None] + mean
    if config.brightness:
        shift = _uniform(rng, config.brightness, len(batch), 0.0)
        batch = batch + shift[:, None, None, None] * spread
    if config.cutout:
        batch = _cut_out(batch, config.cutout, rng)
    return batch


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

    Coordinates start at the image's middle. Of a source a part is taken; it is flipped, turned,
    zoomed, then shifted, so the way back is in the reverse order.
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
    if config.crop:
        part = rng.uniform(1 - config.crop, 1, (n, 1))
        maps *= part[..., None]
        maps[:, :, 2] += rng.uniform(-0.5, 0.5, (n, 2)) * (1 - part) * size
    return maps


def _coloured(batch: NDArray[Any], config: AugmentationConfig, rng: Generator) -> NDArray[Any]:
    """Colours turned about grey, and nearer to it or farther from it.

    Grey is the mean of a pixel's channels, so RGB and BGR are changed alike. The turn is
    Rodrigues' rotation about the axis (1, 1, 1); with saturation ``s`` and hue ``h`` a pixel is
    multiplied by ``(1 - s cos h) J / 3 + s cos h I + s sin h / sqrt(3) K``.
    """
    n, height, width, n_channels = batch.shape
    factor = rng.uniform(1 - config.saturation, 1 + config.saturation, (n, 1, 1))
    angle = np.deg2rad(rng.uniform(-config.hue, config.hue, (n, 1, 1)))
    around = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / np.sqrt(3)
    straight = factor * np.cos(angle)
    turns = (1 - straight) / 3 + straight * np.eye(3) + factor * np.sin(angle) * around
    pixels = batch.reshape(n, height * width, n_channels)
    return (pixels @ turns.transpose(0, 2, 1).astype(np.float32)).reshape(batch.shape)


def _cut_out(batch: NDArray[Any], share: float, rng: Generator) -> NDArray[Any]:
    """A rectangle of each image becomes the image's mean: DeVries and Taylor 2017, arXiv:1708.04552.

    Its middle is anywhere in the image, so that it may reach beyond an edge.
    """
    n, height, width, _ = batch.shape
    sides = rng.uniform(0, share, (n, 2)) * (height, width)
    middles = rng.uniform(0, 1, (n, 2)) * (height, width)
    low, high = middles - sides / 2, middles + sides / 2
    y = np.arange(0.5, height, dtype=np.float64)
    x = np.arange(0.5, width, dtype=np.float64)
    in_rows = (low[:, 0, None] <= y) & (y < high[:, 0, None])
    in_columns = (low[:, 1, None] <= x) & (x < high[:, 1, None])
    is_hidden = in_rows[:, :, None, None] & in_columns[:, None, :, None]
    return np.where(is_hidden, batch.mean(axis=(1, 2), keepdims=True), batch)


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
