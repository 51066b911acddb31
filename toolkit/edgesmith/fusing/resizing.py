# pyright: basic
"""Images of any size brought to one: interpolation matrices that the graph makes from the size."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from edgesmith.fusing.refusal import NotInGraphError
from edgesmith.fusing.shapes import as_float, lengths
from edgesmith.quiet import quiet_start

with quiet_start():
    import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.transforms.crops import Cover, Letterbox
    from edgesmith_runtime.transforms.resize import Resize

__all__ = ["cover", "letterbox", "resize"]


class _Side(NamedTuple):
    """How one axis is brought to another length.

    Args:
        n_in: The length that it has.
        n_out: The length that the whole of it is brought to.
        places: Of that, those that are wanted, ``(n_made,)``; within it.
    """

    n_in: Any
    n_out: Any
    places: tf.Tensor


def resize(op: Resize, images: tf.Tensor) -> tf.Tensor:
    """``resize``: one product an axis with the whole matrix of that axis.

    Args:
        op: Its size is that of the result.
        images: ``(batch, h, w, c)``; ``h`` and ``w`` may be free.
    """
    _, height, width, _ = lengths(images)
    rows = _Side(height, op.height, _places(op.height))
    return _resampled(op, images, rows, _Side(width, op.width, _places(op.width)))


def letterbox(op: Letterbox, images: tf.Tensor) -> tf.Tensor:
    """``letterbox``: places of the background have weights of 0, and the colour is added there."""
    _, height, width, _ = lengths(images)
    inner = _scaled(height, width, op, contained=True)
    rows, is_row = _boxed(height, inner[0], op.height)
    columns, is_column = _boxed(width, inner[1], op.width)
    resampled = _resampled(op, images, rows, columns)
    is_image = as_float(is_row)[:, None, None] * as_float(is_column)[None, :, None]
    color = tf.constant(op.color, tf.float32)
    return resampled * is_image + color * (1.0 - is_image)


def cover(op: Cover, images: tf.Tensor) -> tf.Tensor:
    """``cover``: the middle of the places alone."""
    _, height, width, _ = lengths(images)
    outer = _scaled(height, width, op, contained=False)
    rows = _Side(height, outer[0], _places(op.height) + (outer[0] - op.height) // 2)
    columns = _Side(width, outer[1], _places(op.width) + (outer[1] - op.width) // 2)
    return _resampled(op, images, rows, columns)


def _places(n_made: int) -> tf.Tensor:
    return tf.constant(np.arange(n_made, dtype=np.int32))


def _boxed(n_in: Any, n_out: Any, n_made: int) -> tuple[_Side, tf.Tensor]:
    """A side in the middle of a longer one, and which places are its own."""
    places = _places(n_made) - (n_made - n_out) // 2
    is_own = tf.logical_and(places >= 0, places < n_out)
    return _Side(n_in, n_out, tf.clip_by_value(places, 0, n_out - 1)), is_own


def _scaled(
    height: Any, width: Any, op: Letterbox | Cover, *, contained: bool
) -> tuple[Any, Any]:
    """The size of an image with its aspect kept: the largest within, or the smallest around."""
    is_wide = width * op.height > op.width * height
    decides_width = is_wide if contained else tf.logical_not(is_wide)
    rows = tf.maximum(1, (2 * height * op.width + width) // (2 * width))
    columns = tf.maximum(1, (2 * width * op.height + height) // (2 * height))
    return tf.where(decides_width, rows, op.height), tf.where(decides_width, op.width, columns)


def _resampled(
    op: Resize | Letterbox | Cover, images: tf.Tensor, rows: _Side, columns: _Side
) -> tf.Tensor:
    n_channels = images.shape[-1]
    size = [-1, rows.places.shape[0], columns.places.shape[0], n_channels]
    if op.method == "nearest":
        by_rows = tf.gather(as_float(images), _nearest(rows), axis=1)
        return tf.reshape(tf.gather(by_rows, _nearest(columns), axis=2), size)
    lines = tf.reshape(as_float(images), tf.stack([-1, rows.n_in, columns.n_in * n_channels]))
    by_rows = tf.matmul(_matrix(op, rows), lines)
    planes = tf.reshape(by_rows, tf.stack([-1, columns.n_in, n_channels]))
    return tf.reshape(tf.matmul(_matrix(op, columns), planes), size)


def _nearest(side: _Side) -> tf.Tensor:
    """The source index of each target index, in float32 as the runtime has it."""
    scale = tf.cast(side.n_in, tf.float32) / tf.cast(side.n_out, tf.float32)
    centres = (as_float(side.places) + 0.5) * scale
    return tf.minimum(tf.cast(tf.floor(centres), tf.int32), side.n_in - 1)


def _matrix(op: Resize | Letterbox | Cover, side: _Side) -> tf.Tensor:
    """The matrix ``(n_made, n_in)`` of one axis; each row sums to 1."""
    if op.method == "area":
        weights = as_float(_overlaps(side))
    elif op.method in _KERNELS:
        distances = _distances(side)
        if op.antialias:
            shrink = tf.cast(side.n_in, tf.float32) / tf.cast(side.n_out, tf.float32)
            distances /= tf.maximum(shrink, 1.0)
        weights = _KERNELS[op.method](tf.abs(distances))
    else:
        raise NotInGraphError(f"the method '{op.method}' has no counterpart in a graph")
    return weights / tf.reduce_sum(weights, axis=1, keepdims=True)


def _distances(side: _Side) -> tf.Tensor:
    """Of every source place from the centre of every target place, in source pixels.

    The whole part of a centre is computed in whole numbers: float32 has not the digits for it.
    """
    numerators = (2 * side.places + 1) * side.n_in - side.n_out
    whole = tf.math.floordiv(numerators, 2 * side.n_out)
    rest = as_float(numerators - whole * (2 * side.n_out))
    part = rest / tf.cast(2 * side.n_out, tf.float32)
    return as_float(tf.range(side.n_in)[None, :] - whole[:, None]) - part[:, None]


def _overlaps(side: _Side) -> tf.Tensor:
    """How much of every source place every target place covers, in ``1 / n_out`` of a pixel."""
    starts = side.places[:, None] * side.n_in
    sources = tf.range(side.n_in)[None, :] * side.n_out
    ends = tf.minimum(starts + side.n_in, sources + side.n_out)
    return tf.maximum(ends - tf.maximum(starts, sources), 0)


def _triangle(x: tf.Tensor) -> tf.Tensor:
    return tf.maximum(0.0, 1.0 - x)


def _cubic(x: tf.Tensor) -> tf.Tensor:
    # R. Keys, Cubic convolution interpolation for digital image processing, 1981, a = -1/2
    near = (1.5 * x - 2.5) * x * x + 1.0
    far = ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    return tf.where(x <= 1.0, near, tf.where(x < 2.0, far, tf.zeros_like(x)))


def _lanczos3(x: tf.Tensor) -> tf.Tensor:
    angles = math.pi * tf.maximum(x, 1e-6)  # at 0 the quotient is 1 - 1e-12
    window = tf.sin(angles) * tf.sin(angles / 3.0) * 3.0 / (angles * angles)
    return tf.where(x < 3.0, window, tf.zeros_like(x))


_KERNELS: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {
    "bilinear": _triangle,
    "bicubic": _cubic,
    "lanczos3": _lanczos3,
}
