# pyright: basic
"""Embeddings and ``take``: rows by their index."""

from __future__ import annotations

from typing import Any

from edgesmith.conversion.lowering.lowering import Lowering
from edgesmith.quiet import quiet_start
from edgesmith_runtime.spec import Format

with quiet_start():
    import tensorflow as tf

__all__ = ["LOWERINGS"]


def _take(x: Any, indices: Any, axis: int | None = None) -> Any:
    """One Gather: an index below zero counts from the end in ONNX by itself."""
    plain = not isinstance(indices, tf.SparseTensor | tf.RaggedTensor)
    if axis is None or not plain or tf.get_static_value(indices) is not None:
        return NotImplemented
    return tf.gather(tf.convert_to_tensor(x), tf.convert_to_tensor(indices), axis=axis)


LOWERINGS = (
    Lowering(
        replaces="keras.src.backend.tensorflow.numpy:take",
        targets=(Format.ONNX,),
        what="Embedding, take",
        why="Eight nodes before the Gather turn negative indices round, which Gather does itself.",
        by=_take,
    ),
)
