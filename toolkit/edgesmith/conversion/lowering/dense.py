# pyright: basic
"""Dense layers on more than two axes."""

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


LOWERINGS = (
    Lowering(
        replaces="keras.src.backend.tensorflow.numpy:matmul",
        targets=(Format.ONNX, Format.TFLITE),
        what="Dense on sequences and images",
        why="Converts to ten nodes that compute shapes around one product.",
        by=_matmul,
    ),
)
