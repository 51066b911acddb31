# pyright: basic
"""Filters against noise: convolutions over a repeated edge, and recursions as matrices."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.fusing.refusal import NotInGraphError
from edgesmith.fusing.shapes import along, as_float, lengths, put_back
from edgesmith.quiet import quiet_start

with quiet_start():
    import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgesmith_runtime.transforms.butterworth import Butterworth
    from edgesmith_runtime.transforms.filters import (
        GaussianFilter,
        MovingAverage,
        SavitzkyGolay,
    )

__all__ = ["butterworth", "gaussian_filter", "moving_average", "savitzky_golay"]


_MAX_POINTS = 1024  # the matrix has the square of that


def moving_average(op: MovingAverage, samples: tf.Tensor) -> tf.Tensor:
    """``moving_average`` along its axes."""
    return _smoothed(samples, op.axes, (1.0 / op.size,) * op.size, causal=op.causal)


def gaussian_filter(op: GaussianFilter, samples: tf.Tensor) -> tf.Tensor:
    """``gaussian_filter`` along its axes."""
    return _smoothed(samples, op.axes, op.weights, causal=False)


def savitzky_golay(op: SavitzkyGolay, samples: tf.Tensor) -> tf.Tensor:
    """``savitzky_golay`` along its axis."""
    return _smoothed(samples, (op.axis,), op.weights, causal=op.causal)


def butterworth(op: Butterworth, series: tf.Tensor) -> tf.Tensor:
    """``butterworth`` of series of a known length: linear, so one matrix of its answers to 1s."""
    rows, order = along(as_float(series), op.axis + 1)
    n_points = rows.shape[-1]
    if n_points is None or n_points > _MAX_POINTS:
        raise NotInGraphError(
            f"its recursion needs a known number of points, at most {_MAX_POINTS}"
        )
    answers = replace(op, axis=0)(np.eye(n_points))
    return put_back(tf.matmul(rows, tf.constant(answers, tf.float32)), order)


def _smoothed(
    samples: tf.Tensor, axes: tuple[int, ...], weights: Sequence[float], *, causal: bool
) -> tf.Tensor:
    given = as_float(samples)
    for axis in axes:
        given = _weighted(given, axis + 1, weights, causal=causal)
    return given


def _weighted(
    samples: tf.Tensor, axis: int, weights: Sequence[float], *, causal: bool
) -> tf.Tensor:
    rows, order = along(samples, axis)
    *others, n_points = lengths(rows)
    n_before = len(weights) - 1 if causal else len(weights) // 2
    places = tf.range(n_points + len(weights) - 1) - n_before
    padded = tf.gather(rows, tf.clip_by_value(places, 0, n_points - 1), axis=-1)
    flat = tf.reshape(padded, tf.stack([-1, n_points + len(weights) - 1, 1]))
    kernel: Any = tf.constant(np.reshape(weights, (-1, 1, 1)), tf.float32)
    smooth = tf.nn.conv1d(flat, kernel, stride=1, padding="VALID")
    return put_back(tf.reshape(smooth, tf.stack([*others, n_points])), order)
