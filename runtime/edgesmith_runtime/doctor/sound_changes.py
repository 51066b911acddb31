"""Mistakes with recordings: rate, channels, amplitude, padding."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.doctor.faults import Change, Fault, after, instead, on_samples
from edgesmith_runtime.transforms.resampling import resampled
from edgesmith_runtime.transforms.samples import stacked
from edgesmith_runtime.transforms.wav import read_wav
from edgesmith_runtime.transforms.waveform import PreEmphasis, recordings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from edgesmith_runtime.transforms import Batch, Op
    from edgesmith_runtime.transforms.audio import DecodeAudio
    from edgesmith_runtime.transforms.waveform import FitLength

__all__ = ["of_decoding", "of_emphasis", "of_fitting"]

COEFFICIENTS = (0.97, 0.95, 0.9)  # of pre-emphasis, as HTK, Kaldi and speech libraries have it


def of_decoding(index: int, op: DecodeAudio) -> Iterator[Change]:
    """Mistakes in reading a recording.

    Args:
        index: Of the step ``decode_audio``.
        op: That step.
    """
    rate = op.sample_rate
    for words, resample in _RESAMPLERS.items():
        yield Change(
            fault=Fault.SAMPLE_RATE,
            words=f"{words} where the bundle resamples to {rate} Hz with a low-pass filter",
            step=index,
            wrap=instead(_Read(rate, resample=resample)),
            replaces=True,
        )
    for words, mix in _MIXES.items():
        yield Change(
            fault=Fault.CHANNEL_MIX,
            words=f"{words} where the bundle takes the mean of the channels",
            step=index,
            wrap=_mixing(rate, mix),
        )
    for words, change in _AMPLITUDES.items():
        yield Change(
            fault=Fault.AMPLITUDE,
            words=f"{words} where the bundle feeds shares of full scale (-1 .. 1)",
            step=index,
            wrap=after(on_samples(change)),
        )


def of_emphasis(index: int) -> Iterator[Change]:
    """Pre-emphasis where the bundle has none.

    Args:
        index: Of the step ``decode_audio``.
    """
    for coefficient in COEFFICIENTS:
        yield Change(
            fault=Fault.OTHER_STEP,
            words=f"does pre-emphasis with {coefficient:g} where the bundle does none",
            step=index,
            wrap=after(PreEmphasis(coefficient)),
        )


def _as_recorded(samples: NDArray[Any], *_: int) -> NDArray[Any]:
    return samples


def _linear(samples: NDArray[Any], rate: int, wanted: int) -> NDArray[Any]:
    places = np.arange(-(-len(samples) * wanted // rate)) * (rate / wanted)
    return np.interp(places, np.arange(len(samples)), samples)


def _nearest(samples: NDArray[Any], rate: int, wanted: int) -> NDArray[Any]:
    places = np.arange(-(-len(samples) * wanted // rate)) * (rate / wanted)
    return samples[np.minimum(places.astype(np.intp), len(samples) - 1)]


def _by_fourier(samples: NDArray[Any], rate: int, wanted: int) -> NDArray[Any]:
    n_wanted = -(-len(samples) * wanted // rate)
    spectrum = np.fft.rfft(samples)[: n_wanted // 2 + 1]
    return np.fft.irfft(spectrum, n_wanted) * (n_wanted / len(samples))


def _by_short_filter(samples: NDArray[Any], rate: int, wanted: int) -> NDArray[Any]:
    """``scipy.signal.resample_poly`` as it is without arguments: a Kaiser window of beta 5."""
    divisor = math.gcd(rate, wanted)
    up, down = wanted // divisor, rate // divisor
    half = 10 * max(up, down)
    taps = np.sinc(np.arange(-half, half + 1) / max(up, down)) * np.kaiser(2 * half + 1, 5.0)
    spread = np.zeros(len(samples) * up)
    spread[::up] = samples
    filtered = np.convolve(spread, taps * (up / taps.sum()))
    return filtered[half : half + len(spread)][::down]


_RESAMPLERS: dict[str, Callable[[NDArray[Any], int, int], NDArray[Any]]] = {
    "does not resample": _as_recorded,
    "resamples by leaving samples out": _nearest,
    "resamples by linear interpolation": _linear,
    "resamples by a short filter (as scipy's resample_poly)": _by_short_filter,
    "resamples by a Fourier transform of the whole": _by_fourier,
}
_MIXES: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "takes the first channel": lambda channels: channels[:, 0],
    "takes the last channel": lambda channels: channels[:, -1],
    "adds the channels up": lambda channels: channels.sum(axis=1),
    "feeds the channels' samples one after another (interleaved)": lambda channels: (
        channels.reshape(-1)
    ),
}


def _peak(samples: NDArray[Any]) -> NDArray[Any]:
    return samples / np.maximum(np.abs(samples).max(axis=-1, keepdims=True), 1e-12)


_AMPLITUDES: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "feeds 16-bit numbers (-32768 .. 32767)": lambda x: x * np.float32(32768),
    "feeds 8-bit numbers (-128 .. 127)": lambda x: x * np.float32(128),
    "feeds 24-bit numbers": lambda x: x * np.float32(1 << 23),
    "feeds 32-bit numbers": lambda x: x * np.float32(1 << 31),
    "divides twice by 32768": lambda x: x / np.float32(32768),
    "divides by the recording's own peak": _peak,
    "subtracts the recording's own mean": lambda x: x - x.mean(axis=-1, keepdims=True),
}


class _Read:
    """Recordings read with another resampling or another mix of the channels."""

    def __init__(
        self,
        rate: int,
        *,
        resample: Callable[[NDArray[Any], int, int], NDArray[Any]] = resampled,
        mix: Callable[[NDArray[Any]], NDArray[Any]] = lambda channels: channels.mean(axis=1),
    ) -> None:
        self._rate = rate
        self.resample = resample
        self._mix = mix

    def __call__(self, recordings: Batch) -> Batch:
        return stacked([self._one(raw) for raw in recordings])

    def _one(self, raw: object) -> NDArray[np.float32]:
        rate, channels = self._rate, raw
        if isinstance(raw, str | os.PathLike):
            rate, channels = read_wav(Path(os.fsdecode(cast("str", raw))).read_bytes(), "file")
        elif isinstance(raw, bytes | bytearray | memoryview):
            rate, channels = read_wav(bytes(cast("bytes", raw)), "bytes")
        elif isinstance(raw, tuple):
            rate, channels = cast("tuple[int, Any]", raw)
        array = np.asarray(channels)
        if array.dtype.kind == "i":
            array = array / -float(np.iinfo(array.dtype).min)
        mixed = self._mix(array.reshape(len(array), -1)).astype(np.float32)
        made = mixed if rate == self._rate else self.resample(mixed, rate, self._rate)
        return np.ascontiguousarray(made, np.float32)


def _resampler(op: Op) -> Callable[[NDArray[Any], int, int], NDArray[Any]]:
    return op.resample if isinstance(op, _Read) else resampled


def _mixing(rate: int, mix: Callable[[NDArray[Any]], NDArray[Any]]) -> Callable[[Op], Op]:
    return lambda op: _Read(rate, resample=_resampler(op), mix=mix)


def of_fitting(index: int, op: FitLength) -> Iterator[Change]:
    """Mistakes in bringing a recording to its length.

    Args:
        index: Of the step ``fit_length``.
        op: That step.
    """
    for words, fit in (
        ("adds the zeros before the recording", _zeros_first),
        ("keeps the end of a long recording", _end_kept),
        ("repeats the recording up to its length", _repeated),
        ("repeats the last sample up to its length", _held),
    ):
        yield Change(
            fault=Fault.PADDING,
            words=f"{words} where the bundle has align '{op.align}'",
            step=index,
            wrap=instead(_fitting(fit, op.length)),
            replaces=True,
        )


def _fitting(fit: Callable[[NDArray[Any], int], NDArray[Any]], length: int) -> Op:
    def fitted(samples: Batch) -> Batch:
        return np.stack([fit(recording, length) for recording in recordings_of(samples)])

    return fitted


def _zeros_first(recording: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    return np.pad(recording[:length], (max(0, length - len(recording)), 0))


def _end_kept(recording: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    return np.pad(recording[-length:], (0, max(0, length - len(recording))))


def _repeated(recording: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    return np.resize(recording, length)


def _held(recording: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    return np.pad(recording[:length], (0, max(0, length - len(recording))), mode="edge")
