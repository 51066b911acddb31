# pyright: basic
"""Activations that are one node where the stock converters write several, or none."""

from __future__ import annotations

import math
from typing import Any

from edgesmith.conversion.carrier import onnx_node
from edgesmith.conversion.lowering.lowering import Lowering
from edgesmith.quiet import quiet_start
from edgesmith_runtime.spec import Format

with quiet_start():
    import tensorflow as tf

__all__ = ["LOWERINGS"]


def _node(op_type: str, *inputs: tf.Tensor, attributes: dict[str, float] | None = None) -> Any:
    """An ONNX node that keeps the shape and dtype of its first input."""
    (output,) = onnx_node(
        op_type,
        inputs,
        attributes=attributes or {},
        outputs=[tf.TensorSpec(inputs[0].shape, inputs[0].dtype)],
    )
    return output


def _gelu_onnx(features: Any, approximate: Any = None, name: str | None = None) -> Any:
    x = tf.convert_to_tensor(features)
    if approximate or x.dtype != tf.float32:
        return NotImplemented
    with tf.name_scope(name or "gelu"):
        # The nodes that onnxruntime 1.32 fuses to one Gelu.
        one_more = _node(
            "Add", _node("Erf", _node("Div", x, tf.constant(math.sqrt(2)))), tf.constant(1.0)
        )
        return _node("Mul", _node("Mul", x, one_more), tf.constant(0.5))


def _gelu_tflite(features: Any, approximate: Any = None, name: str | None = None) -> Any:
    x = tf.convert_to_tensor(features)
    if approximate or x.dtype != tf.float32:
        return NotImplemented
    with tf.name_scope(name or "gelu"):
        # What TensorFlow's converter 2.21 fuses to one GELU, unless half of x is used elsewhere too.
        return 0.5 * x * (1.0 + tf.raw_ops.Erf(x=x * tf.constant(math.sqrt(0.5))))


def _celu(x: Any, alpha: float = 1.0) -> Any:
    given = tf.convert_to_tensor(x)
    if given.dtype != tf.float32 or not isinstance(alpha, int | float):
        return NotImplemented
    return _node("Celu", given, attributes={"alpha": float(alpha)})


def _hard_sigmoid(x: Any) -> Any:
    given = tf.convert_to_tensor(x)
    if given.dtype != tf.float32:
        return NotImplemented
    return _node("HardSigmoid", given, attributes={"alpha": 1 / 6, "beta": 0.5})


LOWERINGS = (
    Lowering(
        replaces="tensorflow.python.ops.nn_ops:gelu",
        targets=(Format.ONNX,),
        what="exact GELU",
        why="Refused: it is made of erfc, which does not exist there.",
        by=_gelu_onnx,
    ),
    Lowering(
        replaces="tensorflow.python.ops.nn_ops:gelu",
        targets=(Format.TFLITE,),
        what="exact GELU",
        why="Converts to one operator, for which erf is kept; alone it does not exist there.",
        by=_gelu_tflite,
    ),
    Lowering(
        replaces="keras.src.backend.tensorflow.nn:celu",
        targets=(Format.ONNX,),
        what="CELU",
        why="Refused: it is made of expm1, which does not exist there.",
        by=_celu,
    ),
    Lowering(
        replaces="keras.src.backend.tensorflow.nn:hard_sigmoid",
        targets=(Format.ONNX,),
        what="hard sigmoid and hard SiLU",
        why="Converts to four nodes where one will do.",
        by=_hard_sigmoid,
    ),
)
