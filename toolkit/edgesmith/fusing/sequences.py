# pyright: basic
"""Steps on series: brought to one length, standardized by their own numbers, summed up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.fusing.averages import centred, mean_over
from edgesmith.fusing.refusal import NotInGraphError
from edgesmith.fusing.shapes import as_float, lengths
from edgesmith.quiet import quiet_start

with quiet_start():
    import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.transforms.lengths import FitLengthSeries, ResampleSeries
    from edgesmith_runtime.transforms.sample_scaling import StandardizeSample
    from edgesmith_runtime.transforms.statistics import Statistics

__all__ = ["fit_length_series", "resample_series", "standardize_sample", "statistics"]

_MAX_LENGTH = 1 << 15  # places are computed in whole numbers of 32 bits


def fit_length_series(op: FitLengthSeries, series: tf.Tensor) -> tf.Tensor:
    """``fit_length_series`` by places; those after the end hold the last point, or 0."""
    given = as_float(series)
    _, n_points, *others = lengths(given)
    first = tf.maximum(n_points - op.length, 0) if op.keep == "end" else 0
    places = np.arange(op.length, dtype=np.int32) + first
    fitted = tf.gather(given, tf.minimum(places, n_points - 1), axis=1)
    if op.pad == "zero":
        is_there = tf.reshape(as_float(places < n_points), [op.length] + [1] * len(others))
        fitted *= is_there
    return tf.reshape(fitted, tf.stack([-1, op.length, *others]))


def resample_series(op: ResampleSeries, series: tf.Tensor) -> tf.Tensor:
    """``resample_series``; the place between two points is computed in whole numbers."""
    if op.length > _MAX_LENGTH:
        raise NotInGraphError(f"a graph resamples to at most {_MAX_LENGTH} points")
    given = as_float(series)
    _, n_points, *others = lengths(given)
    intervals = max(op.length - 1, 1)
    numerators = tf.constant(np.arange(op.length, dtype=np.int32)) * (n_points - 1)
    before = tf.minimum(tf.math.floordiv(numerators, intervals), tf.maximum(n_points - 2, 0))
    after = tf.minimum(before + 1, n_points - 1)
    share = as_float(numerators - before * intervals) / np.float32(intervals)
    share = tf.reshape(share, [op.length] + [1] * len(others))
    first = tf.gather(given, before, axis=1)
    resampled = first + (tf.gather(given, after, axis=1) - first) * share
    return tf.reshape(resampled, tf.stack([-1, op.length, *others]))


def standardize_sample(op: StandardizeSample, samples: tf.Tensor) -> tf.Tensor:
    """``standardize_sample``; what does not vary becomes 0."""
    given = as_float(samples)
    axes = [axis + 1 for axis in op.axes]
    low = tf.reduce_min(given, axes, keepdims=True)
    high = tf.reduce_max(given, axes, keepdims=True)
    if op.method == "peak":
        distances, scale = given, tf.maximum(-low, high)
    elif op.method == "minmax":
        distances, scale = given - low, high - low
    else:
        distances = centred(given, axes)
        scale = tf.sqrt(tf.reduce_mean(tf.square(distances), axes, keepdims=True))
    is_flat = tf.equal(scale, 0.0)
    divisor = tf.where(is_flat, tf.ones_like(scale), scale)
    return distances / divisor * (1.0 - as_float(is_flat))


def statistics(op: Statistics, series: tf.Tensor) -> tf.Tensor:
    """``statistics`` of ``(batch, time, channels)`` in float32."""
    given = as_float(series)
    return tf.concat([_STATISTICS[name](given) for name in op.names], axis=-1)


def _std(series: tf.Tensor) -> tf.Tensor:
    return tf.sqrt(tf.reduce_mean(tf.square(centred(series, [1])), axis=1))


def _median(series: tf.Tensor) -> tf.Tensor:
    n_points = series.shape[1]
    if n_points is None:
        raise NotInGraphError("a median needs a known number of points")
    upper = n_points // 2 + 1
    largest = tf.math.top_k(tf.transpose(series, [0, 2, 1]), k=upper).values
    if n_points % 2:
        return largest[..., -1]
    return (largest[..., -1] + largest[..., -2]) * 0.5


def _median_absolute_deviation(series: tf.Tensor) -> tf.Tensor:
    distances = series - series[:, :1]  # a median of few digits is exact, whatever the offset
    return _median(tf.abs(distances - _median(distances)[:, None]))


def _standard_moment(series: tf.Tensor, power: int, normal: float) -> tf.Tensor:
    is_flat = tf.equal(tf.reduce_min(series, axis=1), tf.reduce_max(series, axis=1))
    distances = centred(series, [1])
    variance = tf.reduce_mean(tf.square(distances), axis=1)
    deviation = tf.sqrt(tf.where(is_flat, tf.ones_like(variance), variance))
    shares = distances / deviation[:, None]
    moment: Any = shares * shares * shares if power == 3 else tf.square(tf.square(shares))
    return (tf.reduce_mean(moment, axis=1) - normal) * (1.0 - as_float(is_flat))


_STATISTICS: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {
    "mean": lambda series: tf.squeeze(mean_over(series, [1]), 1),
    "std": _std,
    "min": lambda series: tf.reduce_min(series, axis=1),
    "max": lambda series: tf.reduce_max(series, axis=1),
    "median": _median,
    "median_absolute_deviation": _median_absolute_deviation,
    "rms": lambda series: tf.sqrt(tf.reduce_mean(tf.square(series), axis=1)),
    "skewness": lambda series: _standard_moment(series, 3, 0.0),
    "kurtosis": lambda series: _standard_moment(series, 4, 3.0),
}
