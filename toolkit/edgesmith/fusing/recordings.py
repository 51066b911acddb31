# pyright: basic
"""Steps on sound: a Fourier transform as a convolution with windowed cosines and sines, bands as a product."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.fusing.averages import centred
from edgesmith.fusing.refusal import NotInGraphError
from edgesmith.fusing.shapes import as_float, lengths
from edgesmith.quiet import quiet_start
from edgesmith_runtime.transforms.levels import UNITS
from edgesmith_runtime.transforms.mel import dct_matrix, mel_matrix
from edgesmith_runtime.transforms.spectra import window

with quiet_start():
    import tensorflow as tf

if TYPE_CHECKING:
    from edgesmith_runtime.transforms.framing import Frames
    from edgesmith_runtime.transforms.levels import Log, Pcen
    from edgesmith_runtime.transforms.mel import Dct, Mel
    from edgesmith_runtime.transforms.periodogram import PowerSpectrum
    from edgesmith_runtime.transforms.spectra import Stft
    from edgesmith_runtime.transforms.waveform import FitLength, PreEmphasis

__all__ = [
    "dct",
    "fit_length",
    "frames",
    "log",
    "mel",
    "pcen",
    "power_spectrum",
    "pre_emphasis",
    "stft",
]

_MAX_SPECTRUM = 4096  # points; the matrix is of half that by that, twice
_MAX_PCEN_FRAMES = 1024  # its recursion is one matrix of frames by frames


def fit_length(op: FitLength, samples: tf.Tensor) -> tf.Tensor:
    """``fit_length`` of recordings ``(batch, n)``; ``n`` may be free."""
    n_samples = lengths(samples)[1]
    spare = op.length - n_samples
    zero = tf.zeros_like(spare)
    before = skipped = zero
    if op.align == "center":
        before = tf.maximum(spare, zero) // 2
        skipped = tf.maximum(-spare, zero) // 2
    part = as_float(samples)[:, skipped : skipped + op.length]
    after = tf.maximum(spare, zero) - before
    padded = tf.pad(part, tf.stack([[0, 0], tf.stack([before, after])]))
    return tf.reshape(padded, [-1, op.length])


def pre_emphasis(op: PreEmphasis, samples: tf.Tensor) -> tf.Tensor:
    """``pre_emphasis`` of recordings ``(batch, n)``."""
    given = as_float(samples)
    return tf.concat([given[:, :1], given[:, 1:] - op.coefficient * given[:, :-1]], axis=1)


def frames(op: Frames, samples: tf.Tensor) -> tf.Tensor:
    """``frames`` by a table of places."""
    given = as_float(samples)
    n_samples = lengths(given)[1]
    if op.pad_end:
        n_frames = -(-n_samples // op.hop)
        missing = tf.maximum(0, (n_frames - 1) * op.hop + op.length - n_samples)
        widths = [[0, 0], tf.stack([0, missing]), *[[0, 0]] * (given.shape.rank - 2)]
        given = tf.pad(given, tf.stack(widths))
    elif isinstance(n_samples, int) and n_samples < op.length:
        raise NotInGraphError("its frames are longer than what comes in")
    else:
        n_frames = 1 + (n_samples - op.length) // op.hop
    places = tf.range(n_frames)[:, None] * op.hop + np.arange(op.length, dtype=np.int32)
    return tf.gather(given, places, axis=1)


def stft(op: Stft, samples: tf.Tensor) -> tf.Tensor:
    """``stft`` of recordings ``(batch, n)``: one convolution with a stride of ``hop``."""
    given = as_float(samples)
    if op.center != "none":
        given = _surrounded(op, given)
    n_samples = lengths(given)[1]
    if isinstance(n_samples, int) and n_samples < op.frame_length:
        raise NotInGraphError("its frames are longer than what comes in")
    kernel: Any = tf.constant(_fourier(op), tf.float32)
    parts = tf.nn.conv1d(tf.expand_dims(given, -1), kernel, stride=op.hop, padding="VALID")
    real, imaginary = tf.split(parts, 2, axis=-1)
    power = real * real + imaginary * imaginary
    return tf.sqrt(power) if op.result == "magnitude" else power


def _fourier(op: Stft) -> np.ndarray:
    """Windowed cosines, then sines, ``(frame_length, 1, 2 bins)``."""
    n_bins = op.fft_length // 2 + 1
    turns = np.outer(np.arange(op.frame_length), np.arange(n_bins)) % op.fft_length
    angles = 2 * np.pi / op.fft_length * turns
    waves = np.concatenate([np.cos(angles), -np.sin(angles)], axis=1)
    rounded = window(op.window, op.frame_length).astype(np.float32)  # as the runtime's
    return (rounded[:, None].astype(np.float64) * waves)[:, None, :]


def power_spectrum(op: PowerSpectrum, series: tf.Tensor) -> tf.Tensor:
    """``power_spectrum`` of ``(batch, time, channels)`` by a matrix for its known length."""
    given = as_float(series)
    n_points, n_channels = given.shape[1], given.shape[2]
    if n_points is None or n_channels is None or n_points > _MAX_SPECTRUM:
        raise NotInGraphError(
            f"its matrix needs a known number of points, at most {_MAX_SPECTRUM}"
        )
    weights = window(op.window, n_points) if n_points > 1 else np.ones(1)
    if op.subtract_mean:
        given = centred(given, [1])
    turns = np.outer(np.arange(n_points // 2 + 1), np.arange(n_points)) % n_points
    factor = np.full((n_points // 2 + 1, 1), 1.0 / weights.sum())
    factor[1 : (n_points + 1) // 2] *= math.sqrt(2.0)
    angles = 2 * np.pi / n_points * turns
    real, imaginary = (
        tf.matmul(tf.constant(factor * wave * weights, tf.float32), given)
        for wave in (np.cos(angles), np.sin(angles))
    )
    powers = real * real + imaginary * imaginary
    if op.log:
        powers = tf.math.log(powers + op.floor)
    return tf.reshape(powers, [-1, len(turns) * n_channels]) if op.flat else powers


def _surrounded(op: Stft, samples: tf.Tensor) -> tf.Tensor:
    """What ``center`` puts around recordings, as far as a window reaches."""
    n_before, n_after = op.n_around
    n_samples = lengths(samples)[1]
    if op.center == "zeros":
        return tf.pad(samples, [[0, 0], [n_before, n_after]])
    period = tf.maximum(2 * (n_samples - 1), 1)
    places = tf.math.floormod(tf.range(-n_before, n_samples + n_after), period)
    return tf.gather(samples, tf.minimum(places, period - places), axis=1)


def mel(op: Mel, spectra: tf.Tensor) -> tf.Tensor:
    """``mel`` as one product with its triangles."""
    matrix = mel_matrix(
        sample_rate=op.sample_rate,
        n_bins=op.fft_length // 2 + 1,
        n_mels=op.n_mels,
        low_hz=op.low_hz,
        high_hz=op.sample_rate / 2 if op.high_hz is None else op.high_hz,
        scale=op.scale,
        slopes=op.slopes,
        norm=op.norm,
    )
    return tf.matmul(as_float(spectra), tf.constant(matrix, tf.float32))


def dct(op: Dct, bands: tf.Tensor) -> tf.Tensor:
    """``dct`` as one product with its cosines."""
    matrix = dct_matrix(op.n_places, op.n_coefficients, op.norm)
    return tf.matmul(as_float(bands), tf.constant(matrix, tf.float32))


def log(op: Log, values: tf.Tensor) -> tf.Tensor:
    """``log`` above its floor."""
    return tf.math.log(tf.maximum(as_float(values), op.floor)) * UNITS[op.unit]


def pcen(op: Pcen, energies: tf.Tensor) -> tf.Tensor:
    """``pcen`` of ``(batch, frames, bands)``: its recursion as one triangular matrix."""
    given = as_float(energies)
    n_frames = given.shape[1]
    if given.shape.rank != 3 or n_frames is None or n_frames > _MAX_PCEN_FRAMES:
        raise NotInGraphError(
            f"its recursion needs a known number of frames, at most {_MAX_PCEN_FRAMES}"
        )
    lag = np.arange(n_frames)[:, None] - np.arange(n_frames)
    keep = 1 - op.smoothing
    matrix = np.where(lag >= 0, op.smoothing * keep ** np.maximum(lag, 0), 0.0)
    decay = keep ** np.arange(1, n_frames + 1)[:, None]
    start = given[:, :1] if op.initial is None else tf.constant(op.initial, tf.float32)
    smooth = tf.matmul(tf.constant(matrix, tf.float32), given)
    smooth += tf.constant(decay, tf.float32) * start
    ratio = given * tf.exp(-op.gain * tf.math.log(smooth + op.epsilon))
    root = tf.exp(op.power * tf.math.log(ratio + op.bias))
    return root - math.pow(op.bias, op.power)
