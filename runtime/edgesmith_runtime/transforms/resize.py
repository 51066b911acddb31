"""The step that brings images to one size, and the resampling that it shares with those that keep the aspect."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.records import record
from edgesmith_runtime.transforms.products import PRODUCT_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["Resampling", "Resize", "Span", "check_method", "check_size", "image_channels"]

MAX_SIDE = 8192
# Narrow bands leave out most of a matrix's zeros; in a small product they cost less than a call.
ROWS_PER_BAND = (32, 16, 8)
CACHED_LIMIT = 1 << 18  # weights of a matrix that is kept: 2 MB with its turned form
VALUES_AT_ONCE = 1 << 20  # larger images become floats in parts: a few megabytes at a time

Kernel = tuple["Callable[[NDArray[np.float64]], NDArray[np.float64]]", float]


def _triangle(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(0.0, 1.0 - np.abs(x))


def _cubic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    # R. Keys, Cubic convolution interpolation for digital image processing, 1981, a = -1/2
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x * x + 1.0
    far = ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    return np.where(x <= 1.0, near, np.where(x < 2.0, far, 0.0))


def _lanczos3(x: NDArray[np.float64]) -> NDArray[np.float64]:
    # C. E. Duchon, Lanczos filtering in one and two dimensions, 1979: a windowed sinc
    return np.where(np.abs(x) < 3.0, np.sinc(x) * np.sinc(x / 3.0), 0.0)


# method: the kernel and its radius in source pixels
KERNELS: dict[str, Kernel] = {
    "bilinear": (_triangle, 1.0),
    "bicubic": (_cubic, 2.0),
    "lanczos3": (_lanczos3, 3.0),
}
METHODS = ("nearest", *KERNELS, "area")


class Span(NamedTuple):
    """Some places of an axis that is brought to another length.

    Args:
        n_in: The length that it has.
        n_out: The length that it is brought to.
        first: The first place wanted, from 0.
        n_made: Places wanted.
    """

    n_in: int
    n_out: int
    first: int
    n_made: int


class _Band(NamedTuple):
    """Some rows of a resize matrix, cut to the columns that are not zero, and turned."""

    made: slice
    taken: slice
    weights: NDArray[np.float32]
    turned: NDArray[np.float32]


class Resampling(NamedTuple):
    """How an image is brought to another size: a matrix product an axis.

    The products are done in small blocks, whose shapes depend on the image's alone; the matrices
    are made once for a pair of lengths.

    Args:
        method: One of ``METHODS``.
        antialias: Widen the kernel where an axis shrinks.
    """

    method: str
    antialias: bool

    def __call__(
        self, image: NDArray[Any], rows: Span, columns: Span, out: NDArray[np.float32]
    ) -> None:
        """Write the wanted part of the resized image into ``out``.

        Args:
            image: ``(rows.n_in, columns.n_in, channel)``, numbers.
            rows: Of the first axis.
            columns: Of the second.
            out: ``(rows.n_made, columns.n_made, channel)``.
        """
        if self.method == "nearest":
            out[...] = image[_nearest(rows)][:, _nearest(columns)]
            return
        planes = image.transpose(2, 0, 1)
        if image.size <= VALUES_AT_ONCE:
            planes = np.ascontiguousarray(planes, np.float32)
        if rows.n_in == rows.n_out:
            planes = planes[:, rows.first : rows.first + rows.n_made]
        else:
            planes = self._down(planes, rows)
        place = out.transpose(2, 0, 1)
        if columns.n_in == columns.n_out:
            place[...] = planes[:, :, columns.first : columns.first + columns.n_made]
        elif place.flags.c_contiguous:
            self._across(planes, columns, place)
        else:
            made = np.empty(place.shape, np.float32)
            self._across(planes, columns, made)
            place[...] = made

    def _down(self, planes: NDArray[Any], rows: Span) -> NDArray[np.float32]:
        """The second axis of ``(channel, height, width)`` as ``rows`` says."""
        n_planes, _, width = planes.shape
        is_ready = planes.dtype == np.float32 and planes.flags.c_contiguous
        made = np.empty((n_planes, rows.n_made, width), np.float32)
        for band in _fitting_bands(self, rows, width):
            n_columns = max(1, PRODUCT_LIMIT // band.weights.size)
            for start in range(0, width, n_columns):
                part = slice(start, start + n_columns)
                taken = planes[:, band.taken, part]
                if not is_ready:
                    # Always C order: another memory layout may round differently.
                    taken = np.ascontiguousarray(taken, np.float32)
                np.matmul(band.weights, taken, out=made[:, band.made, part])
        return made

    def _across(self, planes: NDArray[Any], columns: Span, made: NDArray[np.float32]) -> None:
        """The last axis of ``(channel, height, width)`` as ``columns`` says, into ``made``."""
        lines = np.ascontiguousarray(planes, np.float32).reshape(-1, columns.n_in)
        made = made.reshape(-1, columns.n_made)
        for band in _fitting_bands(self, columns, len(lines)):
            n_lines = max(1, PRODUCT_LIMIT // band.turned.size)
            for start in range(0, len(lines), n_lines):
                part = slice(start, start + n_lines)
                np.matmul(lines[part, band.taken], band.turned, out=made[part, band.made])


@record()
class Resize:
    """Images in one size, by half-pixel centres, as ``tf.image.resize`` does it.

    Target pixel ``y`` reads around ``(y + 1/2) * n_in / n_out - 1/2`` in the source, with weights
    that sum to 1; the aspect is not kept. The kernels: "bilinear" a triangle of radius 1,
    "bicubic" Keys' cubic of radius 2 with a = -1/2 (Keys 1981), "lanczos3" the sinc windowed by a
    wider sinc, of radius 3 (Duchon 1979). "nearest" takes the pixel under the centre. "area"
    averages what the target pixel covers, parts of pixels by their share.

    Args:
        height: In pixels, 1 to 8192.
        width: In pixels, 1 to 8192.
        method: "nearest", "bilinear", "bicubic", "lanczos3" or "area".
        antialias: Widen the kernel where an axis shrinks, so that every source pixel counts;
            "nearest" and "area" take no notice.
    """

    height: int
    width: int
    method: str = "bilinear"
    antialias: bool = True

    def __post_init__(self) -> None:
        check_size(self.height, self.width)
        check_method(self.method)

    def __call__(self, images: Any) -> NDArray[np.float32]:
        """The images, ``(batch, height, width, c)`` in float32; their range is kept.

        (But for what "bicubic" and "lanczos3" overshoot at edges.)

        Args:
            images: An array ``(batch, h, w, c)``, or a list of arrays ``(h, w, c)``.

        Raises:
            InputError: Not images, or images of one batch that differ in their channels.
        """
        batch = cast("NDArray[Any] | list[NDArray[Any]]", images)
        n_channels = image_channels(batch)
        size = (self.height, self.width)
        if isinstance(batch, np.ndarray) and batch.shape[1:3] == size:
            return batch.astype(np.float32)
        resized = np.empty((len(batch), *size, n_channels), np.float32)
        resampling = Resampling(self.method, self.antialias)
        for image, place in zip(batch, resized, strict=True):
            n_rows, n_columns = image.shape[:2]
            rows = Span(n_rows, self.height, 0, self.height)
            resampling(image, rows, Span(n_columns, self.width, 0, self.width), place)
        return resized


def check_size(height: int, width: int) -> None:
    """Refuse a target size beyond the bounds, with ValueError."""
    for side, length in (("height", height), ("width", width)):
        if not 1 <= length <= MAX_SIDE:
            raise ValueError(f"{side}: expected 1 to {MAX_SIDE} pixels, got {length}")


def check_method(method: str) -> None:
    """Refuse an unknown method, with ValueError."""
    if method not in METHODS:
        known = ", ".join(f"'{name}'" for name in METHODS)
        raise ValueError(f"method: expected one of {known}, got '{method}'")


def image_channels(images: NDArray[Any] | list[NDArray[Any]]) -> int:
    """Channels of the images of a batch.

    Args:
        images: An array ``(batch, h, w, c)``, or a list of arrays ``(h, w, c)``.

    Raises:
        InputError: Not images, or images of one batch that differ in their channels.
    """
    if isinstance(images, np.ndarray):
        shapes: list[tuple[int, ...]] = [images.shape[1:]]
    else:
        shapes = [getattr(image, "shape", ()) for image in images]
    for shape in shapes:
        if len(shape) != 3 or (len(images) and 0 in shape):
            raise InputError(f"expected images of shape (h, w, c) with pixels, got {shape}")
    channels = {shape[2] for shape in shapes}
    if len(channels) != 1:
        raise InputError(f"images of one batch must agree in channels, got {sorted(channels)}")
    return channels.pop()


@lru_cache(maxsize=64)
def _nearest(span: Span) -> NDArray[np.intp]:
    """The source index of each target index; in float32, as TensorFlow rounds it."""
    scale = np.float32(span.n_in) / np.float32(span.n_out)
    places = np.arange(span.first, span.first + span.n_made, dtype=np.float32)
    centres = (places + np.float32(0.5)) * scale
    return np.minimum(np.floor(centres).astype(np.intp), span.n_in - 1)


def _fitting_bands(resampling: Resampling, span: Span, n_across: int) -> tuple[_Band, ...]:
    """The matrix of one axis, in as few bands as its products with ``n_across`` columns bear."""
    n_rows, is_large = _rows_per_band(resampling, span, n_across)
    make = _bands if is_large else _kept_bands
    return make(resampling, span, n_rows)


@lru_cache(maxsize=256)
def _rows_per_band(resampling: Resampling, span: Span, n_across: int) -> tuple[int, bool]:
    """How many rows of the matrix a band has, and whether all are too large to be kept."""
    shrink = span.n_in / span.n_out
    radius = KERNELS[resampling.method][1] if resampling.method in KERNELS else 0.5
    reach = radius * (max(shrink, 1.0) if resampling.antialias else 1.0)
    n_rows = next(
        (
            n_rows
            for n_rows in ROWS_PER_BAND
            if n_rows * (n_rows * shrink + 2 * reach) * n_across <= PRODUCT_LIMIT
        ),
        ROWS_PER_BAND[-1],
    )
    return n_rows, span.n_made * (n_rows * shrink + 2 * reach) > CACHED_LIMIT


def _bands(resampling: Resampling, span: Span, n_rows: int) -> tuple[_Band, ...]:
    """The matrix ``(n_made, n_in)`` of one axis as bands of ``n_rows``; each row sums to 1."""
    bands: list[_Band] = []
    for start in range(0, span.n_made, n_rows):
        made = slice(start, min(start + n_rows, span.n_made))
        places = np.arange(span.first + made.start, span.first + made.stop)
        if resampling.method == "area":
            taken, weights = _overlaps(places, span)
        else:
            taken, weights = _sampled(places, span, resampling)
        weights /= weights.sum(axis=1, keepdims=True)
        single = np.ascontiguousarray(weights, np.float32)
        bands.append(_Band(made, taken, single, np.ascontiguousarray(single.T)))
    return tuple(bands)


_kept_bands = lru_cache(maxsize=64)(_bands)


def _sampled(
    places: NDArray[np.intp], span: Span, resampling: Resampling
) -> tuple[slice, NDArray[np.float64]]:
    """The kernel around each place's centre, at the source pixels that it can reach."""
    kernel, radius = KERNELS[resampling.method]
    scale = span.n_in / span.n_out
    stretch = max(scale, 1.0) if resampling.antialias else 1.0
    centres = (places + 0.5) * scale - 0.5
    reach = radius * stretch
    taken = slice(
        max(0, min(span.n_in - 1, int(np.floor(centres[0] - reach)))),
        min(span.n_in, max(1, int(np.ceil(centres[-1] + reach)) + 1)),
    )
    sources = np.arange(taken.start, taken.stop)
    return taken, kernel((sources - centres[:, None]) / stretch)


def _overlaps(places: NDArray[np.intp], span: Span) -> tuple[slice, NDArray[np.float64]]:
    """How much of each source pixel lies within each place, in exact steps of 1 / n_out."""
    low, high = places * span.n_in, (places + 1) * span.n_in
    taken = slice(int(low[0]) // span.n_out, -(-int(high[-1]) // span.n_out))
    sources = np.arange(taken.start, taken.stop) * span.n_out
    upper = np.minimum(high[:, None], sources + span.n_out)
    overlap = upper - np.maximum(low[:, None], sources)
    return taken, np.maximum(overlap, 0).astype(np.float64)
