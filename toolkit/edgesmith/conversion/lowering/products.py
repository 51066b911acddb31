# pyright: basic
"""Einstein sums of two tensors as one matrix product between the fewest moves."""

from __future__ import annotations

import string
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.conversion.carrier import onnx_node
from edgesmith.conversion.lowering.lowering import Lowering
from edgesmith.quiet import quiet_start
from edgesmith_runtime.spec import Format

with quiet_start():
    import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LOWERINGS"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Labels:
    """What each axis of a sum of two tensors is for; one letter an axis.

    Args:
        first, second, out: As they stand.
        batch: In all three.
        summed: In both tensors alone.
        rows, columns: In the result and the first, or the second, tensor.
    """

    first: str
    second: str
    out: str

    @property
    def batch(self) -> str:
        return "".join(a for a in self.out if a in self.first and a in self.second)

    @property
    def summed(self) -> str:
        return "".join(a for a in self.first if a in self.second and a not in self.out)

    @property
    def rows(self) -> str:
        return "".join(a for a in self.first if a in self.out and a not in self.second)

    @property
    def columns(self) -> str:
        return "".join(a for a in self.second if a in self.out and a not in self.first)

    def swapped(self) -> _Labels:
        """With the tensors the other way round."""
        return _Labels(first=self.second, second=self.first, out=self.out)


def _einsum(fmt: Format, equation: str, *inputs: Any, **settings: Any) -> Any:
    if len(inputs) != 2 or "->" not in equation:
        return NotImplemented
    first, second = (tf.convert_to_tensor(tensor) for tensor in inputs)
    labels = _read(equation, first.shape.rank, second.shape.rank)
    if labels is None or first.dtype != second.dtype or not first.dtype.is_floating:
        return NotImplemented
    with tf.name_scope(settings.get("name") or "einsum"):
        if not labels.summed or not (labels.rows or labels.columns):
            return _by_element(labels, first, second)
        if not labels.batch and None not in first.shape and None in second.shape:
            labels, first, second = labels.swapped(), second, first
        return _by_matrices(labels, first, second, fmt)


def _keras_einsum(fmt: Format, equation: str, *inputs: Any, **settings: Any) -> Any:
    """Keras' own sums 8-bit numbers, of a layer that it quantized, in 32 bits."""
    tensors = [tf.convert_to_tensor(tensor) for tensor in inputs]
    if fmt is not Format.TFLITE or any(tensor.dtype != tf.int8 for tensor in tensors):
        return _einsum(fmt, equation, *inputs, **settings)
    result = _einsum(fmt, equation, *[tf.cast(tensor, tf.float32) for tensor in tensors])
    return NotImplemented if result is NotImplemented else tf.cast(result, tf.int32)


def _read(equation: str, *ranks: int | None) -> _Labels | None:
    """None where an axis stands twice in a tensor, or is summed in one tensor alone."""
    given, _, out = equation.replace(" ", "").partition("->")
    first, second = given.split(",")
    letters = iter(sorted(set(string.ascii_letters) - set(equation)))
    sizes = [
        rank - len(part) + 3
        for part, rank in zip((first, second), ranks, strict=True)
        if "..." in part and rank is not None
    ]
    if None in ranks or len(set(sizes)) > 1:
        return None
    dots = "".join(next(letters) for _ in range(sizes[0])) if sizes else ""
    first, second, out = (part.replace("...", dots) for part in (first, second, out))
    repeated = any(len(set(part)) < len(part) for part in (first, second, out))
    alone = (set(first) ^ set(second)) - set(out)
    return None if repeated or alone else _Labels(first=first, second=second, out=out)


def _by_element(labels: _Labels, first: tf.Tensor, second: tf.Tensor) -> Any:
    order = labels.out + labels.summed
    product = _spread(first, labels.first, order) * _spread(second, labels.second, order)
    if not labels.summed:
        return product
    return tf.reduce_sum(product, axis=list(range(len(labels.out), len(order))))


def _spread(x: Any, axes: str, order: str) -> Any:
    """In an order of axes, with one of size 1 for each that it lacks."""
    x = _ordered(x, axes, "".join(a for a in order if a in axes))
    for place, axis in enumerate(order):
        if axis not in axes:
            x = tf.expand_dims(x, place)
    return x


def _ordered(x: Any, axes: str, order: str) -> Any:
    return x if axes == order else tf.transpose(x, [axes.index(axis) for axis in order])


def _by_matrices(labels: _Labels, first: tf.Tensor, second: tf.Tensor, fmt: Format) -> Any:
    """``(batch, rows, summed)`` times ``(batch, summed, columns)``.

    Without batch axes the rows need not become one axis: a product takes them as they are.
    """
    sizes = {**_sizes(second, labels.second), **_sizes(first, labels.first)}
    batch, rows, summed, columns = labels.batch, labels.rows, labels.summed, labels.columns
    left = _ordered(first, labels.first, batch + rows + summed)
    right = _ordered(second, labels.second, batch + summed + columns)
    kept = len(batch) if batch else max(len(rows) - 1, 0)
    if len(batch + rows + summed) != kept + 2:
        left = _reshaped(left, kept, _folded(sizes, rows[kept - len(batch) :], summed), fmt)
    if len(batch + summed + columns) != len(batch) + 2:
        right = _reshaped(right, len(batch), _folded(sizes, summed, columns), fmt)
    product = tf.linalg.matmul(left, right)
    ends = rows[kept - len(batch) :] + columns
    if len(ends) != 2:
        product = _reshaped(product, kept, [sizes[axis] for axis in ends], fmt)
    return _ordered(product, batch + rows + columns, labels.out)


def _sizes(x: Any, axes: str) -> dict[str, Any]:
    """Of each axis: a number, or a tensor where it is free."""
    return {
        axis: tf.shape(x)[place] if x.shape[place] is None else x.shape[place]
        for place, axis in enumerate(axes)
    }


def _folded(sizes: dict[str, Any], *groups: str) -> list[Any]:
    """One axis a group."""
    return [_product([sizes[axis] for axis in group]) for group in groups]


def _product(sizes: Sequence[Any]) -> Any:
    if all(isinstance(size, int) for size in sizes):
        return int(np.prod(sizes, dtype=np.int64))
    return tf.reduce_prod(tf.stack([tf.cast(size, tf.int32) for size in sizes]))


def _reshaped(x: Any, kept: int, sizes: Sequence[Any], fmt: Format) -> Any:
    """The first axes as they are, and the others in new sizes, of which any may be a tensor."""
    known = [size if isinstance(size, int) else None for size in sizes]
    first = x.shape.as_list()[:kept]
    shape = [-1 if size is None else size for size in (*first, *known)]
    if shape.count(-1) <= 1:
        return tf.reshape(x, shape)
    if fmt is Format.ONNX and known.count(None) <= 1:
        wanted = [0 if size is None else size for size in first] + shape[kept:]
        (result,) = onnx_node(
            "Reshape",
            [x, tf.constant(wanted, tf.int64)],
            attributes={},
            outputs=[tf.TensorSpec([*first, *known], x.dtype)],
        )
        return result
    free = [tf.shape(x)[axis] if size is None else size for axis, size in enumerate(first)]
    return tf.ensure_shape(tf.reshape(x, tf.stack([*free, *sizes])), [*first, *known])


_PLACES = (
    ("tensorflow.python.ops.special_math_ops:einsum", _einsum),
    ("keras.src.backend.tensorflow.numpy:einsum", _keras_einsum),
)

LOWERINGS = (
    *(
        Lowering(
            replaces=place,
            targets=(fmt,),
            what="einsum, EinsumDense, the products of attention",
            why="Converts to tens of nodes that compute shapes around one product.",
            by=partial(by, fmt),
        )
        for place, by in _PLACES
        for fmt in Format
    ),
)
