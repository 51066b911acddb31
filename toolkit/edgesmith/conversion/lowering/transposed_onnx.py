# pyright: basic
"""Transposed convolutions as ONNX's own ConvTranspose nodes, or Conv where nothing is stretched."""

from __future__ import annotations

from typing import Any

from edgesmith.conversion.carrier import onnx_node
from edgesmith.conversion.lowering.convolution_calls import TransposedConvolution
from edgesmith.conversion.lowering.convolution_onnx import conv_node
from edgesmith.conversion.lowering.lowering import Lowering
from edgesmith.conversion.lowering.windows import Edges, call_of, to_first, to_last
from edgesmith.quiet import quiet_start
from edgesmith_runtime.spec import Format

with quiet_start():
    import keras
    import tensorflow as tf

__all__ = ["LOWERINGS"]

_ops: Any = keras.ops  # declared to take whole numbers where they take sequences too


def _conv_transpose(call: TransposedConvolution) -> Any:
    kernel = _ops.convert_to_tensor(call.kernel)
    inputs = call.inputs if call.is_first else to_first(call.inputs)
    if all(window.stride == 1 for window in call.windows):
        outputs = conv_node(inputs, call.flipped(kernel), call.windows, call.flipped_edges)
    else:
        outputs = _stretched(inputs, kernel, call)
    return outputs if call.is_first else to_last(outputs)


def _stretched(inputs: Any, kernel: Any, call: TransposedConvolution) -> Any:
    axes, rank = call.axes, len(call.axes)
    lengths = [axis.length(n) for axis, n in zip(axes, inputs.shape[2:], strict=True)]
    edges = [Edges(axis.before, max(axis.after, 0)) for axis in axes]
    return onnx_node(
        "ConvTranspose",
        [inputs, tf.transpose(kernel, (rank + 1, rank, *range(rank)))],
        attributes={
            "kernel_shape": [axis.window.size for axis in axes],
            "strides": [axis.window.stride for axis in axes],
            "dilations": [axis.window.dilation for axis in axes],
            "pads": [edge.before for edge in edges] + [edge.after for edge in edges],
            "output_padding": [max(-axis.after, 0) for axis in axes],
        },
        outputs=[tf.TensorSpec([inputs.shape[0], kernel.shape[-2], *lengths], inputs.dtype)],
    )[0]


LOWERINGS: tuple[Lowering, ...] = (
    Lowering(
        replaces="keras.src.backend.tensorflow.nn:conv_transpose",
        targets=(Format.ONNX,),
        what="transposed convolution",
        why="Files that do not load, or answer wrongly without a word, where the output is longer "
        "than the windows reach or the input's size is free.",
        by=call_of(TransposedConvolution, _conv_transpose),
    ),
)
