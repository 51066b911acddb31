"""Mel bands by librosa's formula written out, and cepstra held against scipy's.

What they have in common with ``tf.signal`` and Keras, ``tests/toolkit/preparation/test_audio_program.py`` shows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import fft

from edgesmith_runtime.errors import TransformError
from edgesmith_runtime.transforms.mel import Dct, Mel, mel_matrix


def _librosas_filters(  # noqa: PLR0913 - a filter bank has so many
    rate: int, n_fft: int, n_mels: int, low: float, high: float, *, htk: bool, norm: bool
) -> np.ndarray[Any, Any]:
    """``librosa.filters.mel`` of version 0.10, band by band from its documentation."""

    def to_mel(hertz: float) -> float:
        if htk:
            return 2595.0 * np.log10(1.0 + hertz / 700.0)
        if hertz < 1000:
            return hertz * 3 / 200
        return 15 + np.log(hertz / 1000) * 27 / np.log(6.4)

    def to_hertz(mel: float) -> float:
        if htk:
            return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)
        return mel * 200 / 3 if mel < 15 else 1000 * np.exp((mel - 15) * np.log(6.4) / 27)

    edges = [to_hertz(mel) for mel in np.linspace(to_mel(low), to_mel(high), n_mels + 2)]
    bins = np.arange(1 + n_fft // 2) * rate / n_fft
    rows: list[np.ndarray[Any, Any]] = []
    for left, middle, right in zip(edges, edges[1:], edges[2:], strict=False):
        triangle = np.minimum(
            (bins - left) / (middle - left), (right - bins) / (right - middle)
        )
        rows.append(np.maximum(0, triangle) * (2 / (right - left) if norm else 1))
    return np.array(rows)


@pytest.mark.parametrize("norm", ["none", "slaney"])
@pytest.mark.parametrize("scale", ["htk", "slaney"])
@pytest.mark.parametrize(
    ("rate", "n_fft", "n_mels", "low", "high"),
    [
        (16000, 512, 40, 0.0, 8000.0),
        (8000, 256, 20, 60.0, 3800.0),
        (22050, 2048, 128, 20, 11025),
    ],
)
def test_triangles_in_hertz_are_librosas(  # noqa: PLR0913 - a filter bank has so many
    rate: int, n_fft: int, n_mels: int, low: float, high: float, scale: str, norm: str
) -> None:
    made = mel_matrix(
        sample_rate=rate,
        n_bins=n_fft // 2 + 1,
        n_mels=n_mels,
        low_hz=low,
        high_hz=high,
        scale=scale,
        slopes="hz",
        norm=norm,
    )

    expected = _librosas_filters(
        rate, n_fft, n_mels, low, high, htk=scale == "htk", norm=norm == "slaney"
    )
    np.testing.assert_allclose(made.T, expected, atol=1e-9)


def test_bands_are_the_spectrum_times_the_triangles() -> None:
    op = Mel(sample_rate=8000, fft_length=256, n_mels=20)
    spectra = np.random.default_rng(0).uniform(size=(3, 300, 129)).astype(np.float32)

    bands = op(spectra)

    matrix = mel_matrix(
        sample_rate=8000,
        n_bins=129,
        n_mels=20,
        low_hz=0.0,
        high_hz=4000.0,
        scale="htk",
        slopes="mel",
        norm="none",
    )
    assert bands.dtype == np.float32
    np.testing.assert_allclose(bands, spectra @ matrix, rtol=1e-5)


@pytest.mark.parametrize("n_coefficients", [1, 13, 40])
def test_cepstra_are_scipys_orthonormal_cosine_transform(n_coefficients: int) -> None:
    bands = np.random.default_rng(0).normal(size=(2, 50, 40)).astype(np.float32)

    cepstra = Dct(n_places=40, n_coefficients=n_coefficients)(bands)

    whole: Any = fft.dct(bands.astype(float), norm="ortho")
    expected = whole[..., :n_coefficients]
    assert cepstra.dtype == np.float32
    np.testing.assert_allclose(cepstra, expected, atol=1e-5)


def test_htk_leaves_the_first_number_larger() -> None:
    bands = np.random.default_rng(0).normal(size=(1, 5, 40))

    htk, ortho = (
        Dct(n_places=40, n_coefficients=3, norm=norm)(bands) for norm in ("htk", "ortho")
    )

    np.testing.assert_allclose(htk, ortho * [np.sqrt(2), 1, 1], rtol=1e-5)


@pytest.mark.parametrize(
    ("op", "message"),
    [
        (
            Mel(sample_rate=8000, fft_length=256, n_mels=20),
            "expected 129 bins on the last axis, got shape (1, 5, 7)",
        ),
        (
            Dct(n_places=40, n_coefficients=3),
            "expected 40 bands on the last axis, got shape (1, 5, 7)",
        ),
    ],
)
def test_another_length_is_refused(op: Any, message: str) -> None:
    with pytest.raises(TransformError) as caught:
        op(np.zeros((1, 5, 7), np.float32))

    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"sample_rate": 0}, "sample_rate: expected 1 to 1000000 Hz, got 0"),
        ({"sample_rate": 10**40}, f"sample_rate: expected 1 to 1000000 Hz, got {10**40}"),
        (
            {"fft_length": 65536, "n_mels": 1024},
            "n_mels: expected at most 8388608 bins times bands, got 32769 x 1024",
        ),
        (
            {"high_hz": 1e-320, "norm": "slaney"},
            "low_hz, high_hz: 20 bands from 0 to 9.99989e-321 Hz are too narrow for float32",
        ),
        ({"fft_length": 1}, "fft_length: expected 2 to 65536, got 1"),
        ({"n_mels": 0}, "n_mels: expected 1 to 1024, got 0"),
        (
            {"high_hz": 5000.0},
            "low_hz, high_hz: expected 0 <= low < high <= 4000, got 0 and 5000",
        ),
        ({"scale": "bark"}, "scale: expected one of htk, slaney, got 'bark'"),
        ({"slopes": "log"}, "slopes: expected one of mel, hz, got 'log'"),
        ({"norm": "l2"}, "norm: expected one of none, slaney, got 'l2'"),
    ],
)
def test_a_wrong_param_of_mel_is_named(params: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        Mel(**{"sample_rate": 8000, "fft_length": 256, "n_mels": 20, **params})


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ((0, 1, "ortho"), "n_places: expected 1 to 1024, got 0"),
        ((4, 5, "ortho"), "n_coefficients: expected 1 to n_places 4, got 5"),
        ((4, 4, "l2"), "norm: expected one of 'ortho', 'htk', got 'l2'"),
    ],
)
def test_a_wrong_param_of_dct_is_named(params: tuple[int, int, str], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        Dct(n_places=params[0], n_coefficients=params[1], norm=params[2])
