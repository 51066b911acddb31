# pyright: basic
"""Colours in other spaces."""

from __future__ import annotations

from typing import Any

from edgesmith.conversion.lowering.lowering import Lowering
from edgesmith.quiet import quiet_start
from edgesmith_runtime.spec import Format

with quiet_start():
    import tensorflow as tf

__all__ = ["LOWERINGS"]


def _hsv_from_rgb(images: Any, name: str | None = None) -> Any:
    """``RGBToHSV`` in tensorflow/core/kernels/image/colorspace_op.h."""
    rgb = tf.convert_to_tensor(images, name=name)
    red, green, blue = tf.split(rgb, 3, axis=-1)
    value = tf.reduce_max(rgb, axis=-1, keepdims=True)
    span = value - tf.reduce_min(rgb, axis=-1, keepdims=True)
    saturation = tf.where(value > 0.0, span / tf.where(value > 0.0, value, 1.0), 0.0)
    norm = 1.0 / (6.0 * tf.where(span > 0.0, span, 1.0))
    hue = tf.where(
        red == value,
        norm * (green - blue),
        tf.where(green == value, norm * (blue - red) + 2 / 6, norm * (red - green) + 4 / 6),
    )
    hue = tf.where(span > 0.0, hue, 0.0)
    return tf.concat([tf.where(hue < 0.0, hue + 1.0, hue), saturation, value], axis=-1)


def _rgb_from_hsv(images: Any, name: str | None = None) -> Any:
    """``HSVToRGB``, the same file."""
    hue, saturation, value = tf.split(tf.convert_to_tensor(images, name=name), 3, axis=-1)
    sixths = hue * 6.0
    full = tf.concat(
        [tf.abs(sixths - 3.0) - 1.0, 2.0 - tf.abs(sixths - 2.0), 2.0 - tf.abs(sixths - 4.0)],
        axis=-1,
    )
    return (1.0 - saturation + saturation * tf.clip_by_value(full, 0.0, 1.0)) * value


LOWERINGS = tuple(
    Lowering(
        replaces=f"tensorflow.python.ops.gen_image_ops:{name}",
        targets=(Format.ONNX, Format.TFLITE),
        what=what,
        why="Refused: no counterpart.",
        by=by,
    )
    for name, what, by in (
        ("rgb_to_hsv", "colours from RGB to HSV", _hsv_from_rgb),
        ("hsv_to_rgb", "colours from HSV to RGB", _rgb_from_hsv),
    )
)
