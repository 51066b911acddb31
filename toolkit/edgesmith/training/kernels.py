# pyright: basic
"""Layers with a kernel: which weights they have, and where their channels lie in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keras import layers

if TYPE_CHECKING:
    import keras

__all__ = [
    "DEPTHWISE",
    "KERNEL_LAYERS",
    "PLAIN",
    "SEPARABLE",
    "TRANSPOSED",
    "Kernel",
    "channels_last",
    "kernels",
]

PLAIN = (layers.Dense, layers.Conv1D, layers.Conv2D, layers.Conv3D)
TRANSPOSED = (layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose)
DEPTHWISE = (layers.DepthwiseConv1D, layers.DepthwiseConv2D)
SEPARABLE = (layers.SeparableConv1D, layers.SeparableConv2D)
KERNEL_LAYERS = (*PLAIN, *TRANSPOSED, *DEPTHWISE, *SEPARABLE)


@dataclass(frozen=True, slots=True)
class Kernel:
    """One kernel of a layer.

    Args:
        variable: Its weights.
        own_scale: The axes, counted from the end, whose positions are output channels.
        channel_shape: Of one number an output channel, so that it multiplies the weights; None
            where these are not the output channels of the layer.
    """

    variable: keras.Variable
    own_scale: tuple[int, ...]
    channel_shape: tuple[int, ...] | None


def kernels(layer: Any) -> tuple[Kernel, ...]:
    """The kernels of a layer in the order of their use."""
    if isinstance(layer, SEPARABLE):
        return (
            Kernel(layer.depthwise_kernel, (-2, -1), None),
            Kernel(layer.pointwise_kernel, (-1,), (-1,)),
        )
    if isinstance(layer, DEPTHWISE):
        return (Kernel(layer.kernel, (-2, -1), tuple(layer.kernel.shape[-2:])),)
    if isinstance(layer, TRANSPOSED):
        return (Kernel(layer.kernel, (-2,), (-1, 1)),)
    return (Kernel(layer.kernel, (-1,), (-1,)),)


def channels_last(layer: Any) -> bool:
    """Whether a layer's channels are the last axis of its output."""
    return getattr(layer, "data_format", "channels_last") == "channels_last"
