# pyright: basic
"""A bias by channel, where channels come first."""

from __future__ import annotations

from typing import Any

from edgesmith.conversion.lowering.lowering import Lowering
from edgesmith.quiet import quiet_start
from edgesmith_runtime.spec import Format

with quiet_start():
    import tensorflow as tf

__all__ = ["LOWERINGS"]


def _bias_add(
    value: Any, bias: Any, data_format: str | None = None, name: str | None = None
) -> Any:
    if not (data_format or "").startswith("NC"):
        return NotImplemented
    shape = (-1, *[1] * (len(value.shape) - 2))
    return tf.add(value, tf.reshape(bias, shape), name=name)


LOWERINGS: tuple[Lowering, ...] = (
    Lowering(
        replaces="tensorflow.python.ops.nn_ops:bias_add",
        targets=(Format.TFLITE,),
        what="bias with channels first",
        why="Refused, but for images.",
        by=_bias_add,
    ),
)
