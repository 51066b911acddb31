# pyright: basic
"""Which value is largest, where one belongs in an order, and quantiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.conversion.lowering.lowering import Lowering
from edgesmith.quiet import quiet_start
from edgesmith_runtime.spec import Format

with quiet_start():
    import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LOWERINGS"]


def _placed(pick: Callable[..., Any], extreme: Callable[..., Any]) -> Callable[..., Any]:
    """As Keras' argmax and argmin, but that 0.0 and -0.0 are alike: they are told apart by bits."""

    def by(x: Any, axis: int | None = None, keepdims: Any = None) -> Any:
        given = _of_known_width(tf.convert_to_tensor(x))
        at = -1 if axis is None else axis
        flat = tf.reshape(given, [-1]) if axis is None else given
        if flat.dtype == tf.int64:  # TFLite's have no such type
            hits = tf.equal(flat, extreme(flat, axis=at, keepdims=True))
            place = tf.argmax(tf.cast(hits, tf.int32), axis=at, output_type=tf.int32)
        else:
            place = pick(flat, axis=at, output_type=tf.int32)
        if not keepdims:
            return place
        return (
            tf.reshape(place, [1] * given.shape.rank)
            if axis is None
            else tf.expand_dims(place, axis)
        )

    return by


def _of_known_width(x: Any) -> Any:
    """In a type that the targets select from, with the same order."""
    if x.dtype in (tf.float32, tf.int32, tf.int64):
        return x
    if x.dtype in (tf.uint32, tf.uint64):
        return tf.cast(x, tf.int64)
    return tf.cast(x, tf.float32 if x.dtype.is_floating else tf.int32)


def _one_hot(
    indices: Any,
    depth: Any,
    on_value: Any = None,
    off_value: Any = None,
    axis: int | None = None,
    dtype: Any = None,
    name: str | None = None,
) -> Any:
    given: Any = tf.convert_to_tensor(indices)
    n_classes = tf.get_static_value(depth)
    n_classes = tf.cast(depth, given.dtype) if n_classes is None else int(n_classes)
    if given.shape.rank is None:
        return NotImplemented
    with tf.name_scope(name or "one_hot"):
        at = (given.shape.rank if axis is None else axis) % (given.shape.rank + 1)
        places = tf.range(n_classes, dtype=given.dtype)
        places = tf.reshape(places, [-1, *[1] * (given.shape.rank - at)])
        hits = tf.equal(tf.expand_dims(given, at), places)
        if on_value is None and off_value is None:
            return tf.cast(hits, dtype or tf.float32)
        on, off = _values(on_value, off_value, dtype)
        return hits if on.dtype == tf.bool else tf.where(hits, on, off)


def _values(on_value: Any, off_value: Any, dtype: Any) -> tuple[tf.Tensor, tf.Tensor]:
    given = on_value if on_value is not None else off_value
    kind = dtype or tf.convert_to_tensor(given).dtype
    on, off = (1 if on_value is None else on_value), (0 if off_value is None else off_value)
    return tf.cast(on, kind), tf.cast(off, kind)


def _in_top_k(targets: Any, predictions: Any, k: Any) -> Any:
    """Whether fewer than k predictions are larger than that of the target."""
    scores = tf.convert_to_tensor(predictions)
    places = tf.range(tf.shape(scores)[-1])
    wanted = tf.equal(tf.expand_dims(tf.cast(targets, tf.int32), -1), places)
    own = tf.reduce_sum(tf.where(wanted, scores, 0.0), axis=-1, keepdims=True)
    return tf.reduce_sum(tf.cast(scores > own, tf.int32), axis=-1) < k


def _searchsorted(
    sorted_sequence: Any,
    values: Any,
    side: str = "left",
    out_type: Any = tf.int32,
    name: str | None = None,
) -> Any:
    bounds, given = tf.convert_to_tensor(sorted_sequence), tf.convert_to_tensor(values)
    with tf.name_scope(name or "searchsorted"):
        bounds, given = tf.expand_dims(bounds, -2), tf.expand_dims(given, -1)
        passed = bounds < given if side == "left" else bounds <= given
        return tf.reduce_sum(tf.cast(passed, out_type), axis=-1)


def _quantile(
    x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: Any = None
) -> Any:
    """Of an axis of known length, so that the places are known too."""
    given: Any = tf.convert_to_tensor(x)
    share = tf.get_static_value(q)
    rank = given.shape.rank
    axes = list(range(rank)) if axis is None else [a % rank for a in axis]
    sizes = [given.shape[a] for a in axes]
    if share is None or None in sizes or not given.dtype.is_floating:
        return NotImplemented
    others = [a for a in range(rank) if a not in axes]
    ordered = _sorted_last(given, others, axes)
    result = _between(ordered, np.asarray(share, np.float64) * (np.prod(sizes) - 1), method)
    if keepdims:
        for a in sorted(axes):
            result = tf.expand_dims(result, a)
    n_axes, n_first = result.shape.rank, np.ndim(share)
    # The axis of several shares comes last, and is to be the first.
    return tf.transpose(result, [n_axes - 1, *range(n_axes - 1)]) if n_first else result


def _sorted_last(x: Any, others: list[int], axes: list[int]) -> Any:
    """Over all the axes as one, which is the last; NaN everywhere where one is."""
    moved = tf.transpose(x, [*others, *axes])
    length = int(np.prod([x.shape[a] for a in axes]))
    free = [tf.shape(x)[a] if x.shape[a] is None else x.shape[a] for a in others]
    flat = tf.reshape(moved, [*free, length])
    unknown = tf.reduce_any(tf.not_equal(flat, flat), axis=-1, keepdims=True)
    return tf.where(unknown, tf.constant(np.nan, x.dtype), tf.sort(flat, axis=-1))


def _between(ordered: Any, place: Any, method: str) -> Any:
    """Values at places along the last axis, which need not be whole numbers."""
    last = ordered.shape[-1] - 1
    low, high = (edge(place).astype(np.int32) for edge in (np.floor, np.ceil))
    match method:
        case "lower" | "higher" | "nearest":
            picked = {"lower": low, "higher": high, "nearest": np.rint(place).astype(np.int32)}
            return tf.gather(ordered, picked[method], axis=-1)
        case "midpoint":
            share = np.full(np.shape(place), 0.5)
        case _:
            low = np.minimum(np.maximum(high - 1, 0), last)  # as Keras has it, also at the ends
            high = np.minimum(low + 1, last)
            share = high - place
    weight = tf.constant(share, ordered.dtype)
    above = tf.gather(ordered, high, axis=-1) * (1.0 - weight)
    return above + tf.gather(ordered, low, axis=-1) * weight


_BOTH = (Format.ONNX, Format.TFLITE)

LOWERINGS = (
    Lowering(
        replaces="keras.src.backend.tensorflow.numpy:argmax",
        targets=_BOTH,
        what="argmax",
        why="Refused: Keras tells 0.0 from -0.0 by bits, which the equivalent does not.",
        by=_placed(tf.argmax, tf.reduce_max),
    ),
    Lowering(
        replaces="keras.src.backend.tensorflow.numpy:argmin",
        targets=_BOTH,
        what="argmin",
        why="Refused: Keras tells 0.0 from -0.0 by bits, which the equivalent does not.",
        by=_placed(tf.argmin, tf.reduce_min),
    ),
    Lowering(
        replaces="tensorflow.python.ops.array_ops:one_hot",
        targets=(Format.ONNX,),
        what="one_hot",
        why="Answers wrongly for numbers below 0; refused along a middle axis.",
        by=_one_hot,
    ),
    Lowering(
        replaces="keras.src.backend.tensorflow.math:in_top_k",
        targets=_BOTH,
        what="in_top_k",
        why="Refused: the operator does not exist there.",
        by=_in_top_k,
    ),
    Lowering(
        replaces="tensorflow.python.ops.array_ops:searchsorted",
        targets=_BOTH,
        what="searchsorted",
        why="Refused: neither LowerBound nor UpperBound exists there.",
        by=_searchsorted,
    ),
    Lowering(
        replaces="keras.src.backend.tensorflow.numpy:_quantile",
        targets=_BOTH,
        what="median and quantile",
        why="Refused by TFLite: the places are computed in float64.",
        by=_quantile,
    ),
)
