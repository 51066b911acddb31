# pyright: basic
"""Logarithms and power transforms of columns, in float32."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgesmith.fusing.shapes import as_float
from edgesmith.quiet import quiet_start

with quiet_start():
    import tensorflow as tf

if TYPE_CHECKING:
    from edgesmith_runtime.transforms.powers import BoxCox, Log1p, YeoJohnson

__all__ = ["box_cox", "log1p", "yeo_johnson"]


def log1p(op: Log1p, numbers: tf.Tensor) -> tf.Tensor:
    """``log1p`` on both sides of 0."""
    given = as_float(numbers)
    changed = tf.sign(given) * tf.math.log1p(tf.abs(given))
    return _among(np.array(op.among), changed, given)


def yeo_johnson(op: YeoJohnson, numbers: tf.Tensor) -> tf.Tensor:
    """``yeo_johnson`` by place."""
    given = as_float(numbers)
    powers = _powers(op.powers)
    logs = tf.math.log1p(tf.abs(given))
    above = _power_of_log(logs, powers)
    below = _power_of_log(logs, 2.0 - powers)
    changed = tf.where(given < 0.0, -below, above)
    return _among(_known(op.powers), changed, given)


def box_cox(op: BoxCox, numbers: tf.Tensor) -> tf.Tensor:
    """``box_cox`` by place; what is not above 0 gives NaN."""
    given = as_float(numbers)
    known = _known(op.powers)
    logs = tf.math.log(_among(known, given, tf.ones_like(given)))
    return _among(known, _power_of_log(logs, _powers(op.powers)), given)


def _known(powers: tuple[float | None, ...]) -> np.ndarray:
    return np.array([power is not None for power in powers])


def _powers(powers: tuple[float | None, ...]) -> np.ndarray:
    return np.array([1.0 if power is None else power for power in powers])


def _among(places: np.ndarray, changed: tf.Tensor, given: tf.Tensor) -> tf.Tensor:
    """What is changed where it shall be: the choice is known, so it is a choice of columns."""
    if places.all():
        return changed
    chosen = tf.broadcast_to(tf.constant(places), tf.shape(given))
    return tf.where(chosen, changed, given)


def _power_of_log(logs: tf.Tensor, powers: np.ndarray) -> tf.Tensor:
    """``(exp(logs)^powers - 1) / powers``; ``logs`` where a power is 0."""
    divisors = np.where(powers == 0, 1.0, powers)
    raised = tf.math.expm1(tf.constant(powers, tf.float32) * logs) / np.float32(divisors)
    return _among(powers != 0, raised, logs)
