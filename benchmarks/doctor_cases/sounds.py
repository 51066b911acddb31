"""Apps that prepare recordings with numpy and scipy: one rightly, the others each with a mistake."""

from __future__ import annotations

import io
import wave
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import signal

from doctor_cases.case import Case, model_of
from edgesmith_runtime.doctor import Fault
from edgesmith_runtime.manifest import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["sound_cases"]

RATE = 8000
RECORDED_RATE = 16000
LENGTH = 8000
FRAME, HOP, FFT = 256, 128, 256
N_MELS = 40
FLOOR = 1e-6
OFFSET, SCALE = -4.0, 3.0
N_FRAMES = 1 + (LENGTH - FRAME) // HOP


def sound_cases() -> list[Case]:
    """A case for each mistake, on a stereo recording of 0.9 s at twice the bundle's rate."""
    model = model_of(
        Kind.AUDIO,
        (N_FRAMES, N_MELS),
        ("decode_audio", {"sample_rate": RATE}),
        ("fit_length", {"length": LENGTH}),
        ("stft", {"frame_length": FRAME, "hop": HOP, "fft_length": FFT}),
        ("mel", {"sample_rate": RATE, "fft_length": FFT, "n_mels": N_MELS}),
        ("log", {"floor": FLOOR}),
        ("scale", {"offset": [OFFSET], "scale": [SCALE]}),
    )
    content = _recording()
    return [
        Case(
            name=name,
            model=model,
            raw=content,
            tensor=np.asarray(app(content))[None].astype(np.float32),
            faults=tuple(faults),
        )
        for name, (app, *faults) in _APPS.items()
    ]


def _recording() -> bytes:
    """Two channels of rising tones in noise, 16 bits; nothing is below -60 dB."""
    rng = np.random.default_rng(5)
    time = np.arange(int(0.9 * RECORDED_RATE)) / RECORDED_RATE
    left = 0.4 * np.sin(2 * np.pi * (300 + 1400 * time) * time) + 0.02 * rng.normal(
        size=time.size
    )
    right = 0.3 * np.sin(2 * np.pi * 2600 * time) * np.exp(-3 * time)
    right += 0.2 * np.sin(2 * np.pi * 5200 * time) + 0.03 * rng.normal(size=time.size)
    channels = np.stack([left, right], axis=1)
    stored = io.BytesIO()
    with wave.open(stored, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RECORDED_RATE)
        file.writeframes(np.round(channels * 32767).clip(-32768, 32767).astype("<i2").tobytes())
    return stored.getvalue()


def _channels(content: bytes) -> NDArray[np.float64]:
    with wave.open(io.BytesIO(content)) as file:
        numbers = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return numbers.reshape(-1, 2) / 32768


def _halved(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """From 16 to 8 kHz by the filter that the documentation of the step names."""
    half = 64
    taps = np.sinc(0.47 * np.arange(-half, half + 1)) * np.kaiser(2 * half + 1, 10.0)
    return signal.resample_poly(samples, 1, 2, window=taps / taps.sum())


def _mono(content: bytes) -> NDArray[np.float64]:
    return _halved(_channels(content).mean(axis=1))


def _fitted(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.pad(samples[:LENGTH], (0, max(0, LENGTH - len(samples))))


def _power(
    samples: NDArray[np.float64], window: Any = None, hop: int = HOP, frame: int = FRAME
) -> NDArray[np.float64]:
    window = signal.get_window("hann", frame) if window is None else window
    starts = range(0, len(samples) - frame + 1, hop)
    frames = np.stack([samples[start : start + frame] * window for start in starts])
    return np.abs(np.fft.rfft(frames, max(frame, FFT))) ** 2


def _to_mel(hertz: Any) -> Any:
    return 2595 * np.log10(1 + np.asarray(hertz) / 700)


def _mel(power: NDArray[np.float64]) -> NDArray[np.float64]:
    n_bins = power.shape[1]
    places = _to_mel(np.linspace(0, RATE / 2, n_bins))
    edges = np.linspace(0, _to_mel(RATE / 2), N_MELS + 2)
    bank = np.zeros((n_bins, N_MELS))
    for band in range(N_MELS):
        low, middle, high = edges[band : band + 3]
        bank[:, band] = np.interp(places, [low, middle, high], [0, 1, 0], left=0, right=0)
    return power @ bank


def _librosa_mel(power: NDArray[np.float64]) -> NDArray[np.float64]:
    """The bands of librosa's documentation: linear to 1 kHz, straight in Hz, of equal area."""
    steps = np.linspace(0, 15 + 27 * np.log(RATE / 2 / 1000) / np.log(6.4), N_MELS + 2)
    hertz = np.where(steps < 15, steps * 200 / 3, 1000 * 6.4 ** ((steps - 15) / 27))
    places = np.linspace(0, RATE / 2, power.shape[1])
    bank = np.zeros((len(places), N_MELS))
    for band in range(N_MELS):
        low, middle, high = hertz[band : band + 3]
        triangle = np.interp(places, [low, middle, high], [0, 1, 0], left=0, right=0)
        bank[:, band] = triangle * 2 / (high - low)
    return power @ bank


def _logarithm(bands: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.log(np.maximum(bands, FLOOR))


def _finished(power: NDArray[np.float64]) -> NDArray[np.float64]:
    return (_logarithm(_mel(power)) - OFFSET) / SCALE


def _of_samples(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    return _finished(_power(_fitted(samples)))


def _symmetric(content: bytes) -> NDArray[np.float64]:
    window = signal.get_window("hann", FRAME, fftbins=False)
    return _finished(_power(_fitted(_mono(content)), window))


def _linear(content: bytes) -> NDArray[np.float64]:
    samples = _channels(content).mean(axis=1)
    wanted = np.arange(0, len(samples), RECORDED_RATE / RATE)
    return _of_samples(np.interp(wanted, np.arange(len(samples)), samples))


App = tuple[Any, ...]
_APPS: dict[str, App] = {
    "right": (lambda x: _of_samples(_mono(x)),),
    "not resampled": (
        lambda x: _of_samples(_channels(x).mean(axis=1)),
        Fault.SAMPLE_RATE,
    ),
    "every second sample": (
        lambda x: _of_samples(_channels(x).mean(axis=1)[::2]),
        Fault.SAMPLE_RATE,
    ),
    "left channel alone": (
        lambda x: _of_samples(_halved(_channels(x)[:, 0])),
        Fault.CHANNEL_MIX,
    ),
    "16-bit numbers": (lambda x: _of_samples(_mono(x) * 32768), Fault.AMPLITUDE),
    "hamming": (
        lambda x: _finished(_power(_fitted(_mono(x)), signal.get_window("hamming", FRAME))),
        Fault.WINDOW,
    ),
    "symmetric hann": (_symmetric, Fault.WINDOW),
    "hop of 64": (
        lambda x: _finished(_power(_fitted(_mono(x)), hop=64))[:N_FRAMES],
        Fault.FRAMING,
    ),
    "frames of 512": (
        lambda x: np.pad(_finished(_power(_fitted(_mono(x)), frame=512)), ((0, 0), (0, 0))),
        Fault.FRAMING,
    ),
    "no logarithm": (
        lambda x: (_mel(_power(_fitted(_mono(x)))) - OFFSET) / SCALE,
        Fault.LOGARITHM,
    ),
    "decibels": (
        lambda x: (
            (10 / np.log(10) * _logarithm(_mel(_power(_fitted(_mono(x))))) - OFFSET) / SCALE
        ),
        Fault.LOGARITHM,
    ),
    "zeros before the recording": (
        lambda x: _of_samples(np.pad(_mono(x), (LENGTH - len(_mono(x)), 0))),
        Fault.PADDING,
    ),
    "linear interpolation": (_linear, Fault.SAMPLE_RATE),
    "magnitude": (
        lambda x: _finished(np.sqrt(_power(_fitted(_mono(x))))),
        Fault.SPECTRUM,
    ),
    "half as loud": (lambda x: _of_samples(_mono(x) / 2), Fault.AMPLITUDE),
    "a DC offset": (lambda x: _of_samples(_mono(x) + 0.02), Fault.AMPLITUDE),
    "pre-emphasis": (
        lambda x: _of_samples(signal.lfilter([1, -0.97], [1], _mono(x))),
        Fault.OTHER_STEP,
    ),
    "librosa's bands": (
        lambda x: (_logarithm(_librosa_mel(_power(_fitted(_mono(x))))) - OFFSET) / SCALE,
        Fault.FILTER_BANK,
    ),
    "no normalization": (
        lambda x: _logarithm(_mel(_power(_fitted(_mono(x))))),
        Fault.MISSING_NORMALIZATION,
    ),
}
