"""The short-time Fourier transform, held against scipy's and a loop by hand.

What it has in common with ``tf.signal`` and Keras, ``tests/toolkit/preparation/test_audio_program.py`` shows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import signal

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.transforms.spectra import WINDOWS, Stft, window


def _noise(n: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).normal(size=(2, n)).astype(np.float32)


@pytest.mark.parametrize("length", [1, 7, 400])
@pytest.mark.parametrize("name", sorted(WINDOWS))
def test_windows_are_scipys_periodic_ones(name: str, length: int) -> None:
    known = {"rectangle": "boxcar"}.get(name, name)

    np.testing.assert_allclose(
        window(name, length), signal.get_window(known, length), atol=1e-14
    )


@pytest.mark.parametrize("result", ["power", "magnitude"])
@pytest.mark.parametrize(
    ("length", "hop", "n_fft"), [(400, 160, 512), (256, 100, 256), (25, 10, 31)]
)
def test_a_spectrum_is_the_transform_of_a_windowed_frame(
    length: int, hop: int, n_fft: int, result: str
) -> None:
    samples = _noise(1003)

    spectra = Stft(frame_length=length, hop=hop, fft_length=n_fft, result=result)(samples)

    starts = range(0, 1003 - length + 1, hop)
    frames = np.array([[row[s : s + length] for s in starts] for row in samples.astype(float)])
    expected = np.abs(np.fft.rfft(frames * signal.get_window("hann", length), n_fft))
    expected **= 2 if result == "power" else 1
    assert spectra.dtype == np.float32
    np.testing.assert_allclose(spectra, expected, rtol=1e-4, atol=1e-5 * expected.max())


@pytest.mark.parametrize("center", ["reflect", "zeros"])
@pytest.mark.parametrize(("length", "n_fft"), [(400, 512), (512, 512), (399, 512), (64, 64)])
@pytest.mark.parametrize("n", [300, 1000, 1003])
def test_centred_frames_are_librosas(center: str, length: int, n_fft: int, n: int) -> None:
    """By the formula of ``librosa.stft``: the window in the middle of ``n_fft``, n_fft / 2 around."""
    samples = _noise(n)

    op = Stft(frame_length=length, hop=100, fft_length=n_fft, center=center, result="magnitude")
    spectra = op(samples)

    spare = n_fft - length
    wide = np.pad(signal.get_window("hann", length), (spare // 2, spare - spare // 2))
    mode: Any = {"reflect": "reflect", "zeros": "constant"}[center]
    padded = np.pad(samples.astype(float), ((0, 0), (n_fft // 2, n_fft // 2)), mode=mode)
    starts = range(0, padded.shape[1] - n_fft + 1, 100)
    frames = np.array([[row[s : s + n_fft] for s in starts] for row in padded])
    expected = np.abs(np.fft.rfft(frames * wide))
    assert spectra.shape == (2, 1 + n // 100, n_fft // 2 + 1)
    np.testing.assert_allclose(spectra, expected, atol=1e-5 * expected.max())


def test_a_recording_shorter_than_a_frame_has_none() -> None:
    assert Stft(frame_length=40, hop=10, fft_length=64)(_noise(39)).shape == (2, 0, 33)


def test_recordings_of_different_lengths_stay_a_list() -> None:
    spectra = Stft(frame_length=40, hop=10, fft_length=64)([_noise(40)[0], _noise(50)[0]])

    assert [one.shape for one in spectra] == [(1, 33), (2, 33)]


def test_a_big_batch_is_its_recordings() -> None:
    op = Stft(frame_length=400, hop=160, fft_length=512)
    samples = np.random.default_rng(0).normal(size=(50, 16000)).astype(np.float32)

    spectra = op(samples)

    for index in (0, 20, 49):
        np.testing.assert_array_equal(spectra[index], op(samples[index : index + 1])[0])


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"frame_length": 0}, "length: expected 1 to 1048576 samples, got 0"),
        ({"fft_length": 1}, "fft_length: expected 2 to 65536, got 1"),
        ({"fft_length": 32}, "frame_length: expected at most fft_length 32, got 40"),
        (
            {"window": "kaiser"},
            "window: expected one of hann, hamming, blackman, rectangle, got",
        ),
        ({"center": "same"}, "center: expected one of none, reflect, zeros, got 'same'"),
        ({"result": "db"}, "result: expected one of power, magnitude, got 'db'"),
    ],
)
def test_a_wrong_param_is_named(params: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        Stft(**{"frame_length": 40, "hop": 10, "fft_length": 64, **params})


def test_channels_are_refused() -> None:
    with pytest.raises(InputError, match=r"^expected recordings \(n,\), got samples of shape"):
        Stft(frame_length=40, hop=10, fft_length=64)(np.zeros((1, 99, 2)))
