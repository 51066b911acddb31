# pyright: basic
"""Numbers as 8 bits would hold them, with a gradient that passes through the rounding.

The straight-through estimator of Bengio et al. 2013, arXiv:1308.3432; scales and zero points as
in Jacob et al. 2018, arXiv:1712.05877, section 3.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

__all__ = ["Range", "rounded_weights"]

WEIGHT_STEPS = 127  # -127 to 127: symmetric, and -128 is left out by both formats
VALUE_STEPS = 255  # 0 to 255
# Jacob et al. 2018, section 3.1, ask for "close to 1", so that a range spans many updates.
MOMENTUM = 0.99
TINY = 1e-12  # a scale of 0 would divide by it


def rounded_weights(weights: Any, own_scale: tuple[int, ...]) -> Any:
    """Weights on the int8 grid of their scale; the gradient is that of the weights.

    Args:
        weights: Any shape.
        own_scale: The axes, counted from the end, along which each position has its scale;
            none: one scale for all.
    """
    rank = len(weights.shape)
    shared = tuple(axis for axis in range(rank) if axis - rank not in own_scale)
    largest = tf.reduce_max(tf.abs(weights), axis=shared, keepdims=True)
    scale = tf.maximum(largest / WEIGHT_STEPS, TINY)
    return weights + tf.stop_gradient(tf.round(weights / scale) * scale - weights)


class Range:
    """The extremes of one tensor of the deployed model, 0 always between them."""

    def __init__(self) -> None:
        self.low = keras.Variable(0.0, dtype="float32", trainable=False, name="low")
        self.high = keras.Variable(0.0, dtype="float32", trainable=False, name="high")

    def widen(self, tensor: Any) -> None:
        """Take in all of a tensor."""
        low, high = _extremes(tensor)
        self.low.assign(tf.minimum(self.low.value, low))
        self.high.assign(tf.maximum(self.high.value, high))

    def follow(self, tensor: Any) -> None:
        """Move a little towards the extremes of a tensor."""
        for end, extreme in zip((self.low, self.high), _extremes(tensor), strict=True):
            end.assign(end.value + (1 - MOMENTUM) * (extreme - end.value))

    def rounded(self, tensor: Any) -> Any:
        """A tensor on the uint8 grid of the range; the gradient is 0 where it was cut off."""
        low = self.low.value
        scale = tf.maximum((self.high.value - low) / VALUE_STEPS, TINY)
        zero_point = tf.round(-low / scale)
        lowest, highest = -zero_point * scale, (VALUE_STEPS - zero_point) * scale
        cut = tf.clip_by_value(tf.cast(tensor, tf.float32), lowest, highest)
        grid = tf.round(cut / scale) * scale
        result = tf.cast(cut + tf.stop_gradient(grid - cut), tensor.dtype)
        mask = getattr(tensor, "_keras_mask", None)
        if mask is not None:
            result._keras_mask = mask  # noqa: SLF001 - as Keras hands it from layer to layer
        return result


def _extremes(tensor: Any) -> tuple[Any, Any]:
    exact = tf.cast(tensor, tf.float32)
    return tf.minimum(tf.reduce_min(exact), 0.0), tf.maximum(tf.reduce_max(exact), 0.0)
