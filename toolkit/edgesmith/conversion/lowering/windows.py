# pyright: basic
"""How the windows of convolutions and pools lie along the axes that they go over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgesmith.quiet import quiet_start

with quiet_start():
    import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "Edges",
    "Setting",
    "Window",
    "by_axis",
    "call_of",
    "crossed",
    "lengths_of",
    "pad_same",
    "to_first",
    "to_last",
    "windows",
]

Setting = int | tuple[int, ...] | list[int]


@dataclass(frozen=True, slots=True)
class Edges:
    """Elements before and after an axis; negative ones are cut off."""

    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Window:
    """What slides along one axis."""

    size: int
    stride: int = 1
    dilation: int = 1

    @property
    def extent(self) -> int:
        """From its first element to its last one."""
        return (self.size - 1) * self.dilation + 1

    def same_edges(self, length: int | None) -> Edges | None:
        """What SAME padding adds, as TensorFlow does; None where that follows a free length.

        TensorFlow's rule: https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2
        """
        if self.stride == 1:
            total = self.extent - 1
        elif length is None:
            return None
        else:
            steps = -(-length // self.stride)
            total = max((steps - 1) * self.stride + self.extent - length, 0)
        return Edges(total // 2, total - total // 2)

    def n_steps(self, length: int | None, padding: str) -> int | None:
        """How often it fits; None along a free length."""
        if length is None:
            return None
        if padding == "same":
            return -(-length // self.stride)
        return (length - self.extent) // self.stride + 1


def windows(
    sizes: Sequence[int], strides: Setting, dilations: Setting = 1
) -> tuple[Window, ...]:
    """One window an axis, from settings that are one for all axes or one for each."""
    rank = len(sizes)
    return tuple(
        Window(*settings)
        for settings in zip(
            sizes, by_axis(strides, rank), by_axis(dilations, rank), strict=True
        )
    )


def by_axis(setting: Setting, rank: int) -> tuple[int, ...]:
    """One setting for each axis."""
    return (setting,) * rank if isinstance(setting, int) else tuple(setting)


def to_first(tensor: Any) -> Any:
    """``(batch, ..., channel)`` as ``(batch, channel, ...)``."""
    rank = len(tensor.shape)
    return tf.transpose(tensor, (0, rank - 1, *range(1, rank - 1)))


def to_last(tensor: Any) -> Any:
    """``(batch, channel, ...)`` as ``(batch, ..., channel)``."""
    return tf.transpose(tensor, (0, *range(2, len(tensor.shape)), 1))


def pad_same(
    tensor: Any, axes: Sequence[int], each: Sequence[Window], *, value: float = 0.0
) -> Any:
    """Pad for SAME by the lengths that the tensor has when it runs.

    Args:
        tensor: Of any layout.
        axes: Which ones the windows go along.
        each: One window an axis.
        value: What is put there.
    """
    lengths = tf.shape(tensor)
    edges: list[Any] = [[0, 0]] * len(tensor.shape)
    for axis, window in zip(axes, each, strict=True):
        steps = (lengths[axis] + window.stride - 1) // window.stride
        total = (steps - 1) * window.stride + window.extent - lengths[axis]
        total = tf.maximum(total, 0)
        edges[axis] = [total // 2, total - total // 2]
    return tf.pad(tensor, tf.convert_to_tensor(edges), constant_values=value)


def lengths_of(tensor: Any) -> list[Any]:
    """Of each axis: a number, or a scalar tensor for a free one."""
    symbols = tf.shape(tensor)
    return [symbols[i] if n is None else n for i, n in enumerate(tensor.shape.as_list())]


def crossed(*lengths: Any) -> Any:
    """A shape to give to a reshape: numbers and scalar tensors, -1 for what remains."""
    return lengths if all(isinstance(n, int) for n in lengths) else tf.stack(lengths)


def call_of(call: Callable[..., Any], by: Callable[[Any], Any]) -> Callable[..., Any]:
    """A function that takes what ``call`` has as fields, in order or by name."""

    def called(*args: Any, **named: Any) -> Any:
        return by(call(*args, **named))

    return called
