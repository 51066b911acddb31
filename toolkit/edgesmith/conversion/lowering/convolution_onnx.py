# pyright: basic
"""Convolutions as ONNX's own Conv nodes, which have groups, dilations and channels first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgesmith.conversion.carrier import onnx_node
from edgesmith.conversion.lowering.convolution_calls import (
    Convolution,
    SeparableConvolution,
    separated,
)
from edgesmith.conversion.lowering.lowering import Lowering
from edgesmith.conversion.lowering.windows import (
    Edges,
    Window,
    call_of,
    pad_same,
    to_first,
    to_last,
)
from edgesmith.quiet import quiet_start
from edgesmith_runtime.spec import Format

with quiet_start():
    import keras
    import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgesmith.conversion.carrier import Attribute

__all__ = ["LOWERINGS", "conv_node"]

_ops: Any = keras.ops  # declared to take whole numbers where they take sequences too


def conv_node(inputs: Any, kernel: Any, each: Sequence[Window], edges: Sequence[Edges]) -> Any:
    """A convolution with channels first and known edges.

    Args:
        inputs: ``(batch, channel, ...)``.
        kernel: ``(..., channel, filter)``, of a group's channels.
        each: One window an axis.
        edges: Likewise.
    """
    lengths = [
        None if length is None else length + edge.before + edge.after
        for length, edge in zip(inputs.shape[2:], edges, strict=True)
    ]
    steps = [w.n_steps(n, "valid") for w, n in zip(each, lengths, strict=True)]
    pads = [edge.before for edge in edges] + [edge.after for edge in edges]
    return _node(inputs, kernel, each, {"pads": pads}, steps)


def _node(
    inputs: Any,
    kernel: Any,
    each: Sequence[Window],
    padding: dict[str, Attribute],
    steps: Sequence[int | None],
) -> Any:
    rank = len(each)
    weights = tf.transpose(kernel, (rank + 1, rank, *range(rank)))
    return onnx_node(
        "Conv",
        [inputs, weights],
        attributes={
            "kernel_shape": [window.size for window in each],
            "strides": [window.stride for window in each],
            "dilations": [window.dilation for window in each],
            "group": inputs.shape[1] // weights.shape[1],
            **padding,
        },
        outputs=[tf.TensorSpec([inputs.shape[0], weights.shape[0], *steps], inputs.dtype)],
    )[0]


def _convolved(call: Convolution, kernel: Any) -> Any:
    inputs = call.inputs if call.is_first else to_first(call.inputs)
    each, padding = call.windows, call.padding.lower()
    lengths = inputs.shape[2:]
    if padding == "valid":
        outputs = conv_node(inputs, kernel, each, [Edges(0, 0)] * call.rank)
        return outputs if call.is_first else to_last(outputs)
    edges = [w.same_edges(n) for w, n in zip(each, lengths, strict=True)]
    if None not in edges:
        outputs = conv_node(inputs, kernel, each, [edge for edge in edges if edge])
    elif call.is_dilated:  # onnxruntime 1.32 refuses SAME_UPPER for those
        padded = pad_same(inputs, range(2, call.rank + 2), each)
        outputs = conv_node(padded, kernel, each, [Edges(0, 0)] * call.rank)
    else:
        steps = [w.n_steps(n, "same") for w, n in zip(each, lengths, strict=True)]
        outputs = _node(inputs, kernel, each, {"auto_pad": "SAME_UPPER"}, steps)
    return outputs if call.is_first else to_last(outputs)


def _conv(call: Convolution) -> Any:
    plain = call.rank == 2 and not call.is_first and not call.is_dilated
    if plain and call.n_groups == 1:
        return NotImplemented
    return _convolved(call, _ops.convert_to_tensor(call.kernel))


def _depthwise_conv(call: Convolution) -> Any:
    if call.rank == 2 and not call.is_first and not call.is_dilated:
        return NotImplemented
    kernel = _ops.convert_to_tensor(call.kernel)
    return _convolved(call, tf.reshape(kernel, (*kernel.shape[:-2], 1, -1)))


LOWERINGS: tuple[Lowering, ...] = (
    Lowering(
        replaces="keras.src.backend.tensorflow.nn:conv",
        targets=(Format.ONNX,),
        what="convolution: grouped, dilated, channels first, in one or three dimensions",
        why="Grouped ones become calls of functions, which ONNX has not; those over one axis go "
        "by way of images, with layers apart that could run as one.",
        by=call_of(Convolution, _conv),
    ),
    Lowering(
        replaces="keras.src.backend.tensorflow.nn:depthwise_conv",
        targets=(Format.ONNX,),
        what="depthwise convolution: dilated, channels first, in one dimension",
        why="Dilated ones are cut into pieces and put together again; the layout is turned twice.",
        by=call_of(Convolution, _depthwise_conv),
    ),
    Lowering(
        replaces="keras.src.backend.tensorflow.nn:separable_conv",
        targets=(Format.ONNX,),
        what="separable convolution: dilated, channels first, in one dimension",
        why="As for its depthwise part.",
        by=call_of(SeparableConvolution, separated(_depthwise_conv)),
    ),
)
