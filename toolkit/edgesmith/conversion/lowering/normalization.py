# pyright: basic
"""Normalization as one node."""

from __future__ import annotations

from typing import Any

from edgesmith.conversion.carrier import onnx_node
from edgesmith.conversion.lowering.lowering import Lowering
from edgesmith.quiet import quiet_start
from edgesmith_runtime.spec import Format

with quiet_start():
    import keras
    import tensorflow as tf

__all__ = ["LOWERINGS"]


def _layer_normalization(
    x: Any,
    gamma: Any = None,
    beta: Any = None,
    axis: Any = -1,
    epsilon: float | None = None,
    rms_scaling: Any = None,
) -> Any:
    given = tf.convert_to_tensor(x)
    axes = {a % given.shape.rank for a in ([axis] if isinstance(axis, int) else axis)}
    if axes != {given.shape.rank - 1} or rms_scaling or given.dtype != tf.float32:
        return NotImplemented
    n_channels = given.shape[-1]
    scale = tf.ones([n_channels]) if gamma is None else tf.convert_to_tensor(gamma)
    offset = tf.zeros([n_channels]) if beta is None else tf.convert_to_tensor(beta)
    (result,) = onnx_node(
        "LayerNormalization",  # of opset 17; written in other nodes before
        [given, scale, offset],
        attributes={
            "axis": -1,
            "epsilon": keras.config.epsilon() if epsilon is None else epsilon,
        },
        outputs=[tf.TensorSpec(given.shape, given.dtype)],
    )
    return result


LOWERINGS = (
    Lowering(
        replaces="keras.src.ops.nn:_layer_normalization",
        targets=(Format.ONNX,),
        what="LayerNormalization over the last axis",
        why="Converts to thirteen nodes, which onnxruntime does not fuse, where there is one.",
        by=_layer_normalization,
    ),
)
