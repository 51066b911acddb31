# pyright: basic
"""Dense layers on more than two axes, and those that Keras quantized."""

from __future__ import annotations

from typing import Any

from edgesmith.conversion.lowering.lowering import Lowering
from edgesmith.quiet import quiet_start
from edgesmith_runtime.spec import Format

with quiet_start():
    import tensorflow as tf

__all__ = ["LOWERINGS"]


def _matmul(x1: Any, x2: Any) -> Any:
    given, weight = tf.convert_to_tensor(x1), tf.convert_to_tensor(x2)
    plain = given.dtype == weight.dtype and given.dtype.is_floating
    if given.shape.rank is None or given.shape.rank < 3 or weight.shape.rank != 2 or not plain:
        return NotImplemented
    return tf.linalg.matmul(given, weight)


def _int8_matmul(x1: Any, x2: Any) -> Any:
    """Of a layer quantized by Keras, too. Sums up to 2^24 are exact in float32."""
    first, second = tf.convert_to_tensor(x1), tf.convert_to_tensor(x2)
    if first.dtype != tf.int8 or second.dtype != tf.int8:
        return _matmul(first, second)
    product = tf.linalg.matmul(tf.cast(first, tf.float32), tf.cast(second, tf.float32))
    return tf.cast(product, tf.int32)


_WHY = "Converts to ten nodes that compute shapes around one product."

LOWERINGS = (
    Lowering(
        replaces="keras.src.backend.tensorflow.numpy:matmul",
        targets=(Format.ONNX,),
        what="Dense on sequences and images",
        why=_WHY,
        by=_matmul,
    ),
    Lowering(
        replaces="keras.src.backend.tensorflow.numpy:matmul",
        targets=(Format.TFLITE,),
        what="Dense on sequences and images; products of 8-bit numbers",
        why=f"{_WHY} Of 8-bit numbers refused: the operator gives no 32-bit ones.",
        by=_int8_matmul,
    ),
)
