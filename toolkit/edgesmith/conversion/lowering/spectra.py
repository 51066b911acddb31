# pyright: basic
"""Spectra of ``tf.signal``, whose complex numbers no target has: as pairs of real ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgesmith.conversion.lowering.fourier import backward, forward, lengthened
from edgesmith.conversion.lowering.lowering import Lowering
from edgesmith.quiet import quiet_start
from edgesmith_runtime.spec import Format

with quiet_start():
    import tensorflow as tf

__all__ = ["LOWERINGS"]


def _rfft(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Any:
    """The pair inside a ``Complex``, which goes where nothing but its parts is used."""
    x = tf.convert_to_tensor(input_tensor, name=name)
    n = _length(fft_length, x.shape[-1])
    if tf.executing_eagerly() or n is None or x.dtype != tf.float32:
        return NotImplemented
    return tf.complex(*forward(lengthened(x, n), None, n, n // 2 + 1))


def _irfft(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Any:
    x = tf.convert_to_tensor(input_tensor, name=name)
    bins = x.shape[-1]
    n = _length(fft_length, bins and 2 * (bins - 1))
    parts = _parts(x)
    if parts is None or n is None or bins is None:
        return NotImplemented
    return backward(*parts, n, None)


def _fft(input: Any, name: str | None = None) -> Any:
    x = tf.convert_to_tensor(input, name=name)
    parts, n = _parts(x), x.shape[-1]
    if parts is None or n is None:
        return NotImplemented
    return tf.complex(*forward(*parts, n, n))


def _abs(x: Any, name: str | None = None) -> Any:
    parts = _parts(x)
    if parts is None:
        return NotImplemented
    return tf.sqrt(tf.square(parts[0]) + tf.square(parts[1]), name=name)


def _real(input: Any, name: str | None = None) -> Any:
    parts = _parts(input)
    return NotImplemented if parts is None else tf.identity(parts[0], name=name)


def _imag(input: Any, name: str | None = None) -> Any:
    parts = _parts(input)
    return NotImplemented if parts is None else tf.identity(parts[1], name=name)


def _angle(input: Any, name: str | None = None) -> Any:
    parts = _parts(input)
    return NotImplemented if parts is None else tf.atan2(parts[1], parts[0], name=name)


def _parts(x: Any) -> tuple[Any, Any] | None:
    """Of a complex tensor that was made of them in this graph; None for any other."""
    if not tf.is_symbolic_tensor(x) or x.op.type != "Complex":
        return None
    real, imaginary = x.op.inputs
    return (real, imaginary) if real.dtype == tf.float32 else None


def _length(fft_length: Any, own: int | None) -> int | None:
    if fft_length is None:
        return own
    known = tf.get_static_value(tf.convert_to_tensor(fft_length))
    return None if known is None else int(np.ravel(known)[0])


def _dct(input: Any, *args: Any, **named: Any) -> Any:
    """A cosine transform as a matrix: its answer to the unit vectors."""
    x = tf.convert_to_tensor(input)
    n = x.shape[-1]
    if tf.executing_eagerly() or n is None or x.dtype != tf.float32:
        return NotImplemented
    with tf.init_scope():
        matrix = tf.signal.dct(tf.eye(n), *args, **named).numpy()
    return tf.tensordot(x, matrix, axes=1)


LOWERINGS = tuple(
    Lowering(
        replaces=f"tensorflow.python.ops.{place}",
        targets=(Format.ONNX, Format.TFLITE),
        what=what,
        why="Refused: complex numbers.",
        by=by,
    )
    for place, what, by in (
        ("signal.fft_ops:fft", "tf.signal.fft", _fft),
        ("signal.fft_ops:rfft", "tf.signal.rfft, stft", _rfft),
        ("signal.fft_ops:irfft", "tf.signal.irfft, inverse_stft", _irfft),
        ("signal.dct_ops:dct", "tf.signal.dct, mfccs_from_log_mel_spectrograms", _dct),
        ("math_ops:abs", "the magnitude of a spectrum", _abs),
        ("math_ops:real", "the real part of a spectrum", _real),
        ("math_ops:imag", "the imaginary part of a spectrum", _imag),
        ("math_ops:angle", "the phase of a spectrum", _angle),
    )
)
