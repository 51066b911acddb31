# pyright: basic
"""Images resized, by every interpolation of Keras."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.conversion.carrier import onnx_node
from edgesmith.conversion.lowering.lowering import Lowering
from edgesmith.conversion.lowering.sampling import (
    free_taps,
    free_weights,
    interpolated,
    nearest_indices,
    taps_of,
    weighed,
    weights_of,
)
from edgesmith.quiet import quiet_start
from edgesmith_runtime.spec import Format

with quiet_start():
    import keras
    import tensorflow as tf
    from keras.src import backend
    from keras.src.backend.tensorflow.image import RESIZE_INTERPOLATIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LOWERINGS"]

_HEIGHT, _WIDTH = 1, 2
_NATIVE_NEAREST = {
    Format.ONNX: ("float32", "int32", "uint8"),  # onnxruntime's Resize
    Format.TFLITE: ("float32",),  # what its converter takes for RESIZE_NEAREST_NEIGHBOR
}
# Inputs for each one that counts, up to which a matrix product is faster than reading those that
# count: measured with bicubic images of 96 to 640 pixels, both engines, about even at 64.
_MATRIX_UP_TO = 64


@dataclass(frozen=True, slots=True)
class _Resize:
    """A call of the backend's ``resize``: its arguments in their order."""

    images: Any
    size: Sequence[Any]
    interpolation: str = "bilinear"
    antialias: bool = False
    crop_to_aspect_ratio: bool = False
    pad_to_aspect_ratio: bool = False
    fill_mode: str = "constant"
    fill_value: float = 0.0
    data_format: str | None = None

    @property
    def layout(self) -> str:
        """Where the channels are; by Keras' configuration if that is not said."""
        return self.data_format or keras.config.image_data_format()


@dataclass(frozen=True, slots=True)
class _TfResize:
    """A call of ``tf.image.resize``: its arguments in their order."""

    images: Any
    size: Any
    method: str = "bilinear"
    preserve_aspect_ratio: bool = False
    antialias: bool = False
    name: str | None = None


def _resized_by_tensorflow(fmt: Format, *args: Any, **named: Any) -> Any:
    """What a model's own code calls, and Keras where its call is left as it is."""
    call = _TfResize(*args, **named)
    images = tf.convert_to_tensor(call.images)
    half = images.dtype.is_floating and images.dtype != tf.float32
    unlike = call.preserve_aspect_ratio or half or call.method not in RESIZE_INTERPOLATIONS
    if tf.executing_eagerly() or unlike or images.shape.rank not in (3, 4):
        return NotImplemented
    if images.shape.rank == 3:
        batch = tf.expand_dims(images, 0)
        return tf.image.resize(batch, call.size, call.method, antialias=call.antialias)[0]
    size = tf.unstack(call.size, num=2) if tf.is_tensor(call.size) else call.size
    return _interpolated(fmt, images, _Resize(images, size, call.method, call.antialias))


def _resized(fmt: Format, *args: Any, **named: Any) -> Any:
    """A batch or one image, whatever its layout, cut or filled up first where that is asked."""
    call = _Resize(*args, **named)
    images = tf.convert_to_tensor(call.images)
    if images.shape.rank == 3:
        return _resized_again(call, tf.expand_dims(images, 0))[0]
    if call.layout == "channels_first":
        last = replace(call, data_format="channels_last")
        resized = _resized_again(last, tf.transpose(images, (0, 2, 3, 1)))
        return tf.transpose(resized, (0, 3, 1, 2))
    if call.crop_to_aspect_ratio or call.pad_to_aspect_ratio:
        fitted = _cropped(images, call) if call.crop_to_aspect_ratio else _padded(images, call)
        plain = replace(call, crop_to_aspect_ratio=False, pad_to_aspect_ratio=False)
        return _resized_again(plain, fitted)
    return _interpolated(fmt, images, call)


def _resized_again(call: _Resize, images: Any) -> Any:
    return backend.image.resize(
        images,
        call.size,
        interpolation=call.interpolation,
        antialias=call.antialias,
        crop_to_aspect_ratio=call.crop_to_aspect_ratio,
        pad_to_aspect_ratio=call.pad_to_aspect_ratio,
        fill_mode=call.fill_mode,
        fill_value=call.fill_value,
        data_format=call.layout,
    )


def _interpolated(fmt: Format, images: Any, call: _Resize) -> Any:
    size = tuple(_size(length) for length in call.size)
    if call.interpolation == "nearest":
        return _copied(fmt, images, size)
    if images.dtype.is_floating:
        if call.interpolation != "bilinear":
            return _sampled(images, size, call)
        if call.antialias:  # which leaves an image that grows as it is
            grows = _enlarges(_lengths(images), size)
            plain = replace(call, antialias=False)
            return _resized_again(plain, images) if grows else _sampled(images, size, call)
        return NotImplemented if fmt is Format.TFLITE else _linear(images, size)
    # What Keras rounds then must have the very bits of TensorFlow, so that halves round alike.
    floats = tf.cast(images, tf.float32)
    if call.interpolation == "bilinear" and not call.antialias:
        width_first = interpolated(floats, _lengths(floats)[1], size[1], _WIDTH)
        return interpolated(width_first, _lengths(floats)[0], size[0], _HEIGHT)
    return _sampled(floats, size, call, exact=True)


def _sampled(images: Any, size: Sequence[Any], call: _Resize, *, exact: bool = False) -> Any:
    """By weights: as matrix products, or as sums of what counts."""
    lengths = _lengths(images)
    free = not all(isinstance(length, int) for length in (*lengths, *size))
    if free and (call.antialias or call.interpolation == "area"):
        weights = [
            free_weights(n_in, n_out, call.interpolation)
            for n_in, n_out in zip(lengths, size, strict=True)
        ]
        return _multiplied(images, *weights)
    if free:
        taps = [
            free_taps(n_in, n_out, call.interpolation)
            for n_in, n_out in zip(lengths, size, strict=True)
        ]
        return weighed(weighed(images, taps[0], _HEIGHT), taps[1], _WIDTH)
    weights = [
        weights_of(n_in, n_out, call.interpolation, antialias=call.antialias)
        for n_in, n_out in zip(lengths, size, strict=True)
    ]
    taps = [taps_of(one) for one in weights]
    n_taps = [one.weights.shape[1] for one in taps]
    if exact or any(n > _MATRIX_UP_TO * k for n, k in zip(lengths, n_taps, strict=True)):
        return weighed(weighed(images, taps[0], _HEIGHT), taps[1], _WIDTH)
    return _multiplied(images, *weights)


def _multiplied(images: Any, rows: Any, columns: Any) -> Any:
    """Two matrix products; first the one that leaves less for the other."""
    planes = tf.transpose(images, (0, 3, 1, 2))
    if _growth(rows) < _growth(columns):
        resized = tf.matmul(tf.matmul(rows, planes), columns, transpose_b=True)
    else:
        resized = tf.matmul(rows, tf.matmul(planes, columns, transpose_b=True))
    return tf.transpose(resized, (0, 2, 3, 1))


def _growth(weights: Any) -> float:
    n_out, n_in = weights.shape
    return n_out / n_in if n_out and n_in else 1.0


def _copied(fmt: Format, images: Any, size: Sequence[Any]) -> Any:
    lengths = _lengths(images)
    native = images.dtype.name in _NATIVE_NEAREST[fmt]
    if native and fmt is Format.TFLITE:
        return NotImplemented
    if native and _is_multiple(lengths, size):
        return _resize_node(images, size, "nearest")
    for axis, n_in, n_out in zip((_HEIGHT, _WIDTH), lengths, size, strict=True):
        images = tf.gather(images, nearest_indices(n_in, n_out), axis=axis)
    return images


def _is_multiple(lengths: Sequence[Any], size: Sequence[Any]) -> bool:
    return all(
        isinstance(n_in, int) and isinstance(n_out, int) and n_out % n_in == 0
        for n_in, n_out in zip(lengths, size, strict=True)
    )


def _enlarges(lengths: Sequence[Any], size: Sequence[Any]) -> bool:
    return all(
        isinstance(n_in, int) and isinstance(n_out, int) and n_out >= n_in
        for n_in, n_out in zip(lengths, size, strict=True)
    )


def _linear(images: Any, size: Sequence[Any]) -> Any:
    return _resize_node(tf.cast(images, tf.float32), size, "linear")


def _resize_node(images: Any, size: Sequence[Any], mode: str) -> Any:
    """ONNX's Resize; by factors where all sizes are known, since the batch is not."""
    planes = tf.transpose(images, (0, 3, 1, 2))
    lengths = _lengths(images)
    if all(isinstance(length, int) for length in (*lengths, *size)):
        return _scaled(
            planes, [_factor(a, b) for a, b in zip(lengths, size, strict=True)], mode
        )
    sizes = tf.concat([tf.shape(planes)[:2], tf.stack(list(size))], axis=0)
    shape = [*planes.shape[:2], *(n if isinstance(n, int) else None for n in size)]
    return _node([planes, None, None, tf.cast(sizes, tf.int64)], shape, mode)


def _scaled(planes: Any, factors: Sequence[float], mode: str) -> Any:
    shape = [*planes.shape[:2]]
    shape += [n and int(n * f) for n, f in zip(planes.shape[2:], factors, strict=True)]
    return _node([planes, None, tf.constant([1.0, 1.0, *factors], tf.float32)], shape, mode)


def _node(inputs: list[Any], shape: list[int | None], mode: str) -> Any:
    attributes = (
        # For whole factors the same as by centres; onnxruntime has a fast path for this one.
        {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        if mode == "nearest"
        else {"coordinate_transformation_mode": "half_pixel"}
    )
    outputs = [tf.TensorSpec(shape, inputs[0].dtype)]
    (resized,) = onnx_node(
        "Resize", inputs, attributes={"mode": mode, **attributes}, outputs=outputs
    )
    return tf.transpose(resized, (0, 2, 3, 1))


def _factor(n_in: int, n_out: int) -> float:
    """The least float32 by which ``floor(n_in * factor)`` is what it shall be.

    The nearest float32 to the ratio can be too small: tf2onnx writes that, and onnxruntime gives
    images of one pixel less.
    """
    factor = np.float32(n_out / n_in)
    return float(factor if float(factor) * n_in >= n_out else np.nextafter(factor, np.inf))


def _upsampled(fmt: Format, _layer: Any, images: Any, *args: Any, **named: Any) -> Any:
    """``UpSampling2D``: the factors are whole numbers, and known where the size is not."""
    factors, data_format, kind = _upsampling(*args, **named)
    native = images.dtype.name in _NATIVE_NEAREST[fmt] and (
        kind == "nearest" or (kind == "bilinear" and images.dtype.is_floating)
    )
    if not native or (fmt is Format.TFLITE and kind != "nearest"):
        return NotImplemented
    first = data_format == "channels_first"
    if fmt is Format.ONNX:
        planes = images if first else tf.transpose(images, (0, 3, 1, 2))
        resized = _scaled(planes, factors, "nearest" if kind == "nearest" else "linear")
    else:
        last = tf.transpose(images, (0, 2, 3, 1)) if first else images
        size = [n * f for n, f in zip(_lengths(last), factors, strict=True)]
        resized = tf.image.resize(last, tf.stack(size), method="nearest")
    return tf.transpose(resized, (0, 3, 1, 2)) if first else resized


def _upsampling(
    height_factor: int, width_factor: int, data_format: str, interpolation: str = "nearest"
) -> tuple[tuple[int, int], str, str]:
    return (height_factor, width_factor), data_format, interpolation


def _cropped(images: Any, call: _Resize) -> Any:
    """The middle of the shape that is asked for, as the backend's ``resize`` cuts it out."""
    height, width = _lengths(images)
    part = [
        _least(height, _matching(width, *call.size)),
        _least(width, _matching(height, *reversed(call.size))),
    ]
    part = [_most(length, 1) for length in part]
    top, left = ((n - kept) // 2 for n, kept in zip((height, width), part, strict=True))
    return images[:, top : top + part[0], left : left + part[1], :]


def _padded(images: Any, call: _Resize) -> Any:
    """The image in the middle of the shape that is asked for, as the backend pads it."""
    height, width = _lengths(images)
    whole = (
        _most(height, _matching(width, *call.size)),
        _most(width, _matching(height, *reversed(call.size))),
    )
    top, left = ((n - kept) // 2 for n, kept in zip(whole, (height, width), strict=True))
    # tf2onnx writes the value of a Pad of bytes in another dtype than theirs.
    padded_dtype = tf.float32 if images.dtype.size < 4 else images.dtype
    padded = tf.pad(
        tf.cast(images, padded_dtype),
        [[0, 0], [top, top], [left, left], [0, 0]],
        constant_values=tf.cast(call.fill_value, padded_dtype),
    )
    return tf.cast(padded, images.dtype)


def _matching(length: Any, own: int, other: int) -> Any:
    """How long an axis is whose sizes are as ``own`` to ``other``."""
    if isinstance(length, int):
        return int(np.float32(length * own) / np.float32(other))
    return tf.cast(tf.cast(length * own, tf.float32) / other, tf.int32)


def _least(a: Any, b: Any) -> Any:
    return min(a, b) if isinstance(a, int) and isinstance(b, int) else tf.minimum(a, b)


def _most(a: Any, b: Any) -> Any:
    return max(a, b) if isinstance(a, int) and isinstance(b, int) else tf.maximum(a, b)


def _lengths(images: Any) -> tuple[Any, Any]:
    """Height and width: whole numbers where they are known, else tensors."""
    shape, known = tf.shape(images), images.shape
    return known[_HEIGHT] or shape[_HEIGHT], known[_WIDTH] or shape[_WIDTH]


def _size(length: Any) -> Any:
    """A size that is asked for, as a whole number where it is one."""
    known = tf.get_static_value(length) if tf.is_tensor(length) else length
    return tf.cast(length, tf.int32) if known is None else int(known)


LOWERINGS = (
    *(
        Lowering(
            replaces=place,
            targets=(fmt,),
            what="resizing: bicubic, lanczos, area, antialiased, whole-number images",
            why=why,
            by=partial(by, fmt),
        )
        for place, by in (
            ("keras.src.backend.tensorflow.image:resize", _resized),
            ("tensorflow._api.v2.image:resize", _resized_by_tensorflow),
        )
        for fmt, why in (
            (
                Format.ONNX,
                "Refused, or answers differ; some sizes come out one pixel too small.",
            ),
            (Format.TFLITE, "Refused; images of bytes can round another way."),
        )
    ),
    *(
        Lowering(
            replaces="keras.src.layers.reshaping.up_sampling2d:UpSampling2D._resize_images",
            targets=(fmt,),
            what="upsampling by whole factors",
            why="Repeats rows and columns instead of the engine's own resize.",
            by=partial(_upsampled, fmt),
        )
        for fmt in (Format.ONNX, Format.TFLITE)
    ),
)
