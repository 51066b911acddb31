# pyright: basic
"""The calls of Keras' convolutions: fields as their arguments, and what follows from these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgesmith.conversion.lowering.windows import Edges, Setting, Window, windows
from edgesmith.quiet import quiet_start

with quiet_start():
    import keras
    import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "Convolution",
    "SeparableConvolution",
    "TransposedConvolution",
    "is_first",
    "separated",
]

_ops: Any = keras.ops  # declared to take whole numbers where they take sequences too


def is_first(data_format: str | None) -> bool:
    """Whether channels come before the axes that windows go along."""
    return (data_format or keras.config.image_data_format()) == "channels_first"


@dataclass(frozen=True, slots=True)
class Convolution:
    """``conv`` or ``depthwise_conv``.

    Args:
        inputs: ``(batch, ..., channel)`` or ``(batch, channel, ...)``.
        kernel: ``(..., channel, filter)``; of a group's channels where there are groups.
    """

    inputs: Any
    kernel: Any
    strides: Setting = 1
    padding: str = "valid"
    data_format: str | None = None
    dilation_rate: Setting = 1

    @property
    def is_first(self) -> bool:
        """Whether the channels are the first axis after the batch."""
        return is_first(self.data_format)

    @property
    def rank(self) -> int:
        """How many axes the windows go along."""
        return len(self.inputs.shape) - 2

    @property
    def n_channels(self) -> int:
        """Of the input."""
        return self.inputs.shape[1 if self.is_first else -1]

    @property
    def n_groups(self) -> int:
        """Of ``conv``, where channels and kernel differ."""
        return self.n_channels // self.kernel.shape[-2]

    @property
    def windows(self) -> tuple[Window, ...]:
        """One an axis."""
        return windows(self.kernel.shape[:-2], self.strides, self.dilation_rate)

    @property
    def is_dilated(self) -> bool:
        """Whether any window has holes."""
        return any(window.dilation > 1 for window in self.windows)


@dataclass(frozen=True, slots=True)
class SeparableConvolution:
    """``separable_conv``: by channel, then across channels."""

    inputs: Any
    depthwise_kernel: Any
    pointwise_kernel: Any
    strides: Setting = 1
    padding: str = "valid"
    data_format: str | None = None
    dilation_rate: Setting = 1

    @property
    def depthwise(self) -> Convolution:
        """The first of the two."""
        return Convolution(
            self.inputs,
            self.depthwise_kernel,
            self.strides,
            self.padding,
            self.data_format,
            self.dilation_rate,
        )


@dataclass(frozen=True, slots=True)
class TransposedConvolution:
    """``conv_transpose``.

    Args:
        inputs: ``(batch, ..., channel)`` or ``(batch, channel, ...)``.
        kernel: ``(..., filter, channel)``.
    """

    inputs: Any
    kernel: Any
    strides: Setting = 1
    padding: str = "valid"
    output_padding: Setting | None = None
    data_format: str | None = None
    dilation_rate: Setting = 1

    @property
    def is_first(self) -> bool:
        """Whether the channels are the first axis after the batch."""
        return is_first(self.data_format)

    @property
    def windows(self) -> tuple[Window, ...]:
        """One an axis."""
        return windows(self.kernel.shape[:-2], self.strides, self.dilation_rate)

    @property
    def axes(self) -> tuple[Stretch, ...]:
        """One an axis."""
        rank = len(self.inputs.shape) - 2
        extra = self.output_padding
        each: Sequence[int | None] = (
            (extra,) * rank if extra is None or isinstance(extra, int) else tuple(extra)
        )
        return tuple(
            Stretch(window, self.padding.lower(), more)
            for window, more in zip(self.windows, each, strict=True)
        )

    @property
    def flipped_edges(self) -> tuple[Edges, ...]:
        """With ``flipped``, where every stride is 1: what makes a plain convolution equal it."""
        return tuple(
            Edges(axis.window.extent - 1 - axis.before, axis.window.extent - 1 - axis.after)
            for axis in self.axes
        )

    def flipped(self, kernel: Any) -> Any:
        """The kernel as that of a plain convolution, ``(..., channel, filter)``."""
        rank = len(self.windows)
        turned = tf.reverse(kernel, list(range(rank)))
        return tf.transpose(turned, (*range(rank), rank + 1, rank))


@dataclass(frozen=True, slots=True)
class Stretch:
    """What a transposed convolution does to one axis.

    Every input element puts a window into the full output, ``(length - 1) * stride + extent``
    long; the output is that without ``before`` at its start and without ``after`` at its end,
    which is negative where the output goes on with zeros.
    """

    window: Window
    padding: str
    output_padding: int | None

    @property
    def surplus(self) -> int:
        """How much longer the full output is than the output, for any length."""
        extent, stride = self.window.extent, self.window.stride
        if self.padding == "valid":
            more = (
                max(stride - extent, 0) if self.output_padding is None else self.output_padding
            )
            return -more
        if self.output_padding is None:
            return extent - stride
        return extent - extent % 2 - self.output_padding

    @property
    def before(self) -> int:
        """Cut off at the start, as TensorFlow's gradient of a SAME convolution does."""
        return max(self.surplus, 0) // 2

    @property
    def after(self) -> int:
        """Cut off at the end."""
        return self.surplus - self.before

    def length(self, length: int | None) -> int | None:
        """Of the output; None along a free length."""
        if length is None:
            return None
        return (length - 1) * self.window.stride + self.window.extent - self.surplus


def separated(
    depthwise: Callable[[Convolution], Any],
) -> Callable[[SeparableConvolution], Any]:
    """A separable convolution by the depthwise one of a format; the rest is left to ``conv``."""

    def separable(call: SeparableConvolution) -> Any:
        outputs = depthwise(call.depthwise)
        if outputs is NotImplemented:
            return NotImplemented
        return _ops.conv(outputs, call.pointwise_kernel, data_format=call.data_format)

    return separable
