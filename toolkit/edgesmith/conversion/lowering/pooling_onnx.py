# pyright: basic
"""Pools as ONNX's own MaxPool and AveragePool nodes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from edgesmith.conversion.carrier import onnx_node
from edgesmith.conversion.lowering.lowering import Lowering
from edgesmith.conversion.lowering.pooling_calls import Pool
from edgesmith.conversion.lowering.windows import call_of, pad_same, to_first, to_last
from edgesmith.quiet import quiet_start
from edgesmith_runtime.spec import Format

with quiet_start():
    import keras
    import tensorflow as tf

if TYPE_CHECKING:
    from edgesmith.conversion.carrier import Attribute

__all__ = ["LOWERINGS"]

_ops: Any = keras.ops  # declared to take whole numbers where they take sequences too


def _pool(op_type: str, call: Pool) -> Any:
    if not call.inputs.dtype.is_floating:
        return NotImplemented
    if _has_gaps(call):
        return _max_with_gaps(call) if op_type == "MaxPool" else _average_with_gaps(call)
    if call.rank == 2 and not call.is_first:
        return NotImplemented
    inputs = call.inputs if call.is_first else to_first(call.inputs)
    padding = call.padding.lower()
    steps = [w.n_steps(n, padding) for w, n in zip(call.windows, call.lengths, strict=True)]
    outputs = onnx_node(
        op_type,
        [inputs],
        attributes={
            "kernel_shape": [window.size for window in call.windows],
            "strides": [window.stride for window in call.windows],
            **_padding(call),
        },
        outputs=[tf.TensorSpec([*inputs.shape[:2], *steps], inputs.dtype)],
    )[0]
    return outputs if call.is_first else to_last(outputs)


def _padding(call: Pool) -> dict[str, Attribute]:
    if not call.is_same:
        return {}
    edges = [w.same_edges(n) for w, n in zip(call.windows, call.lengths, strict=True)]
    known = [edge for edge in edges if edge is not None]
    if len(known) < len(edges):
        return {"auto_pad": "SAME_UPPER"}
    return {"pads": [edge.before for edge in known] + [edge.after for edge in known]}


def _has_gaps(call: Pool) -> bool:
    """Whether SAME windows shorter than their strides go along a free length.

    onnxruntime 1.32 takes the elements between two windows for a negative padding and refuses.
    """
    return call.is_same and any(
        length is None and window.stride > window.size
        for window, length in zip(call.windows, call.lengths, strict=True)
    )


def _max_with_gaps(call: Pool) -> Any:
    lowest = call.inputs.dtype.min
    padded = pad_same(call.inputs, call.axes, call.windows, value=lowest)
    return _ops.max_pool(padded, call.pool_size, call.strides, data_format=call.data_format)


def _average_with_gaps(call: Pool) -> Any:
    """Over what is there: the padded average by how much of each window is no padding."""
    one = [slice(None)] * (call.rank + 2)
    one[0] = one[1 if call.is_first else -1] = slice(1)
    sums, parts = (
        _ops.average_pool(
            pad_same(tensor, call.axes, call.windows),
            call.pool_size,
            call.strides,
            data_format=call.data_format,
        )
        for tensor in (call.inputs, tf.ones_like(call.inputs[tuple(one)]))
    )
    return sums / parts


LOWERINGS: tuple[Lowering, ...] = tuple(
    Lowering(
        replaces=f"keras.src.backend.tensorflow.nn:{name}",
        targets=(Format.ONNX,),
        what=f"{name.replace('_', ' ')}ing: channels first, in one or three dimensions, SAME with "
        "strides beyond the window over a free size",
        why="The layout is turned twice; those over one axis go by way of images; SAME with gaps "
        "over a free size gives files that fail when they run.",
        by=call_of(Pool, partial(_pool, op_type)),
    )
    for name, op_type in (("max_pool", "MaxPool"), ("average_pool", "AveragePool"))
)
