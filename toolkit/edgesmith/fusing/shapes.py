# pyright: basic
"""Lengths of a traced tensor's axes, whole numbers where they are known."""

from __future__ import annotations

from typing import Any

from edgesmith.quiet import quiet_start

with quiet_start():
    import tensorflow as tf

__all__ = ["along", "as_float", "lengths", "put_back"]

_FLOATS = (tf.float16, tf.float32)


def as_float(tensor: tf.Tensor) -> tf.Tensor:
    """The same in float32, in which an artifact computes."""
    return tf.cast(tensor, tf.float32)


def lengths(tensor: tf.Tensor) -> list[Any]:
    """Of each axis: a whole number where it is known, else a scalar tensor, int32."""
    found = tf.shape(tensor)
    return [known or found[axis] for axis, known in enumerate(tensor.shape.as_list())]


def along(tensor: tf.Tensor, axis: int) -> tuple[tf.Tensor, list[int]]:
    """The tensor with one axis last, and the order of axes that puts it back."""
    rank = tensor.shape.rank
    order = [other for other in range(rank) if other != axis] + [axis]
    if order == list(range(rank)):
        return tensor, order
    return tf.transpose(tensor, order), [order.index(place) for place in range(rank)]


def put_back(tensor: tf.Tensor, order: list[int]) -> tf.Tensor:
    """What ``along`` turned, in its own order of axes."""
    return tensor if order == sorted(order) else tf.transpose(tensor, order)
