# pyright: basic
"""Transposed convolutions as TFLite's plain ones, whose channels become pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgesmith.conversion.lowering.convolution_calls import Stretch, TransposedConvolution
from edgesmith.conversion.lowering.lowering import Lowering
from edgesmith.conversion.lowering.windows import (
    Edges,
    Window,
    call_of,
    crossed,
    lengths_of,
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

__all__ = ["LOWERINGS"]

_ops: Any = keras.ops  # declared to take whole numbers where they take sequences too


@dataclass(frozen=True, slots=True)
class _Shuffle:
    """One axis of a convolution whose output has, for each element, ``stride`` ones in a row.

    The rows are the full output of the transposed convolution from ``skipped`` on. They start
    where they cost the fewest windows: at a multiple of the stride, or where the output does.

    Args:
        stretch: The axis of the transposed convolution.
        crop: What is cut off the rows' start.
    """

    stretch: Stretch
    crop: int

    @property
    def skipped(self) -> int:
        """Elements of the full output before the rows."""
        return self.stretch.before - self.crop

    @property
    def front(self) -> int:
        """Zeros before the kernel, so that a row starts where its first window does."""
        return -self.skipped % self.stretch.window.stride

    @property
    def n_taps(self) -> int:
        """Length of the convolution's kernel."""
        window = self.stretch.window
        return -(-(self.front + window.size) // window.stride)

    @property
    def rows(self) -> int:
        """How many more rows are needed than the input is long."""
        stretch = self.stretch
        longer = stretch.window.extent - stretch.window.stride - stretch.surplus
        return -(-(self.crop + longer) // stretch.window.stride)

    @property
    def edges(self) -> Edges:
        """Of the input."""
        stride = self.stretch.window.stride
        before = self.n_taps - 1 - (self.skipped + self.front) // stride
        return Edges(before, self.rows - before + self.n_taps - 1)

    @property
    def cut(self) -> Edges:
        """Of the output."""
        stretch = self.stretch
        longer = stretch.window.extent - stretch.window.stride - stretch.surplus
        return Edges(self.crop, self.rows * stretch.window.stride - self.crop - longer)


def _shuffle(stretch: Stretch) -> _Shuffle:
    aligned = _Shuffle(stretch, stretch.before % stretch.window.stride)
    direct = _Shuffle(stretch, 0)
    return direct if direct.n_taps <= aligned.n_taps else aligned


def _conv_transpose(call: TransposedConvolution) -> Any:
    if call.is_first:
        return to_first(
            _ops.conv_transpose(
                to_last(call.inputs),
                call.kernel,
                strides=call.strides,
                padding=call.padding,
                output_padding=call.output_padding,
                data_format="channels_last",
                dilation_rate=call.dilation_rate,
            )
        )
    kernel = _ops.convert_to_tensor(call.kernel)
    if all(window.stride == 1 for window in call.windows):
        return _conv(call.inputs, call.flipped(kernel), call.windows, call.flipped_edges)
    if len(call.axes) == 3:
        return NotImplemented
    return _shuffled(call.inputs, kernel, [_shuffle(axis) for axis in call.axes])


def _conv(inputs: Any, kernel: Any, each: Sequence[Window], edges: Sequence[Edges]) -> Any:
    """A convolution of stride 1 with known edges, by its own padding where that is the same."""
    is_same = all(
        edge == window.same_edges(None) for edge, window in zip(edges, each, strict=True)
    )
    return _ops.conv(
        inputs if is_same else _laid(inputs, edges),
        kernel,
        padding="same" if is_same else "valid",
        data_format="channels_last",
        dilation_rate=[window.dilation for window in each],
    )


def _laid(tensor: Any, edges: Sequence[Edges]) -> Any:
    """The tensor with edges; negative ones are cut off."""
    cuts = [Edges(max(-edge.before, 0), max(-edge.after, 0)) for edge in edges]
    pads = [[max(edge.before, 0), max(edge.after, 0)] for edge in edges]
    tensor = _cut(tensor, cuts)
    return tf.pad(tensor, [[0, 0], *pads, [0, 0]]) if any(map(any, pads)) else tensor


def _cut(tensor: Any, cuts: Sequence[Edges]) -> Any:
    if not any(cut.before or cut.after for cut in cuts):
        return tensor
    return tensor[(slice(None), *(slice(cut.before, -cut.after or None) for cut in cuts))]


def _shuffled(inputs: Any, kernel: Any, axes: Sequence[_Shuffle]) -> Any:
    strides = [axis.stretch.window.stride for axis in axes]
    channels = _conv(
        inputs,
        _split(kernel, axes),
        [Window(axis.n_taps) for axis in axes],
        [axis.edges for axis in axes],
    )
    return _cut(_spread(channels, strides), [axis.cut for axis in axes])


def _split(kernel: Any, axes: Sequence[_Shuffle]) -> Any:
    """The kernel ``(..., filter, channel)`` as ``(taps, channel, strides * filter)``."""
    rank = len(axes)
    strides = [axis.stretch.window.stride for axis in axes]
    taps = [axis.n_taps for axis in axes]
    pads = [
        [axis.front, n * stride - axis.front - axis.stretch.window.size]
        for axis, n, stride in zip(axes, taps, strides, strict=True)
    ]
    padded = tf.pad(kernel, [*pads, [0, 0], [0, 0]]) if any(map(any, pads)) else kernel
    sides = [side for pair in zip(taps, strides, strict=True) for side in pair]
    filters, n_channels = kernel.shape[-2:]
    apart = tf.reshape(padded, (*sides, filters, n_channels))
    turned = tf.reverse(apart, list(range(0, 2 * rank, 2)))
    order = (*range(0, 2 * rank, 2), 2 * rank + 1, *range(1, 2 * rank, 2), 2 * rank)
    n_filters = filters
    for stride in strides:
        n_filters *= stride
    return tf.reshape(tf.transpose(turned, order), (*taps, n_channels, n_filters))


def _spread(channels: Any, strides: Sequence[int]) -> Any:
    """Channels as neighbours: ``(..., strides * filter)`` as ``(... * strides, filter)``."""
    _, *lengths, width = lengths_of(channels)
    filters = width
    for stride in strides:
        filters //= stride
    if len(strides) == 2 and strides[0] == strides[1]:
        return tf.nn.depth_to_space(channels, strides[0])
    if len(strides) == 2 and strides[0] > 1:
        rows, columns = lengths
        apart = tf.reshape(
            channels, crossed(-1, rows, columns, strides[0], strides[1] * filters)
        )
        channels = tf.transpose(apart, (0, 1, 3, 2, 4))
        lengths = [rows * strides[0], columns]
    lengths = [*lengths[:-1], lengths[-1] * strides[-1]]
    return tf.reshape(channels, crossed(-1, *lengths, filters))


LOWERINGS: tuple[Lowering, ...] = (
    Lowering(
        replaces="keras.src.backend.tensorflow.nn:conv_transpose",
        targets=(Format.TFLITE,),
        what="transposed convolution: in one or two dimensions, dilated, channels first",
        why="Dilated ones and those with channels first are refused; the others compute their "
        "output's shape as they run, which keeps them off the fast kernels: two to four times "
        "as slow.",
        by=call_of(TransposedConvolution, _conv_transpose),
    ),
)
