"""The step that brings images to one size."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from edgesmith_runtime.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["Resize"]

MAX_SIDE = 8192
ROWS_PER_BAND = 8  # narrow bands leave out most of the matrix's zeros
# OpenBLAS wakes its threads for products above this many multiplications; on a busy or a limited
# machine they wait for each other a hundred times longer than such a product takes.
PRODUCT_LIMIT = 262_144


def _triangle(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(0.0, 1.0 - np.abs(x))


def _cubic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    # R. Keys, Cubic convolution interpolation for digital image processing, 1981, a = -1/2
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x * x + 1.0
    far = ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    return np.where(x <= 1.0, near, np.where(x < 2.0, far, 0.0))


# method: the kernel and its radius in source pixels
KERNELS: dict[str, tuple[Callable[[NDArray[np.float64]], NDArray[np.float64]], float]] = {
    "bilinear": (_triangle, 1.0),
    "bicubic": (_cubic, 2.0),
}


class _Band(NamedTuple):
    """Some rows of a resize matrix, cut to the columns that are not zero."""

    made: slice
    taken: slice
    weights: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Resize:
    """Images in one size, by half-pixel centres, as ``tf.image.resize`` does it.

    A resize is one matrix product an axis, done in small blocks; the matrices are made once for
    a pair of lengths.

    Args:
        height: In pixels, 1 to 8192.
        width: In pixels, 1 to 8192.
        method: "nearest", "bilinear" or "bicubic".
        antialias: Widen the kernel where an axis shrinks, so that every source pixel counts;
            "nearest" takes no notice.
    """

    height: int
    width: int
    method: str = "bilinear"
    antialias: bool = True

    def __post_init__(self) -> None:
        for side, length in (("height", self.height), ("width", self.width)):
            if not 1 <= length <= MAX_SIDE:
                raise ValueError(f"{side}: expected 1 to {MAX_SIDE} pixels, got {length}")
        if self.method != "nearest" and self.method not in KERNELS:
            known = ", ".join(f"'{name}'" for name in ("nearest", *KERNELS))
            raise ValueError(f"method: expected one of {known}, got '{self.method}'")

    def __call__(self, images: Any) -> NDArray[np.float32]:
        """The images, ``(batch, height, width, c)`` in float32; their range is kept.

        Args:
            images: An array ``(batch, h, w, c)``, or a list of arrays ``(h, w, c)``.

        Raises:
            InputError: Not images, or images of one batch that differ in their channels.
        """
        batch = cast("NDArray[Any] | list[NDArray[Any]]", images)
        if isinstance(batch, np.ndarray):
            n_channels = _n_channels([batch.shape[1:]], len(batch))
            if batch.shape[1:3] == (self.height, self.width):
                return batch.astype(np.float32)
        else:
            n_channels = _n_channels(
                [getattr(image, "shape", ()) for image in batch], len(batch)
            )
        resized = np.empty((len(batch), self.height, self.width, n_channels), np.float32)
        for image, place in zip(batch, resized, strict=True):
            place[...] = self._one(image)
        return resized

    def _one(self, image: NDArray[Any]) -> NDArray[Any]:
        if image.shape[:2] == (self.height, self.width):
            return image
        if self.method == "nearest":
            rows = _nearest(image.shape[0], self.height)
            return image[rows][:, _nearest(image.shape[1], self.width)]
        by_rows = self._along_first(image, self.height)
        return self._along_first(by_rows.swapaxes(0, 1), self.width).swapaxes(0, 1)

    def _along_first(self, image: NDArray[Any], length: int) -> NDArray[Any]:
        """The first axis brought to ``length``; the others stay."""
        if len(image) == length:
            return image
        flat = image.reshape(len(image), -1)
        made = np.empty((length, flat.shape[1]), np.float32)
        for band in _bands(len(image), length, self.method, self.antialias):
            n_columns = max(1, PRODUCT_LIMIT // band.weights.size)
            for start in range(0, flat.shape[1], n_columns):
                columns = slice(start, start + n_columns)
                # Always C order: another memory layout may round differently.
                taken = np.ascontiguousarray(flat[band.taken, columns], np.float32)
                np.matmul(band.weights, taken, out=made[band.made, columns])
        return made.reshape(length, *image.shape[1:])


def _n_channels(shapes: list[tuple[int, ...]], n_images: int) -> int:
    for shape in shapes:
        if len(shape) != 3 or (n_images and 0 in shape):
            raise InputError(f"expected images of shape (h, w, c) with pixels, got {shape}")
    channels = {shape[2] for shape in shapes}
    if len(channels) != 1:
        raise InputError(f"images of one batch must agree in channels, got {sorted(channels)}")
    return channels.pop()


@lru_cache(maxsize=64)
def _nearest(n_in: int, n_out: int) -> NDArray[np.intp]:
    """The source index of each target index; in float32, as TensorFlow rounds it."""
    scale = np.float32(n_in) / np.float32(n_out)
    centres = (np.arange(n_out, dtype=np.float32) + np.float32(0.5)) * scale
    return np.minimum(np.floor(centres).astype(np.intp), n_in - 1)


@lru_cache(maxsize=64)
def _bands(n_in: int, n_out: int, method: str, antialias: bool) -> tuple[_Band, ...]:  # noqa: FBT001 - a cache key
    """The matrix ``(n_out, n_in)`` of one axis as bands; each row sums to 1."""
    kernel, radius = KERNELS[method]
    scale = n_in / n_out
    stretch = max(scale, 1.0) if antialias else 1.0
    bands: list[_Band] = []
    for first in range(0, n_out, ROWS_PER_BAND):
        made = slice(first, min(first + ROWS_PER_BAND, n_out))
        centres = (np.arange(made.start, made.stop) + 0.5) * scale - 0.5
        reach = radius * stretch
        taken = slice(
            max(0, min(n_in - 1, int(np.floor(centres[0] - reach)))),
            min(n_in, max(1, int(np.ceil(centres[-1] + reach)) + 1)),
        )
        places = np.arange(taken.start, taken.stop)
        weights = kernel((places - centres[:, None]) / stretch)
        weights /= weights.sum(axis=1, keepdims=True)
        bands.append(_Band(made, taken, np.ascontiguousarray(weights, np.float32)))
    return tuple(bands)
