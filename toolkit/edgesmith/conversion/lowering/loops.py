# pyright: basic
"""Loops over a tensor's first axis, without the lists of tensors that TensorFlow gathers in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgesmith.conversion.lowering.lowering import Lowering
from edgesmith.quiet import quiet_start
from edgesmith_runtime.errors import ConversionError
from edgesmith_runtime.spec import Format

with quiet_start():
    import keras
    import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LOWERINGS"]

_MOST_STEPS = 256  # written out one by one


def _scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: Any = None,
    unroll: Any = None,
) -> Any:
    del unroll  # it always is
    given = keras.tree.map_structure(tf.convert_to_tensor, xs)
    n_steps = length if length is not None else keras.tree.flatten(given)[0].shape[0]
    if n_steps is None or not 0 < n_steps <= _MOST_STEPS:
        raise ConversionError(
            f"scan over {'a free number of' if n_steps is None else n_steps} steps: expected a "
            f"known number from 1 to {_MOST_STEPS}; use a recurrent layer, or give the axis a size"
        )
    carry, steps = init, range(n_steps)
    results: dict[int, Any] = {}
    for step in reversed(steps) if reverse else steps:
        carry, results[step] = f(
            carry, keras.tree.map_structure(lambda x, at=step: x[at], given)
        )
    every = [results[step] for step in steps]
    if every[0] is None:
        return carry, None
    return carry, keras.tree.map_structure(lambda *parts: tf.stack(parts), *every)


def _map(f: Callable[[Any], Any], xs: Any) -> Any:
    return tf.vectorized_map(f, keras.tree.map_structure(tf.convert_to_tensor, xs))


_BOTH = (Format.ONNX, Format.TFLITE)

LOWERINGS = (
    Lowering(
        replaces="keras.src.backend.tensorflow.core:scan",
        targets=_BOTH,
        what="scan over a known number of steps",
        why="Refused: lists of tensors do not exist there.",
        by=_scan,
    ),
    Lowering(
        replaces="keras.src.backend.tensorflow.core:map",
        targets=_BOTH,
        what="map",
        why="Refused: lists of tensors do not exist there; all elements are worked on at once.",
        by=_map,
    ),
)
