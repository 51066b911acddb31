# pyright: basic
"""Convolutions as TFLite's CONV_2D and DEPTHWISE_CONV_2D, which have groups and dilations."""

from __future__ import annotations

from typing import Any

from edgesmith.conversion.lowering.convolution_calls import (
    Convolution,
    SeparableConvolution,
    separated,
)
from edgesmith.conversion.lowering.lowering import Lowering
from edgesmith.conversion.lowering.windows import (
    call_of,
    crossed,
    lengths_of,
    pad_same,
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


def _conv(call: Convolution) -> Any:
    if call.is_first:
        outputs = _again(_ops.conv, call)
    elif call.rank == 3:
        outputs = _conv_volume(call)
    elif call.n_groups == 1 and not call.is_dilated:
        return NotImplemented
    else:
        outputs = _conv_plane(call)
    return outputs


def _again(function: Any, call: Convolution) -> Any:
    """The same with channels last, between two transposes."""
    return to_first(
        function(
            to_last(call.inputs),
            call.kernel,
            strides=call.strides,
            padding=call.padding,
            data_format="channels_last",
            dilation_rate=call.dilation_rate,
        )
    )


def _conv_plane(call: Convolution) -> Any:
    """One op, of an image one pixel high where the input is a series."""
    kernel = _ops.convert_to_tensor(call.kernel)
    if 1 < call.n_groups == call.n_channels:
        split = tf.reshape(kernel, (*kernel.shape[:-2], call.n_channels, -1))
        return _depthwise(call, split)
    inputs, kernel = _as_image(call.inputs, kernel)
    ones = [1] * (3 - call.rank)
    outputs = tf.raw_ops.Conv2D(
        input=inputs,
        filter=kernel,
        strides=[*ones, *(window.stride for window in call.windows), 1],
        padding=call.padding.upper(),
        dilations=[*ones, *(window.dilation for window in call.windows), 1],
    )
    return outputs if call.rank == 2 else tf.squeeze(outputs, [1])


def _depthwise(call: Convolution, kernel: Any) -> Any:
    inputs, kernel = _as_image(call.inputs, kernel)
    # TensorFlow asks for equal strides; along an axis of one pixel, any are the same.
    strides = [window.stride for window in call.windows] * (3 - call.rank)
    ones = [1] * (3 - call.rank)
    outputs = tf.raw_ops.DepthwiseConv2dNative(
        input=inputs,
        filter=kernel,
        strides=[1, *strides, 1],
        padding=call.padding.upper(),
        dilations=[*ones, *(window.dilation for window in call.windows), 1],
    )
    return outputs if call.rank == 2 else tf.squeeze(outputs, [1])


def _as_image(inputs: Any, kernel: Any) -> tuple[Any, Any]:
    if len(inputs.shape) == 4:
        return inputs, kernel
    return tf.expand_dims(inputs, 1), tf.expand_dims(kernel, 0)


def _conv_volume(call: Convolution) -> Any:
    """As a convolution of planes, whose channels are those of all planes that a window meets.

    CONV_3D has neither groups nor dilations, and takes five times as long for windows of
    3 x 3 x 3 over 8 to 32 channels (ai-edge-litert 2.3, one thread).
    """
    kernel = _ops.convert_to_tensor(call.kernel)
    depth, *plane = call.windows
    inputs = call.inputs
    if call.padding.lower() == "same":
        inputs = pad_same(inputs, [1], [depth])
    taps = [
        inputs[:, start : start - (depth.extent - 1) or None : depth.stride]
        for start in range(0, depth.extent, depth.dilation)
    ]
    parts = [tf.split(tap, call.n_groups, -1) if call.n_groups > 1 else [tap] for tap in taps]
    met = tf.concat([part for group in zip(*parts, strict=True) for part in group], -1)
    _, n_planes, *size, channels = lengths_of(met)
    sizes = kernel.shape.as_list()
    planes = _ops.conv(
        tf.reshape(met, crossed(-1, *size, channels)),
        tf.reshape(
            tf.transpose(kernel, (1, 2, 0, 3, 4)), (*sizes[1:3], sizes[0] * sizes[3], sizes[4])
        ),
        strides=[window.stride for window in plane],
        padding=call.padding,
        data_format="channels_last",
        dilation_rate=[window.dilation for window in plane],
    )
    return tf.reshape(planes, crossed(-1, n_planes, *lengths_of(planes)[1:]))


def _depthwise_conv(call: Convolution) -> Any:
    if call.is_first:
        return _again(_ops.depthwise_conv, call)
    if not call.is_dilated:
        return NotImplemented
    return _depthwise(call, _ops.convert_to_tensor(call.kernel))


LOWERINGS: tuple[Lowering, ...] = (
    Lowering(
        replaces="keras.src.backend.tensorflow.nn:conv",
        targets=(Format.TFLITE,),
        what="convolution: grouped, dilated, channels first, in three dimensions",
        why="Dilated ones are cut into pieces and put together again, or refused; those with "
        "channels first are refused; CONV_3D has neither groups nor dilations and is slow.",
        by=call_of(Convolution, _conv),
    ),
    Lowering(
        replaces="keras.src.backend.tensorflow.nn:depthwise_conv",
        targets=(Format.TFLITE,),
        what="depthwise convolution: dilated, channels first",
        why="Dilated ones are cut into pieces and put together again.",
        by=call_of(Convolution, _depthwise_conv),
    ),
    Lowering(
        replaces="keras.src.backend.tensorflow.nn:separable_conv",
        targets=(Format.TFLITE,),
        what="separable convolution: dilated, channels first",
        why="As for its depthwise part.",
        by=call_of(SeparableConvolution, separated(_depthwise_conv)),
    ),
)
