# pyright: basic
"""Tables of whole numbers, bins and category counts, with neither hash tables nor bincount."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgesmith.conversion.lowering.lowering import Lowering
from edgesmith.quiet import quiet_start
from edgesmith_runtime.spec import Format

with quiet_start():
    import tensorflow as tf

__all__ = ["LOWERINGS"]

_MOST_SPARSE = 16  # a table by key may have so many entries for each that is used
_ALWAYS_BY_KEY = 65536  # entries; a table of int64 is half a megabyte then


def _lookup(table: Any, keys: Any, name: str | None = None) -> Any:
    """The lookup of a table that does not change once it is made."""
    if not table.key_dtype.is_integer or not table.value_dtype.is_integer:
        return NotImplemented
    with tf.init_scope():
        known, values = (tensor.numpy() for tensor in table.export())
        default = table._default_value.numpy()  # noqa: SLF001 - has no public name
    given = tf.convert_to_tensor(keys)
    order = np.argsort(known)
    with tf.name_scope(name or "lookup"):
        return _looked_up(given, known[order], values[order], default)


def _looked_up(given: tf.Tensor, known: Any, values: Any, default: Any) -> tf.Tensor:
    """Args: given: any shape; known, values: the table's entries by key, ascending."""
    if not len(known):
        return tf.fill(tf.shape(given), tf.constant(default))
    first, last = int(known[0]), int(known[-1])
    n_entries = last - first + 1
    if n_entries > max(_ALWAYS_BY_KEY, _MOST_SPARSE * len(known)):
        return _searched(given, known, values, default)
    by_key = np.full(n_entries + 1, default, values.dtype)  # with the default in front
    by_key[known - first + 1] = values
    # Not a clip: TensorFlow's converter makes a ReLU6 of one from 0 to 6, also of whole numbers.
    inside = tf.logical_and(given >= first, given <= last)
    place = tf.where(inside, given - first + 1, tf.zeros([], given.dtype))
    return tf.gather(tf.constant(by_key), tf.cast(place, tf.int32))


def _searched(given: tf.Tensor, known: Any, values: Any, default: Any) -> tf.Tensor:
    """By halving, unrolled: the table fills the next power of two with its last key."""
    n_steps = max(len(known) - 1, 1).bit_length()
    padding = 2**n_steps - len(known)
    ordered = tf.constant(np.pad(known, (0, padding), mode="edge"))
    place = tf.zeros_like(given, tf.int32)
    for step in reversed(range(n_steps)):
        beyond = place + 2**step
        place = tf.where(tf.gather(ordered, beyond) <= given, beyond, place)
    found = tf.gather(tf.constant(np.pad(values, (0, padding), mode="edge")), place)
    return tf.where(tf.gather(ordered, place) == given, found, tf.constant(default))


def _lookup_dense(layer: Any, inputs: Any) -> Any:
    """An IntegerLookup without places for unknown numbers, of which it raises an error."""
    given = tf.convert_to_tensor(inputs)
    if layer.num_oov_indices or layer.invert or not given.dtype.is_integer:
        return NotImplemented
    found = layer.lookup_table.lookup(given)
    if layer.mask_token is None:
        return found
    return tf.where(tf.equal(given, layer._mask_key), layer._mask_value, found)  # noqa: SLF001 - nor have these


def _bincount(
    arr: Any,
    weights: Any = None,
    minlength: Any = None,
    maxlength: Any = None,
    dtype: Any = tf.int32,
    name: str | None = None,
    axis: Any = None,
    binary_output: Any = None,
) -> Any:
    if isinstance(arr, tf.SparseTensor | tf.RaggedTensor):
        return NotImplemented
    given = tf.convert_to_tensor(arr)
    given = given if given.dtype.is_integer else tf.cast(given, tf.int32)
    weighed = None if weights is None else tf.convert_to_tensor(weights)
    with tf.name_scope(name or "bincount"):
        if axis != -1:
            given = tf.reshape(given, [-1])
            weighed = None if weighed is None else tf.reshape(weighed, [-1])
        places = tf.range(_n_bins(given, minlength, maxlength), dtype=given.dtype)
        hits = tf.equal(tf.expand_dims(given, -1), places)
        if binary_output:
            return tf.reduce_max(tf.cast(hits, dtype), axis=-2)
        if weighed is None:
            return tf.reduce_sum(tf.cast(hits, dtype), axis=-2)
        counted = tf.cast(hits, weighed.dtype) * tf.expand_dims(weighed, -1)
        return tf.reduce_sum(counted, axis=-2)


def _n_bins(given: tf.Tensor, minlength: Any, maxlength: Any) -> Any:
    if isinstance(minlength, int) and minlength == maxlength:
        return minlength
    n_bins = tf.reduce_max(given) + 1
    if minlength is not None:
        n_bins = tf.maximum(n_bins, tf.cast(minlength, given.dtype))
    return n_bins if maxlength is None else tf.minimum(n_bins, tf.cast(maxlength, given.dtype))


def _digitize(x: Any, bins: Any) -> Any:
    if isinstance(x, tf.SparseTensor | tf.RaggedTensor):
        return NotImplemented
    given = tf.convert_to_tensor(x)
    wide = given.dtype if given.dtype == tf.float64 else tf.float32
    bounds = tf.constant([float(bound) for bound in bins], wide)
    reached = tf.expand_dims(tf.cast(given, wide), -1) >= bounds
    return tf.reduce_sum(tf.cast(reached, tf.int32), axis=-1)


LOWERINGS = (
    Lowering(
        replaces=("tensorflow.python.ops.lookup_ops:InitializableLookupTableBase.lookup"),
        targets=(Format.ONNX, Format.TFLITE),
        what="IntegerLookup and other tables of whole numbers",
        why="Refused: a hash table is a resource beside the graph.",
        by=_lookup,
    ),
    Lowering(
        replaces="keras.src.layers.preprocessing.index_lookup:IndexLookup._lookup_dense",
        targets=(Format.ONNX, Format.TFLITE),
        what="IntegerLookup with num_oov_indices=0",
        why="Refused: it raises an error for an unknown number; the artifact answers -1.",
        by=_lookup_dense,
    ),
    Lowering(
        replaces="tensorflow.python.ops.bincount_ops:bincount",
        targets=(Format.ONNX, Format.TFLITE),
        what="bincount; CategoryEncoding and lookups that count",
        why="Refused by TFLite, and by ONNX where it has weights.",
        by=_bincount,
    ),
    Lowering(
        replaces="keras.src.backend.tensorflow.numpy:digitize",
        targets=(Format.ONNX,),
        what="Discretization, digitize",
        why="Refused: Bucketize does not exist there.",
        by=_digitize,
    ),
)
