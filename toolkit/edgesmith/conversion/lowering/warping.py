# pyright: basic
"""Images seen through a projective transform: as reads at computed places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edgesmith.conversion.lowering.lowering import Lowering
from edgesmith.quiet import quiet_start
from edgesmith_runtime.spec import Format

with quiet_start():
    import tensorflow as tf

__all__ = ["LOWERINGS"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Warp:
    """A call of ``ImageProjectiveTransformV3``.

    Args:
        images: ``(batch, height, width, channel)``.
        transforms: ``(batch or 1, 8)``, from a place in the output to one in the image.
        output_shape: Height and width.
        interpolation: ``NEAREST`` or ``BILINEAR``.
        fill_value: What is outside of the image, in the mode ``CONSTANT``.
        fill_mode: ``CONSTANT``, ``NEAREST``, ``REFLECT`` or ``WRAP``.
        name: Of the node.
    """

    images: Any
    transforms: Any
    output_shape: Any
    interpolation: str
    fill_value: Any
    fill_mode: str = "CONSTANT"
    name: str | None = None


@dataclass(frozen=True, slots=True)
class _Pixels:
    """The pixels of a batch of images in one row, and where they are read."""

    values: Any
    height: Any
    width: Any
    offsets: Any

    @staticmethod
    def of(images: Any) -> _Pixels:
        known, shape = images.shape, tf.shape(images)
        height, width = known[1] or shape[1], known[2] or shape[2]
        values = tf.reshape(images, [-1, known[3] or shape[3]])
        offsets = tf.reshape(tf.range(shape[0]) * (height * width), [-1, 1, 1])
        return _Pixels(values, height, width, offsets)

    def read(self, y: Any, x: Any, outside: Any) -> Any:
        """The pixels at whole places ``(batch, height, width)``, or the value outside."""
        bottom, right = _float(self.height) - 1.0, _float(self.width) - 1.0
        inside = (y >= 0.0) & (y <= bottom) & (x >= 0.0) & (x <= right)
        row = tf.cast(tf.clip_by_value(y, 0.0, bottom), tf.int32)
        column = tf.cast(tf.clip_by_value(x, 0.0, right), tf.int32)
        found = tf.gather(self.values, row * self.width + column + self.offsets)
        return tf.where(tf.expand_dims(inside, -1), found, outside)


def _warped(**named: Any) -> Any:
    """By tensorflow/core/kernels/image/image_ops.h."""
    call = _Warp(**named)
    images = tf.convert_to_tensor(call.images)
    pixels = _Pixels.of(images)
    x, y, finite = _places(call)
    outside = tf.cast(call.fill_value, tf.float32)
    x, y = _mapped(x, pixels.width, call.fill_mode), _mapped(y, pixels.height, call.fill_mode)
    pixels = _Pixels(
        tf.cast(pixels.values, tf.float32), pixels.height, pixels.width, pixels.offsets
    )
    read = _nearest if call.interpolation == "NEAREST" else _bilinear
    warped = tf.where(finite, read(pixels, y, x, outside), outside)
    return tf.cast(warped, images.dtype)


def _places(call: _Warp) -> tuple[Any, Any, Any]:
    """Where in the image each output is: x, y and whether that is anywhere at all."""
    height, width = tf.unstack(call.output_shape, num=2)
    x = tf.reshape(tf.cast(tf.range(width), tf.float32), [1, 1, -1])
    y = tf.reshape(tf.cast(tf.range(height), tf.float32), [1, -1, 1])
    part = [
        tf.reshape(one, [-1, 1, 1])
        for one in tf.split(tf.cast(call.transforms, tf.float32), 8, axis=1)
    ]
    depth = part[6] * x + part[7] * y + 1.0
    finite = depth != 0.0
    divisor = tf.where(finite, depth, 1.0)
    return (
        (part[0] * x + part[1] * y + part[2]) / divisor,
        (part[3] * x + part[4] * y + part[5]) / divisor,
        tf.expand_dims(finite, -1),
    )


def _nearest(pixels: _Pixels, y: Any, x: Any, outside: Any) -> Any:
    return pixels.read(_rounded(y), _rounded(x), outside)


def _bilinear(pixels: _Pixels, y: Any, x: Any, outside: Any) -> Any:
    top, left = tf.floor(y), tf.floor(x)
    down, across = tf.expand_dims(y - top, -1), tf.expand_dims(x - left, -1)

    def along(row: Any) -> Any:
        before = pixels.read(row, left, outside)
        after = pixels.read(row, left + 1.0, outside)
        return (1.0 - across) * before + across * after

    return (1.0 - down) * along(top) + down * along(top + 1.0)


def _rounded(places: Any) -> Any:
    """To the nearest, halves away from zero."""
    return tf.sign(places) * tf.floor(tf.abs(places) + 0.5)


def _mapped(places: Any, size: Any, mode: str) -> Any:
    """Places outside of the image, brought into it as the mode says: ``MapCoordinate``."""
    length = _float(size)
    match mode:
        case "CONSTANT":
            return places
        case "NEAREST":
            mapped = places
        case "REFLECT":
            mapped = _reflected(places, length)
        case _:
            mapped = _wrapped(places, length)
    return tf.clip_by_value(mapped, 0.0, length - 1.0)


def _reflected(places: Any, length: Any) -> Any:
    period = 2.0 * length
    below = places + period * tf.floor(-places / period)
    below = tf.where(below < -length, below + period, -below - 1.0)
    above = places - period * tf.floor(places / period)
    above = tf.where(above >= length, period - above - 1.0, above)
    return tf.where(places < 0.0, below, tf.where(places > length - 1.0, above, places))


def _wrapped(places: Any, length: Any) -> Any:
    step = tf.maximum(length - 1.0, 1.0)
    below = places + length * (tf.floor(-places / step) + 1.0)
    above = places - length * tf.floor(places / step)
    return tf.where(places < 0.0, below, tf.where(places > length - 1.0, above, places))


def _float(size: Any) -> Any:
    return float(size) if isinstance(size, int) else tf.cast(size, tf.float32)


LOWERINGS = (
    Lowering(
        replaces="tensorflow._api.v2.raw_ops:ImageProjectiveTransformV3",
        targets=(Format.ONNX, Format.TFLITE),
        what="affine and perspective transforms of images",
        why="Refused: no counterpart.",
        by=_warped,
    ),
)
