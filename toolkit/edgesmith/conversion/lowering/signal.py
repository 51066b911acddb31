# pyright: basic
"""Fourier transforms, also of frames of a signal."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgesmith.conversion.lowering.fourier import (
    backward,
    forward,
    forward_free,
    lengthened,
)
from edgesmith.conversion.lowering.lowering import Lowering
from edgesmith.quiet import quiet_start
from edgesmith_runtime.spec import Format

with quiet_start():
    import tensorflow as tf

__all__ = ["LOWERINGS"]


@dataclass(frozen=True, slots=True)
class _Frames:
    """How the backend's ``stft`` and ``istft`` cut a signal into frames."""

    sequence_length: int
    sequence_stride: int
    fft_length: int
    window: Any = "hann"
    center: bool = True

    def weights(self) -> np.ndarray | None:
        """The window, in the middle of the frame."""
        if self.window is None:
            return None
        if isinstance(self.window, str):
            make = {"hann": tf.signal.hann_window, "hamming": tf.signal.hamming_window}
            with tf.init_scope():
                window = make[self.window](self.sequence_length, periodic=True).numpy()
        else:
            window = np.asarray(self.window, np.float32)
        before = (self.fft_length - self.sequence_length) // 2
        return np.pad(window, (before, self.fft_length - self.sequence_length - before))

    def inverse_weights(self) -> np.ndarray | None:
        """The window by which overlapping frames add up to the signal again."""
        window = self.weights()
        if window is None:
            return None
        with tf.init_scope():
            inverse = tf.signal.inverse_stft_window_fn(
                self.sequence_stride, lambda _step, dtype: tf.constant(window, dtype)
            )
            return inverse(self.fft_length, dtype=tf.float32).numpy()


def _fft(x: Any) -> Any:
    real, imaginary = (tf.convert_to_tensor(part) for part in x)
    return _transformed(real, imaginary)


def _transformed(real: Any, imaginary: Any) -> tuple[Any, Any]:
    n = real.shape[-1]
    if n is None:
        return forward_free(real, imaginary, tf.shape(real)[-1])
    return forward(real, imaginary, n, n)


def _fft2(x: Any) -> Any:
    real, imaginary = _fft(x)
    columns = _transformed(_swapped(real), _swapped(imaginary))
    return _swapped(columns[0]), _swapped(columns[1])


def _swapped(values: Any) -> Any:
    return tf.linalg.matrix_transpose(values)


def _rfft(x: Any, fft_length: int | None = None) -> Any:
    x = tf.convert_to_tensor(x)
    if fft_length is None and x.shape[-1] is None:
        return forward_free(x, None, tf.shape(x)[-1] // 2 + 1)
    n = fft_length or x.shape[-1]
    return forward(lengthened(x, n), None, n, n // 2 + 1)


def _irfft(x: Any, fft_length: int | None = None) -> Any:
    real, imaginary = (tf.convert_to_tensor(part) for part in x)
    bins = real.shape[-1]
    if bins is None:
        return NotImplemented
    return backward(real, imaginary, fft_length or 2 * (bins - 1), None)


def _stft(x: Any, *args: Any, **named: Any) -> Any:
    frames = _Frames(*args, **named)
    x = tf.convert_to_tensor(x)
    if frames.center:
        half = frames.fft_length // 2
        padding = [[0, 0]] * (x.shape.rank - 1) + [[half, half]]
        x = tf.pad(x, padding, mode="REFLECT")
    cut = _cut(x, frames.fft_length, frames.sequence_stride)
    window = frames.weights()
    weighed = cut if window is None else cut * window
    return forward(weighed, None, frames.fft_length, frames.fft_length // 2 + 1)


def _cut(x: Any, length: int, stride: int) -> Any:
    """Frames ``(..., frame, length)``: reads of the pieces that all of them are made of."""
    n = x.shape[-1] or tf.shape(x)[-1]
    piece = math.gcd(length, stride)
    n_frames = (n - length) // stride + 1
    n_frames = max(n_frames, 0) if isinstance(n_frames, int) else tf.maximum(n_frames, 0)
    leading = _leading(x)
    pieces = tf.reshape(x[..., : n // piece * piece], tf.concat([leading, [-1, piece]], axis=0))
    starts = tf.range(n_frames) * (stride // piece)
    places = starts[:, tf.newaxis] + np.arange(length // piece, dtype=np.int32)
    cut = tf.gather(pieces, places, axis=x.shape.rank - 1)
    known = n_frames if isinstance(n_frames, int) else None
    framed = tf.reshape(cut, tf.concat([leading, [n_frames, length]], axis=0))
    return tf.ensure_shape(framed, [*x.shape[:-1], known, length])


def _leading(x: Any) -> Any:
    """The axes before the last, of which one may be free without being asked for at run time."""
    known = x.shape.as_list()[:-1]
    if known.count(None) == 0:
        return tf.constant(known, tf.int32)
    return tf.shape(x)[:-1]


def _istft(x: Any, *args: Any, length: int | None = None, **named: Any) -> Any:
    frames = _Frames(*args, **named)
    real, imaginary = (tf.convert_to_tensor(part) for part in x)
    cut = backward(real, imaginary, frames.fft_length, frames.inverse_weights())
    added = _added(cut, frames.sequence_stride)
    start = frames.fft_length // 2 if frames.center else 0
    if length is not None:
        return added[..., start : start + length]
    return added[..., start : -start or None]


def _added(cut: Any, stride: int) -> Any:
    """The sum of frames ``(..., frame, length)``, each a stride behind the one before."""
    known, length = cut.shape.as_list(), cut.shape[-1]
    n_steps = -(-length // stride)
    n_frames = known[-2] or tf.shape(cut)[-2]
    rest = [[0, 0]] * (len(known) - 1)
    padded = tf.pad(cut, [*rest, [0, n_steps * stride - length]])
    total: Any = None
    for step, part in enumerate(tf.split(padded, n_steps, axis=-1)):
        moved = tf.pad(part, [*rest[:-1], [step, n_steps - 1 - step], [0, 0]])
        total = moved if total is None else total + moved
    flat: Any = tf.reshape(total, tf.concat([_leading(cut)[:-1], [-1]], axis=0))
    return flat[..., : (n_frames - 1) * stride + length]


LOWERINGS = tuple(
    Lowering(
        replaces=f"keras.src.backend.tensorflow.math:{name}",
        targets=(Format.ONNX, Format.TFLITE),
        what=what,
        why=why,
        by=by,
    )
    for name, what, why, by in (
        ("fft", "Fourier transforms", "Refused: complex numbers.", _fft),
        ("fft2", "Fourier transforms of planes", "Refused: complex numbers.", _fft2),
        (
            "rfft",
            "Fourier transforms of real points",
            "Refused: complex numbers; TFLite has powers of two alone.",
            _rfft,
        ),
        ("irfft", "inverse Fourier transforms", "Refused: complex numbers.", _irfft),
        (
            "stft",
            "short-time Fourier transforms, spectrograms",
            "Refused: complex numbers; TFLite has powers of two alone.",
            _stft,
        ),
        ("istft", "signals of short-time spectra", "Refused: complex numbers.", _istft),
    )
)
