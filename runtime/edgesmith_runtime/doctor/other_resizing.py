"""Resizing as other libraries do it: their kernels, alignments, paddings and crops."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.doctor.faults import on_samples
from edgesmith_runtime.transforms.samples import each

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from edgesmith_runtime.transforms import Batch
    from edgesmith_runtime.transforms.resize import Resize

__all__ = [
    "PAD_COLOURS",
    "WAYS",
    "Boxed",
    "ShorterSide",
    "Way",
    "Weighted",
    "centre_cut",
    "to_aspect",
]

PAD_COLOURS = (0.0, 114.0, 128.0, 255.0)  # of letterboxes, as detectors and apps have them


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a library finds the weights of source pixels.

    Args:
        name: In words.
        kernel: "nearest", "triangle", "cubic", "lanczos" or "area".
        align: Where target pixel i lies in the source: "centres" (half-pixel), "corners" (the
            first and last pixels meet) or "origin" (i times the ratio).
        antialias: Widen the kernel where an axis shrinks.
        sharpness: Of the cubic kernel, its a.
    """

    name: str
    kernel: str
    align: str = "centres"
    antialias: bool = False
    sharpness: float = -0.5


WAYS = (
    Way(name="nearest (pixel centres)", kernel="nearest"),
    Way(name="nearest (top left, as OpenCV)", kernel="nearest", align="origin"),
    Way(name="bilinear without antialiasing", kernel="triangle"),
    Way(name="bilinear with antialiasing", kernel="triangle", antialias=True),
    Way(name="bilinear with aligned corners", kernel="triangle", align="corners"),
    Way(name="bilinear from the top left corner", kernel="triangle", align="origin"),
    Way(name="bicubic without antialiasing", kernel="cubic"),
    Way(name="bicubic with antialiasing", kernel="cubic", antialias=True),
    Way(name="bicubic with a = -0.75 (as OpenCV)", kernel="cubic", sharpness=-0.75),
    Way(
        name="bicubic with a = -0.75 and antialiasing",
        kernel="cubic",
        sharpness=-0.75,
        antialias=True,
    ),
    Way(name="bicubic with aligned corners", kernel="cubic", align="corners"),
    Way(name="lanczos3 without antialiasing", kernel="lanczos"),
    Way(name="lanczos3 with antialiasing", kernel="lanczos", antialias=True),
    Way(name="area (mean of the covered pixels)", kernel="area"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighted:
    """Images in one size, by a way of another library.

    Args:
        height: In pixels.
        width: In pixels.
        way: How.
    """

    height: int
    width: int
    way: Way

    def __call__(self, images: Batch) -> Batch:
        """``(batch, height, width, c)`` in float32, from an array or a list of arrays."""
        return each(images, self._resized)

    def _resized(self, images: NDArray[Any]) -> NDArray[np.float32]:
        rows = _weights(images.shape[1], self.height, self.way)
        columns = _weights(images.shape[2], self.width, self.way)
        # Most kernels look at few pixels of a large image: only those become floats.
        looked_at = np.flatnonzero(rows.any(axis=0))
        images, rows = images[:, looked_at], rows[:, looked_at]
        looked_at = np.flatnonzero(columns.any(axis=0))
        images, columns = images[:, :, looked_at], columns[:, looked_at]
        n, height, width, channels = images.shape
        lines = images.astype(np.float32).reshape(n, height, width * channels)
        by_rows = np.matmul(rows, lines).reshape(n, self.height, width, channels)
        return np.matmul(columns, by_rows)


@lru_cache(maxsize=64)
def _weights(n_in: int, n_out: int, way: Way) -> NDArray[np.float32]:
    """The matrix ``(n_out, n_in)`` of one axis; each row sums to 1."""
    scale = n_in / n_out
    targets = np.arange(n_out)
    if way.kernel == "area":
        edges = np.clip(np.arange(n_in + 1) - targets[:, None] * scale, 0.0, scale)
        return (np.diff(edges) / scale).astype(np.float32)
    if way.kernel == "nearest":
        places = targets * scale if way.align == "origin" else (targets + 0.5) * scale
        nearest = np.minimum(np.floor(places + 1e-9).astype(np.intp), n_in - 1)
        return np.eye(n_in, dtype=np.float32)[nearest]
    stretch = max(scale, 1.0) if way.antialias else 1.0
    centres = _centres(n_in, n_out, way.align)
    if not way.antialias:
        centres = np.clip(centres, 0.0, n_in - 1.0)
    weights = _kernel(way)((np.arange(n_in) - centres[:, None]) / stretch)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def _centres(n_in: int, n_out: int, align: str) -> NDArray[np.float64]:
    targets = np.arange(n_out, dtype=np.float64)
    if align == "corners":
        return targets * ((n_in - 1) / max(1, n_out - 1))
    if align == "origin":
        return targets * (n_in / n_out)
    return (targets + 0.5) * (n_in / n_out) - 0.5


def _kernel(way: Way) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    if way.kernel == "triangle":
        return lambda x: np.maximum(0.0, 1.0 - np.abs(x))
    if way.kernel == "lanczos":  # C. Duchon, Lanczos filtering in one and two dimensions, 1979
        return lambda x: np.where(np.abs(x) < 3.0, np.sinc(x) * np.sinc(x / 3.0), 0.0)
    return lambda x: _cubic(np.abs(x), way.sharpness)


def _cubic(x: NDArray[np.float64], a: float) -> NDArray[np.float64]:
    # R. Keys, Cubic convolution interpolation for digital image processing, 1981, eq. 4
    near = ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0
    far = ((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a
    return np.where(x <= 1.0, near, np.where(x < 2.0, far, 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Boxed:
    """Images resized with their proportions kept, and padded to the size.

    Args:
        resize: What resizes; its size is the one that is padded to.
        pad: The value of the border.
        centred: The border is shared by both sides, else it lies right and below.
        rounds: The inner size is rounded, else cut to whole pixels.
    """

    resize: Resize | Weighted
    pad: float
    centred: bool = True
    rounds: bool = True

    def __call__(self, images: Batch) -> Batch:
        """``(batch, height, width, c)`` in float32, from an array or a list of arrays."""
        return each(images, self._boxed)

    def _boxed(self, images: NDArray[Any]) -> NDArray[np.float32]:
        height, width = self.resize.height, self.resize.width
        ratio = min(height / images.shape[1], width / images.shape[2])
        whole = round if self.rounds else int
        rows = max(1, whole(images.shape[1] * ratio))
        columns = max(1, whole(images.shape[2] * ratio))
        inner = dataclasses.replace(self.resize, height=rows, width=columns)(images)
        box = np.full((len(images), height, width, images.shape[3]), self.pad, np.float32)
        top = (height - rows) // 2 if self.centred else 0
        left = (width - columns) // 2 if self.centred else 0
        box[:, top : top + rows, left : left + columns] = inner
        return box


@dataclass(frozen=True, slots=True, kw_only=True)
class ShorterSide:
    """Images resized by their shorter side with proportions kept, and their middle cut out.

    Args:
        resize: What resizes; its size is the one that is cut out.
        factor: The shorter side is this times the size that is cut out, rounded.
    """

    resize: Resize | Weighted
    factor: float

    def __call__(self, images: Batch) -> Batch:
        """``(batch, height, width, c)``, from an array or a list of arrays."""
        return each(images, self._cut)

    def _cut(self, images: NDArray[Any]) -> NDArray[Any]:
        height, width = self.resize.height, self.resize.width
        wanted = max(height / images.shape[1], width / images.shape[2])
        shorter = min(images.shape[1:3])
        ratio = round(shorter * wanted * self.factor) / shorter
        rows = max(height, int(images.shape[1] * ratio + 1e-9))
        columns = max(width, int(images.shape[2] * ratio + 1e-9))
        whole = dataclasses.replace(self.resize, height=rows, width=columns)(images)
        return _middle(whole, height, width)


def centre_cut(height: int, width: int) -> Callable[[Batch], Batch]:
    """The middle of each image, ``(..., height, width, c)``, at most what there is."""
    return on_samples(lambda images: _middle(images, height, width))


def to_aspect(aspect: float) -> Callable[[Batch], Batch]:
    """The largest middle of each image of the aspect width / height."""

    def cut(images: NDArray[Any]) -> NDArray[Any]:
        height = min(images.shape[1], images.shape[2] / aspect)
        width = min(images.shape[2], images.shape[1] * aspect)
        return _middle(images, max(1, round(height)), max(1, round(width)))

    return on_samples(cut)


def _middle(images: NDArray[Any], height: int, width: int) -> NDArray[Any]:
    top = max(0, (images.shape[1] - height) // 2)
    left = max(0, (images.shape[2] - width) // 2)
    return images[:, top : top + height, left : left + width]
