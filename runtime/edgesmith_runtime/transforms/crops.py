"""Steps that choose what part of an image there is: crops, and resizing that keeps the aspect."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.records import record
from edgesmith_runtime.transforms.resize import (
    Resampling,
    Span,
    check_method,
    check_size,
    image_channels,
)
from edgesmith_runtime.transforms.samples import each

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgesmith_runtime.transforms.samples import Samples

__all__ = ["CenterCrop", "Cover", "Crop", "Letterbox"]


@record()
class Crop:
    """A fixed part of each image: ``image[top : top + height, left : left + width]``.

    Equal to ``tf.image.crop_to_bounding_box``.

    Args:
        top: First row, in pixels from 0.
        left: First column, in pixels from 0.
        height: Rows, in pixels from 1.
        width: Columns, in pixels from 1.
    """

    top: int
    left: int
    height: int
    width: int

    def __post_init__(self) -> None:
        for name, place in (("top", self.top), ("left", self.left)):
            if place < 0:
                raise ValueError(f"{name}: expected a pixel from 0, got {place}")
        check_size(self.height, self.width)

    def __call__(self, images: Any) -> Samples:
        """The part in the dtype of the images, ``(batch, height, width, c)``.

        Args:
            images: An array ``(batch, h, w, c)``, or a list of arrays ``(h, w, c)``.

        Raises:
            InputError: Not images, or an image that ends before the part does.
        """
        image_channels(images)
        return each(images, self._cut)

    def _cut(self, images: NDArray[Any]) -> NDArray[Any]:
        _check_holds(images, self.top + self.height, self.left + self.width)
        return _part(images, self.top, self.left, self)


@record()
class CenterCrop:
    """The middle of each image: what is over goes evenly, an odd pixel at the bottom and right.

    The part starts at row ``(h - height) // 2`` and column ``(w - width) // 2``, as in
    ``tf.image.resize_with_crop_or_pad``.

    Args:
        height: Rows, in pixels from 1.
        width: Columns, in pixels from 1.
    """

    height: int
    width: int

    def __post_init__(self) -> None:
        check_size(self.height, self.width)

    def __call__(self, images: Any) -> Samples:
        """The part in the dtype of the images, ``(batch, height, width, c)``.

        Args:
            images: An array ``(batch, h, w, c)``, or a list of arrays ``(h, w, c)``.

        Raises:
            InputError: Not images, or an image smaller than the part; ``letterbox`` and
                ``cover`` take images of any size.
        """
        image_channels(images)
        return each(images, self._cut)

    def _cut(self, images: NDArray[Any]) -> NDArray[Any]:
        _check_holds(images, self.height, self.width)
        top = (images.shape[1] - self.height) // 2
        left = (images.shape[2] - self.width) // 2
        return _part(images, top, left, self)


@record()
class Letterbox:
    """The whole image in one size, its aspect kept, on a background of one colour.

    The side that fits worse gets the target's length, the other the nearest whole number of
    pixels (halves up, at least 1) that keeps the aspect. The image is resized to that as
    ``resize`` does it and lies in the middle: it starts at row ``(height - its height) // 2`` and
    column ``(width - its width) // 2``, so an odd pixel of background is at the bottom or right.
    Where no side is rounded it equals ``tf.image.resize_with_pad``.

    Args:
        height: Of the result, in pixels, 1 to 8192.
        width: Of the result, in pixels, 1 to 8192.
        color: Of the background: a level a channel, or one for all, in the range of the images.
        method: As of ``resize``.
        antialias: As of ``resize``.
    """

    height: int
    width: int
    color: tuple[float, ...] = (0.0,)
    method: str = "bilinear"
    antialias: bool = True

    def __post_init__(self) -> None:
        check_size(self.height, self.width)
        check_method(self.method)
        if not self.color or not all(math.isfinite(level) for level in self.color):
            raise ValueError(
                f"color: expected one or more finite levels, got {list(self.color)}"
            )

    def __call__(self, images: Any) -> NDArray[np.float32]:
        """The images, ``(batch, height, width, c)`` in float32.

        Args:
            images: An array ``(batch, h, w, c)``, or a list of arrays ``(h, w, c)``.

        Raises:
            InputError: Not images, or images of other channels than the colour has.
        """
        batch = cast("NDArray[Any] | list[NDArray[Any]]", images)
        n_channels = image_channels(batch)
        if len(self.color) not in (1, n_channels):
            raise InputError(
                f"expected images with {len(self.color)} channels, as many as the color has, "
                f"got {n_channels}"
            )
        boxed = np.empty((len(batch), self.height, self.width, n_channels), np.float32)
        resampling = Resampling(self.method, self.antialias)
        for image, place in zip(batch, boxed, strict=True):
            inner = _scaled(image.shape, self.height, self.width, contained=True)
            top, left = (self.height - inner[0]) // 2, (self.width - inner[1]) // 2
            if inner != (self.height, self.width):
                place[...] = self.color
            rows = Span(image.shape[0], inner[0], 0, inner[0])
            columns = Span(image.shape[1], inner[1], 0, inner[1])
            part = place[top : top + inner[0], left : left + inner[1]]
            resampling(image, rows, columns, part)
        return boxed


@record()
class Cover:
    """The middle of each image in one size, its aspect kept: what stands over is left out.

    The side that fits worse gets the target's length, the other the nearest whole number of
    pixels (halves up) that keeps the aspect. Of the image resized to that, as ``resize`` does it,
    the middle is taken as ``center_crop`` takes it; what is left out is not computed.
    As ``object-fit: cover`` of CSS Images Module Level 3 (W3C), by ``tf.image.resize``.

    Args:
        height: Of the result, in pixels, 1 to 8192.
        width: Of the result, in pixels, 1 to 8192.
        method: As of ``resize``.
        antialias: As of ``resize``.
    """

    height: int
    width: int
    method: str = "bilinear"
    antialias: bool = True

    def __post_init__(self) -> None:
        check_size(self.height, self.width)
        check_method(self.method)

    def __call__(self, images: Any) -> NDArray[np.float32]:
        """The images, ``(batch, height, width, c)`` in float32.

        Args:
            images: An array ``(batch, h, w, c)``, or a list of arrays ``(h, w, c)``.

        Raises:
            InputError: Not images, or images of one batch that differ in their channels.
        """
        batch = cast("NDArray[Any] | list[NDArray[Any]]", images)
        n_channels = image_channels(batch)
        covered = np.empty((len(batch), self.height, self.width, n_channels), np.float32)
        resampling = Resampling(self.method, self.antialias)
        for image, place in zip(batch, covered, strict=True):
            outer = _scaled(image.shape, self.height, self.width, contained=False)
            top, left = (outer[0] - self.height) // 2, (outer[1] - self.width) // 2
            rows = Span(image.shape[0], outer[0], top, self.height)
            resampling(image, rows, Span(image.shape[1], outer[1], left, self.width), place)
        return covered


def _part(images: NDArray[Any], top: int, left: int, size: Crop | CenterCrop) -> NDArray[Any]:
    if not len(images):  # an array without images need not have a size
        return np.empty((0, size.height, size.width, images.shape[-1]), images.dtype)
    return images[:, top : top + size.height, left : left + size.width]


def _check_holds(images: NDArray[Any], height: int, width: int) -> None:
    if not len(images):
        return
    if images.shape[1] < height or images.shape[2] < width:
        raise InputError(
            f"expected images of {height} x {width} pixels or more, "
            f"got {images.shape[1]} x {images.shape[2]}; resize before, or crop less"
        )


def _scaled(
    shape: tuple[int, ...], height: int, width: int, *, contained: bool
) -> tuple[int, int]:
    """The size of an image with its aspect kept: the largest within, or the smallest around."""
    rows, columns = shape[:2]
    is_wide = columns * height > width * rows
    if is_wide is contained:  # the width decides
        return max(1, (2 * rows * width + columns) // (2 * columns)), width
    return height, max(1, (2 * columns * height + rows) // (2 * rows))
