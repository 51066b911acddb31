# pyright: basic
"""Adaptive pools as plain ones, where windows of one length slide; else two with a choice."""

from __future__ import annotations

from functools import partial
from typing import Any

from edgesmith.conversion.lowering.lowering import Lowering
from edgesmith.conversion.lowering.pooling_calls import AdaptivePool
from edgesmith.conversion.lowering.windows import Window, call_of
from edgesmith.quiet import quiet_start
from edgesmith_runtime.spec import Format

with quiet_start():
    import keras
    import tensorflow as tf

__all__ = ["LOWERINGS"]

_ops: Any = keras.ops  # declared to take whole numbers where they take sequences too


def _adaptive_pool(name: str, call: AdaptivePool) -> Any:
    if None in [call.inputs.shape[axis] for axis in call.axes]:
        return NotImplemented  # Keras says that it takes known lengths only
    pool = getattr(_ops, name)
    sliding = [spans.window or Window(1) for spans in call.spans]
    outputs = pool(
        call.inputs,
        [window.size for window in sliding],
        [window.stride for window in sliding],
        data_format=call.data_format,
    )
    for index, spans in enumerate(call.spans):
        if spans.window is None:
            outputs = _pool_axis(
                partial(pool, data_format=call.data_format), outputs, call, index
            )
    return outputs


def _pool_axis(pool: Any, inputs: Any, call: AdaptivePool, index: int) -> Any:
    """Windows of different lengths: all of each length, one after the other, and a choice."""
    spans, axis = call.spans[index], call.axes[index]
    lengths = sorted(set(spans.sizes))
    shape = [1] * len(call.axes)
    pooled = [pool(inputs, [*shape[:index], n, *shape[index + 1 :]], 1) for n in lengths]
    firsts = {n: sum(inputs.shape[axis] - m + 1 for m in lengths if m < n) for n in lengths}
    chosen = [start + firsts[n] for start, n in zip(spans.starts, spans.sizes, strict=True)]
    return tf.gather(tf.concat(pooled, axis), chosen, axis=axis)


LOWERINGS: tuple[Lowering, ...] = tuple(
    Lowering(
        replaces=f"keras.src.backend.tensorflow.nn:adaptive_{name}",
        targets=(Format.ONNX, Format.TFLITE),
        what=f"adaptive {name.replace('_', ' ')}ing",
        why="In three dimensions TFLite refuses it; else twice as many pools as are needed run "
        "at every place, also where one with a stride does it.",
        by=call_of(AdaptivePool, partial(_adaptive_pool, name)),
    )
    for name in ("max_pool", "average_pool")
)
