# pyright: basic
"""Steps on numbers as TensorFlow does them: filled, clipped, scaled, cast, joined, laid out, indexed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.fusing.refusal import NotInGraphError
from edgesmith.fusing.shapes import as_float, lengths
from edgesmith.quiet import quiet_start
from edgesmith_runtime.transforms.axes import FREE

with quiet_start():
    import tensorflow as tf

if TYPE_CHECKING:
    from edgesmith_runtime.transforms.axes import Reshape, Transpose
    from edgesmith_runtime.transforms.indices import OneHotIndices, Weigh
    from edgesmith_runtime.transforms.numeric import Cast, Clip, Concat, Fill, Scale

__all__ = [
    "cast",
    "clip",
    "concat",
    "fill",
    "one_hot_indices",
    "reshape",
    "scale",
    "transpose",
    "weigh",
]

_MAX_AXES = 6  # that LiteRT's kernel transposes, the batch among them


def fill(op: Fill, numbers: tf.Tensor) -> tf.Tensor:
    """``fill``, where it leaves nothing missing."""
    if None in op.values:
        raise NotInGraphError("it leaves columns with missing numbers, which no artifact takes")
    values: Any = tf.constant([value or 0.0 for value in op.values], tf.float32)
    given = as_float(numbers)
    return tf.where(tf.math.is_nan(given), tf.broadcast_to(values, tf.shape(given)), given)


def clip(op: Clip, numbers: tf.Tensor) -> tf.Tensor:
    """``clip``; no bound is an infinite one."""
    low = _bounds(op.low, -math.inf)
    high = _bounds(op.high, math.inf)
    return tf.minimum(tf.maximum(as_float(numbers), low), high)


def _bounds(bounds: tuple[float | None, ...], absent: float) -> tf.Tensor:
    given = [absent if bound is None else bound for bound in bounds]
    largest = float(
        np.finfo(np.float32).max
    )  # LiteRT's kernels of min and max take no infinity
    return tf.constant(np.clip(given, -largest, largest), tf.float32)


def scale(op: Scale, numbers: tf.Tensor) -> tf.Tensor:
    """``scale`` in float32."""
    offset, divisor = (tf.constant(values, tf.float32) for values in (op.offset, op.scale))
    return (as_float(numbers) - offset) / divisor


def cast(op: Cast, numbers: tf.Tensor) -> tf.Tensor:
    """``cast``; what is wider than float32 stays float32."""
    return tf.cast(numbers, _held(op.dtype))


def concat(op: Concat, *numbers: tf.Tensor) -> tf.Tensor:
    """``concat`` on the last axis."""
    return tf.concat([tf.cast(one, _held(op.dtype)) for one in numbers], axis=-1)


def reshape(op: Reshape, samples: tf.Tensor) -> tf.Tensor:
    """``reshape``, of samples of a known size or with one length that follows from theirs."""
    n_samples, *given = lengths(samples)
    if all(isinstance(length, int) for length in given):
        shape = op.of_size(math.prod(given))
        if shape is not None:
            return tf.reshape(samples, [-1, *shape])
    if FREE not in op.shape:
        # Converters take the batch for -1: of a larger sample two would be made, and no error.
        raise NotInGraphError("it takes samples of one size, and the graph those of any size")
    return tf.reshape(samples, tf.stack([n_samples, *op.shape]))


def transpose(op: Transpose, samples: tf.Tensor) -> tf.Tensor:
    """``transpose`` behind the batch."""
    if len(op.axes) >= _MAX_AXES:
        raise NotInGraphError(f"a graph transposes at most {_MAX_AXES - 1} axes of a sample")
    return tf.transpose(samples, [0, *(axis + 1 for axis in op.axes)])


def one_hot_indices(op: OneHotIndices, indices: tf.Tensor) -> tf.Tensor:
    """``one_hot_indices`` by comparison with every index."""
    given = tf.cast(tf.squeeze(indices, -1) if op.squeeze else indices, tf.int32)
    hot = tf.equal(tf.expand_dims(given, -1), tf.range(op.depth, dtype=tf.int32))
    return tf.cast(hot, _held(op.dtype))


def weigh(op: Weigh, numbers: tf.Tensor) -> tf.Tensor:
    """``weigh`` in float32."""
    return as_float(numbers) * tf.constant(op.weights, tf.float32)


def _held(dtype: str) -> Any:
    return tf.float32 if dtype == "float64" else tf.as_dtype(dtype)
