# pyright: basic
"""Parts of images, and their channels in another order or place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgesmith.fusing.shapes import lengths
from edgesmith.quiet import quiet_start

with quiet_start():
    import tensorflow as tf

if TYPE_CHECKING:
    from edgesmith_runtime.transforms.channels import ChannelsFirst, ReorderChannels
    from edgesmith_runtime.transforms.crops import CenterCrop, Crop

__all__ = ["center_crop", "channels_first", "crop", "reorder_channels"]


def crop(op: Crop, images: tf.Tensor) -> tf.Tensor:
    """``crop``; a smaller image fails in the engine."""
    return _part(images, op.top, op.left, op)


def center_crop(op: CenterCrop, images: tf.Tensor) -> tf.Tensor:
    """``center_crop``; a smaller image fails in the engine."""
    _, height, width, _ = lengths(images)
    return _part(images, (height - op.height) // 2, (width - op.width) // 2, op)


def _part(images: tf.Tensor, top: Any, left: Any, size: Crop | CenterCrop) -> tf.Tensor:
    n_images, _, _, n_channels = lengths(images)
    part = images[:, top : top + size.height, left : left + size.width]
    return tf.reshape(part, tf.stack([n_images, size.height, size.width, n_channels]))


def reorder_channels(op: ReorderChannels, images: tf.Tensor) -> tf.Tensor:
    """``reorder_channels`` on the last axis."""
    return tf.gather(images, list(op.order), axis=-1)


def channels_first(op: ChannelsFirst, images: tf.Tensor) -> tf.Tensor:  # noqa: ARG001
    """``channels_first`` of ``(batch, h, w, c)``."""
    return tf.transpose(images, [0, 3, 1, 2])
