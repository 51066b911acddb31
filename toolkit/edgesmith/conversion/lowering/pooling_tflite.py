# pyright: basic
"""Pools of volumes for TFLite, which pools planes: over the plane, then over the depth."""

from __future__ import annotations

from functools import partial
from typing import Any

from edgesmith.conversion.lowering.lowering import Lowering
from edgesmith.conversion.lowering.pooling_calls import Pool
from edgesmith.conversion.lowering.windows import (
    call_of,
    crossed,
    lengths_of,
    to_first,
    to_last,
)
from edgesmith.quiet import quiet_start
from edgesmith_runtime.spec import Format

with quiet_start():
    import keras
    import tensorflow as tf

__all__ = ["LOWERINGS"]

_ops: Any = keras.ops  # declared to take whole numbers where they take sequences too


def _pool(name: str, call: Pool) -> Any:
    if call.rank < 3:
        return NotImplemented
    inputs = to_last(call.inputs) if call.is_first else call.inputs
    outputs = _pool_volume(getattr(_ops, name), inputs, call)
    return to_first(outputs) if call.is_first else outputs


def _pool_volume(pool: Any, inputs: Any, call: Pool) -> Any:
    """Exact for averages too: a volume's share that lies inside is that of plane times depth."""
    depth, *plane = call.windows
    _, n_planes, *size, channels = lengths_of(inputs)
    planes = pool(
        tf.reshape(inputs, crossed(-1, *size, channels)),
        [window.size for window in plane],
        [window.stride for window in plane],
        call.padding,
        "channels_last",
    )
    height, width = lengths_of(planes)[1:3]
    columns = pool(
        tf.reshape(planes, crossed(-1, n_planes, height * width, channels)),
        [depth.size, 1],
        [depth.stride, 1],
        call.padding,
        "channels_last",
    )
    n_planes = lengths_of(columns)[1]
    return tf.reshape(columns, crossed(-1, n_planes, height, width, channels))


LOWERINGS: tuple[Lowering, ...] = tuple(
    Lowering(
        replaces=f"keras.src.backend.tensorflow.nn:{name}",
        targets=(Format.TFLITE,),
        what=f"{name.replace('_', ' ')}ing in three dimensions",
        why="Refused: TFLite pools planes only.",
        by=call_of(Pool, partial(_pool, name)),
    )
    for name in ("max_pool", "average_pool")
)
