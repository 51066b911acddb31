# pyright: basic
"""Means in float32 that lose nothing to a large offset: of the distances from a first value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgesmith.quiet import quiet_start

with quiet_start():
    import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["centred", "mean_over"]


def centred(values: tf.Tensor, axes: Sequence[int]) -> tf.Tensor:
    """Distances from the mean along some axes; 0 where all are equal.

    The first value is subtracted before the mean is taken: floats of one magnitude have an exact
    difference (Sterbenz, Floating-point computation, 1974), and their mean is as small as they vary.
    """
    distances = values - _first(values, axes)
    return distances - tf.reduce_mean(distances, axes, keepdims=True)


def mean_over(values: tf.Tensor, axes: Sequence[int]) -> tf.Tensor:
    """The mean along some axes, each of length 1 in the result; equal values have it exactly."""
    first = _first(values, axes)
    return first + tf.reduce_mean(values - first, axes, keepdims=True)


def _first(values: tf.Tensor, axes: Sequence[int]) -> tf.Tensor:
    return values[
        tuple(slice(0, 1) if axis in axes else slice(None) for axis in range(values.shape.rank))
    ]
