# pyright: basic
"""One axis of an image, sampled anew with TensorFlow's own weights."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.quiet import quiet_start

with quiet_start():
    import tensorflow as tf

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "Taps",
    "free_taps",
    "free_weights",
    "interpolated",
    "nearest_indices",
    "taps_of",
    "weighed",
    "weights_of",
]

_RADIUS = {"bilinear": 1, "bicubic": 2, "lanczos3": 3, "lanczos5": 5}
_TABLE_SIZE = 1024  # kTableSize in tensorflow/core/kernels/image/resize_bicubic_op.cc
_LEAST_SUM = 1000 * np.finfo(np.float32).tiny  # below it, its kernels leave weights as they are


@dataclass(frozen=True, slots=True)
class Taps:
    """Where each output is read from, and what each of these counts.

    Args:
        indices: ``(n_out, k)``, whole numbers.
        weights: ``(n_out, k)``, float32.
    """

    indices: Any
    weights: Any


def weights_of(n_in: int, n_out: int, method: str, *, antialias: bool) -> NDArray[np.float32]:
    """What each input counts in each output: TensorFlow's answer to the unit vectors.

    Returns:
        ``(n_out, n_in)``.
    """
    with tf.init_scope():
        units = tf.eye(n_in)[tf.newaxis, :, tf.newaxis, :]
        resized = tf.image.resize(units, (n_out, 1), method=method, antialias=antialias)
        return resized.numpy()[0, :, 0, :]


def taps_of(weights: NDArray[np.float32]) -> Taps:
    """The inputs that count, in order; as many for each output."""
    counts = weights != 0
    first = counts.argmax(1)
    last = weights.shape[1] - 1 - counts[:, ::-1].argmax(1)
    length = int((last - first).max(where=counts.any(1), initial=0)) + 1
    starts = np.minimum(first, weights.shape[1] - length)
    indices = starts[:, np.newaxis] + np.arange(length)
    return Taps(indices.astype(np.int32), np.take_along_axis(weights, indices, axis=1))


def weighed(images: Any, taps: Taps, axis: int) -> Any:
    """The sums along an axis, each in the order in which TensorFlow's kernels add: the same bits."""
    total: Any = None
    for tap in range(taps.weights.shape[1]):
        read = tf.gather(images, taps.indices[:, tap], axis=axis)
        part = read * _along(taps.weights[:, tap], axis)
        total = part if total is None else total + part
    return total


def interpolated(images: Any, n_in: Any, n_out: Any, axis: int) -> Any:
    """Between two neighbours along an axis, as ``resize_bilinear_op.cc`` does: the same bits."""
    centre = _centres(n_in, n_out)
    lower = tf.floor(centre)
    before = tf.cast(tf.maximum(lower, 0.0), tf.int32)
    after = tf.cast(tf.minimum(tf.math.ceil(centre), _float(n_in) - 1.0), tf.int32)
    near, far = tf.gather(images, before, axis=axis), tf.gather(images, after, axis=axis)
    return near + (far - near) * _along(centre - lower, axis)


def nearest_indices(n_in: Any, n_out: Any) -> Any:
    """What each output is a copy of, ``(n_out,)``, as ``resize_nearest_neighbor_op.cc`` has it."""
    scaled = (_range(n_out) + 0.5) * _ratio(n_in, n_out)
    return tf.cast(tf.minimum(tf.floor(scaled), _float(n_in) - 1.0), tf.int32)


def free_taps(n_in: Any, n_out: Any, method: str) -> Taps:
    """Taps where a size is known only when the model runs; without antialiasing."""
    radius = _RADIUS[method]
    centre = _centres(n_in, n_out)
    lower = tf.floor(centre)
    around = lower[:, tf.newaxis] + np.arange(1 - radius, radius + 1, dtype=np.float32)
    inside = (around >= 0.0) & (around <= _float(n_in) - 1.0)
    if method == "bicubic":
        offset = tf.cast(tf.round((centre - lower) * _TABLE_SIZE), tf.int32)
        weights = tf.gather(_cubic_table(), offset)
    else:
        weights = _kernel(method, tf.abs(around - centre[:, tf.newaxis]))
    indices = tf.cast(tf.clip_by_value(around, 0.0, _float(n_in) - 1.0), tf.int32)
    return Taps(indices, _normal(tf.where(inside, weights, 0.0)))


def free_weights(n_in: Any, n_out: Any, method: str) -> Any:
    """The weights with antialiasing, ``(n_out, n_in)``, where a size is known only at run time.

    ``ComputeSpansCore`` in tensorflow/core/kernels/image/scale_and_translate_op.cc; for "area"
    ``resize_area_op.cc``.
    """
    scale = _ratio(n_in, n_out)
    inputs = _range(n_in)[tf.newaxis, :]
    if method == "area":
        start = (_range(n_out) * scale)[:, tf.newaxis]
        end = tf.minimum(inputs + 1.0, start + scale)
        return tf.nn.relu(end - tf.maximum(inputs, start)) / scale
    distance = tf.abs(inputs - _centres(n_in, n_out)[:, tf.newaxis])
    return _normal(_kernel(method, distance / tf.maximum(scale, 1.0)))


def _centres(n_in: Any, n_out: Any) -> Any:
    return (_range(n_out) + 0.5) * _ratio(n_in, n_out) - 0.5


def _ratio(n_in: Any, n_out: Any) -> Any:
    """Both converters multiply by the reciprocal of a divisor that they know, with other bits.

    So it is made one that they do not: with the least of 0 and a length, which is 0.
    """
    if isinstance(n_in, int) and isinstance(n_out, int):
        return np.float32(n_in) / np.float32(n_out)
    hidden = n_out + tf.minimum(n_in, 0) if isinstance(n_out, int) else n_out
    return _float(n_in) / _float(hidden)


def _kernel(method: str, distance: Any) -> Any:
    """tensorflow/core/kernels/image/sampling_kernels.h, of distances from 0 in input pixels."""
    match method:
        case "bilinear":
            return tf.nn.relu(1.0 - distance)
        case "bicubic":
            inner = ((1.5 * distance - 2.5) * distance) * distance + 1.0
            outer = ((-0.5 * distance + 2.5) * distance - 4.0) * distance + 2.0
            beyond = tf.where(distance >= 2.0, 0.0, outer)
            return tf.where(distance >= 1.0, beyond, inner)
        case _:
            return _lanczos(float(_RADIUS[method]), distance)


def _lanczos(radius: float, distance: Any) -> Any:
    angle = math.pi * tf.maximum(distance, 1e-3)
    waves = radius * tf.sin(angle) * tf.sin(angle / radius) / (angle * angle)
    return tf.where(distance <= 1e-3, 1.0, tf.where(distance > radius, 0.0, waves))


def _cubic_table() -> NDArray[np.float32]:
    """Four weights by the place between two inputs, ``InitCoeffsTable`` with its a of -0.5."""
    x = np.arange(_TABLE_SIZE + 1) / _TABLE_SIZE
    near = ((1.5 * x - 2.5) * x) * x + 1.0
    beyond = x + 1.0
    far = ((-0.5 * beyond + 2.5) * beyond - 4.0) * beyond + 2.0
    return np.stack([far, near, near[::-1], far[::-1]], axis=1).astype(np.float32)


def _normal(weights: Any) -> Any:
    total = tf.reduce_sum(weights, axis=1, keepdims=True)
    kept = tf.abs(total) >= _LEAST_SUM
    return tf.where(kept, weights / tf.where(kept, total, 1.0), weights)


def _along(values: Any, axis: int) -> Any:
    shape = [1, 1, 1, 1]
    shape[axis] = -1
    return tf.reshape(values, shape)


def _float(size: Any) -> Any:
    return np.float32(size) if isinstance(size, int) else tf.cast(size, tf.float32)


def _range(size: Any) -> Any:
    if isinstance(size, int):
        return np.arange(size, dtype=np.float32)
    return tf.cast(tf.range(size), tf.float32)
