"""Steps on sound, held against TensorFlow, scipy and soxr, else against the formula by hand."""

from __future__ import annotations

from io import BytesIO
from math import gcd
from typing import Any

import keras
import numpy as np
import scipy.fft
import scipy.io.wavfile
import scipy.signal
import soxr
import tensorflow as tf

from edgesmith_runtime.transforms.resampling import resample_filter
from transform_cases.case import Case
from transform_cases.real import recordings

__all__ = ["CASES"]

RATE = 8000


def noise(rng: np.random.Generator) -> np.ndarray:
    return rng.uniform(-1, 1, (4, 6000)).astype(np.float32)


def noise_files(rng: np.random.Generator) -> list[bytes]:
    files: list[bytes] = []
    for kind in (np.int16, np.int32):
        stream = BytesIO()
        top = np.iinfo(kind).max
        scipy.io.wavfile.write(stream, RATE, (noise(rng)[0] * top).astype(kind))
        files.append(stream.getvalue())
    return files


def decoded(files: list[bytes]) -> Any:
    made: list[np.ndarray] = []
    for file in files:
        _, samples = scipy.io.wavfile.read(BytesIO(file))
        made.append((samples / -float(np.iinfo(samples.dtype).min)).astype(np.float32))
    return made


def spoken() -> np.ndarray | None:
    """Eight recordings in the length of the shortest."""
    files = recordings()
    if files is None:
        return None
    arrays = decoded(files)
    shortest = min(map(len, arrays))
    return np.stack([array[:shortest] for array in arrays])


def resampled(to_rate: int) -> Any:
    def expected(samples: np.ndarray) -> np.ndarray:
        common = gcd(RATE, to_rate)
        up, down = to_rate // common, RATE // common
        window = np.asarray(resample_filter(up, down)) / up  # scipy multiplies by it
        return scipy.signal.resample_poly(samples.astype(np.float64), up, down, 1, window)

    return expected


def tones(rng: np.random.Generator) -> np.ndarray:
    """Sums of tones below 2 kHz that start and end softly."""
    time = np.arange(8000) / RATE
    waves = [np.sin(2 * np.pi * (hz * time + rng.random())) for hz in rng.uniform(50, 2000, 12)]
    return (np.hanning(8000) * np.mean(waves, axis=0)).astype(np.float32)[None]


def by_soxr(samples: np.ndarray) -> np.ndarray:
    return np.stack([soxr.resample(one, RATE, 16000, quality="VHQ") for one in samples])


def trimmed(samples: np.ndarray) -> Any:
    """The formula of ``librosa.effects.trim`` by hand."""
    made: list[np.ndarray] = []
    for one in samples:
        padded = np.pad(one.astype(np.float64), 256)
        starts = range(0, len(padded) - 512 + 1, 128)
        power = np.array([np.mean(padded[start : start + 512] ** 2) for start in starts])
        loud = np.flatnonzero(10 * np.log10(np.maximum(power / power.max(), 1e-30)) > -20)
        made.append(one[loud[0] * 128 : (loud[-1] + 1) * 128])
    return made


def fitted(samples: np.ndarray) -> np.ndarray:
    return keras.utils.pad_sequences(
        list(samples), maxlen=7000, padding="post", truncating="post", dtype="float32"
    )


def power(samples: np.ndarray) -> np.ndarray:
    return np.abs(tf.signal.stft(samples, 200, 80, 256).numpy()) ** 2


def centred(samples: np.ndarray) -> np.ndarray:
    padded = np.pad(samples, ((0, 0), (128, 128)), mode="reflect")
    return np.abs(tf.signal.stft(padded, 256, 80, 256).numpy())


def spectrum(samples: np.ndarray | None) -> np.ndarray | None:
    return None if samples is None else power(samples).astype(np.float32)


def mel(given: np.ndarray) -> np.ndarray:
    matrix = tf.signal.linear_to_mel_weight_matrix(40, 129, RATE, 20.0, 4000.0)
    return tf.tensordot(given, matrix, 1).numpy()


def mel_energies(samples: np.ndarray | None) -> np.ndarray | None:
    return None if samples is None else mel(power(samples).astype(np.float32))


def decibels(given: np.ndarray) -> np.ndarray:
    return 10 * np.log10(np.maximum(given.astype(np.float64), 1e-10))


def pcen(given: np.ndarray) -> np.ndarray:
    energies = given.astype(np.float64)
    start = (1 - 0.025) * energies[:, :1]
    smooth, _ = scipy.signal.lfilter([0.025], [1, 0.025 - 1], energies, axis=1, zi=start)
    return (energies / (1e-6 + smooth) ** 0.98 + 2) ** 0.5 - 2**0.5


def _case(op: str, params: Any, against: str, expected: Any, bound: float, **more: Any) -> Case:
    given = {"real": spoken, "random": noise, **more}
    return Case(op=op, params=params, against=against, expected=expected, bound=bound, **given)


SPECTRA: dict[str, Any] = {
    "real": lambda: spectrum(spoken()),
    "random": lambda rng: spectrum(noise(rng)),
}
MELS: dict[str, Any] = {
    "real": lambda: mel_energies(spoken()),
    "random": lambda rng: mel_energies(noise(rng)),
}

CASES = (
    _case(
        "decode_audio",
        {"sample_rate": RATE},
        "`scipy.io.wavfile.read`",
        decoded,
        1e-7,
        real=recordings,
        random=noise_files,
    ),
    *(
        _case(
            "resample",
            {"from_rate": RATE, "to_rate": to_rate},
            f"`scipy.signal.resample_poly` with the same filter, {RATE} to {to_rate} Hz",
            resampled(to_rate),
            1e-6,
        )
        for to_rate in (16000, 11025, 6000)
    ),
    _case(
        "resample",
        {"from_rate": RATE, "to_rate": 16000},
        "soxr, very high quality, on tones below 2 kHz",
        by_soxr,
        2e-3,
        real=lambda: None,
        random=tones,
    ),
    _case(
        "trim_silence",
        {"threshold_db": 20.0, "frame_length": 512, "hop": 128},
        "the formula of `librosa.effects.trim` by hand",
        trimmed,
        0,
    ),
    _case("fit_length", {"length": 7000}, "Keras' `pad_sequences`", fitted, 0),
    _case(
        "pre_emphasis",
        {"coefficient": 0.97},
        "`scipy.signal.lfilter`",
        lambda samples: scipy.signal.lfilter([1, -0.97], [1], samples.astype(np.float64)),
        1e-6,
    ),
    _case(
        "frames",
        {"length": 200, "hop": 80},
        "`tf.signal.frame`",
        lambda samples: tf.signal.frame(samples, 200, 80).numpy(),
        0,
    ),
    _case(
        "stft",
        {"frame_length": 200, "hop": 80, "fft_length": 256},
        "`tf.signal.stft`",
        power,
        1e-5,
    ),
    _case(
        "stft",
        {
            "frame_length": 256,
            "hop": 80,
            "fft_length": 256,
            "center": "reflect",
            "result": "magnitude",
        },
        "`tf.signal.stft` after `numpy.pad`, reflect",
        centred,
        1e-5,
    ),
    _case(
        "mel",
        {
            "sample_rate": RATE,
            "fft_length": 256,
            "n_mels": 40,
            "low_hz": 20.0,
            "high_hz": 4000.0,
        },
        "`tf.signal.linear_to_mel_weight_matrix`",
        mel,
        1e-5,
        **SPECTRA,
    ),
    _case(
        "log",
        {"floor": 1e-10, "unit": "decibel"},
        "`numpy.log10` in float64",
        decibels,
        1e-6,
        **MELS,
    ),
    _case("pcen", {}, "`scipy.signal.lfilter` in float64", pcen, 1e-5, **MELS),
    _case(
        "dct",
        {"n_places": 40, "n_coefficients": 13},
        "`scipy.fft.dct`, ortho",
        lambda given: scipy.fft.dct(given, norm="ortho")[..., :13],
        1e-5,
        **MELS,
    ),
)
