# pyright: basic
"""Values that change places: rolls, diagonals, running products."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgesmith.conversion.lowering.lowering import Lowering
from edgesmith.quiet import quiet_start
from edgesmith_runtime.spec import Format

with quiet_start():
    import tensorflow as tf

__all__ = ["LOWERINGS"]


def _size(x: Any, axis: int) -> Any:
    return tf.shape(x)[axis] if x.shape[axis] is None else x.shape[axis]


def _roll(input: Any, shift: Any, axis: Any, name: str | None = None) -> Any:
    given: Any = tf.convert_to_tensor(input)
    shifts, axes = (tf.get_static_value(tf.convert_to_tensor(v)) for v in (shift, axis))
    if shifts is None or axes is None or given.shape.rank is None:
        return NotImplemented
    with tf.name_scope(name or "roll"):
        for one, at in np.broadcast(shifts, axes):
            given = _rolled(given, int(one), int(at) % given.shape.rank)
        return given


def _rolled(x: Any, shift: int, axis: int) -> Any:
    """The end, put before the beginning."""
    n = _size(x, axis)
    start = (-shift) % n
    if isinstance(start, int) and start == 0:
        return x
    before = [slice(None)] * axis
    rolled = tf.concat([x[(*before, slice(start, None))], x[(*before, slice(0, start))]], axis)
    return tf.ensure_shape(rolled, x.shape)


def _cumprod(
    x: Any,
    axis: int = 0,
    exclusive: Any = None,
    reverse: Any = None,
    name: str | None = None,
) -> Any:
    """By doubling: after step k each value is the product of the last 2^k."""
    given: Any = tf.convert_to_tensor(x)
    at = axis % given.shape.rank
    n = given.shape[at]
    if n is None:
        return NotImplemented
    with tf.name_scope(name or "cumprod"):
        if exclusive:
            given = _delayed(given, 1, at, bool(reverse))
        for step in range(max(n - 1, 0).bit_length()):
            given = given * _delayed(given, 2**step, at, bool(reverse))
        return given


def _delayed(x: Any, steps: int, axis: int, reverse: Any) -> Any:
    """What was ``steps`` before, ones at first; ``reverse`` goes from the end."""
    n, before = x.shape[axis], [slice(None)] * axis
    kept = slice(steps, None) if reverse else slice(0, n - steps)
    paddings = [[0, 0]] * x.shape.rank
    paddings[axis] = [0, steps] if reverse else [steps, 0]
    return tf.pad(x[(*before, kept)], paddings, constant_values=tf.ones([], x.dtype))


def _diag_part(
    input: Any,
    k: Any,
    padding_value: Any,
    align: str = "RIGHT_LEFT",
    name: str | None = None,
) -> Any:
    """One diagonal of matrices of known size."""
    given: Any = tf.convert_to_tensor(input)
    rows, columns = given.shape[-2:]
    offset = tf.get_static_value(tf.convert_to_tensor(k))
    if rows is None or columns is None or np.ndim(offset) or offset is None:
        return NotImplemented
    first_row, first_column = max(-int(offset), 0), max(int(offset), 0)
    n = max(min(rows - first_row, columns - first_column), 0)
    places = (first_row + np.arange(n)) * columns + first_column + np.arange(n)
    del padding_value, align  # where several diagonals are asked for
    with tf.name_scope(name or "diag_part"):
        lead = [_size(given, axis) for axis in range(given.shape.rank - 2)]
        flat = tf.reshape(given, [*lead, rows * columns])
        return tf.gather(flat, places.astype(np.int32), axis=-1)


def _diag(
    diagonal: Any,
    k: Any,
    num_rows: Any,
    num_cols: Any,
    padding_value: Any,
    align: str = "RIGHT_LEFT",
    name: str | None = None,
) -> Any:
    """Square matrices with one diagonal each, zero elsewhere."""
    given: Any = tf.convert_to_tensor(diagonal)
    offset, *others = (
        tf.get_static_value(tf.convert_to_tensor(v))
        for v in (k, num_rows, num_cols, padding_value)
    )
    if offset is None or np.ndim(offset) or others != [-1, -1, 0]:
        return NotImplemented
    del align  # where several diagonals are given
    with tf.name_scope(name or "diag"):
        offset = int(offset)
        ends = [[0, 0]] * (given.shape.rank - 1) + [[0, abs(offset)]]
        # An upper diagonal starts with the first row, a lower one with the first column.
        lines = tf.expand_dims(tf.pad(given, ends), -1 if offset >= 0 else -2)
        places = tf.range(_size(given, -1) + abs(offset))
        on = tf.equal(tf.expand_dims(places, 0) - tf.expand_dims(places, 1), offset)
        return tf.where(on, lines, tf.zeros([], given.dtype))


def _slice_update(inputs: Any, start_indices: Any, updates: Any) -> Any:
    """The update, padded to the whole, where a mask says so."""
    given, update = tf.convert_to_tensor(inputs), tf.convert_to_tensor(updates)
    room = tf.shape(given) - tf.shape(update)
    # Keras' own moves an update back that would reach beyond the end.
    starts = tf.clip_by_value(tf.cast(tf.stack(start_indices), tf.int32), 0, room)
    ends = tf.stack([starts, room - starts], axis=1)
    inside = tf.pad(tf.ones_like(update, tf.int32), ends)
    return tf.where(inside > 0, tf.pad(tf.cast(update, given.dtype), ends), given)


def _segment_sum(
    data: Any,
    segment_ids: Any,
    num_segments: Any = None,
    sorted: Any = None,
) -> Any:
    """Of segments that are not constant, such as each sample's own."""
    given, ids = tf.convert_to_tensor(data), tf.convert_to_tensor(segment_ids)
    if sorted or not isinstance(num_segments, int) or tf.get_static_value(ids) is not None:
        return NotImplemented
    hits = tf.equal(tf.expand_dims(tf.range(num_segments, dtype=ids.dtype), 1), ids)
    hits = tf.reshape(hits, [num_segments, -1, *[1] * (given.shape.rank - 1)])
    return tf.reduce_sum(tf.where(hits, given, tf.zeros([], given.dtype)), axis=1)


LOWERINGS = (
    Lowering(
        replaces="keras.src.backend.tensorflow.core:slice_update",
        targets=(Format.ONNX,),
        what="slice_update",
        why="Refused: the operator does not exist there.",
        by=_slice_update,
    ),
    Lowering(
        replaces="keras.src.backend.tensorflow.math:segment_sum",
        targets=(Format.ONNX,),
        what="segment_sum of segments that the model is given",
        why="Refused where each sample has its own.",
        by=_segment_sum,
    ),
    Lowering(
        replaces="tensorflow.python.ops.manip_ops:roll",
        targets=(Format.TFLITE,),
        what="roll",
        why="Refused: the operator does not exist there.",
        by=_roll,
    ),
    Lowering(
        replaces="tensorflow.python.ops.math_ops:cumprod",
        targets=(Format.ONNX, Format.TFLITE),
        what="cumprod along an axis of known length",
        why="Refused by TFLite; ONNX gets a loop.",
        by=_cumprod,
    ),
    Lowering(
        replaces="tensorflow.python.ops.gen_array_ops:matrix_diag_part_v3",
        targets=(Format.TFLITE,),
        what="the diagonal of matrices of known size",
        why="Refused: the operator does not exist there.",
        by=_diag_part,
    ),
    Lowering(
        replaces="tensorflow.python.ops.gen_array_ops:matrix_diag_v3",
        targets=(Format.ONNX, Format.TFLITE),
        what="matrices with a given diagonal",
        why="Refused by TFLite; ONNX loses the batch axis.",
        by=_diag,
    ),
)
