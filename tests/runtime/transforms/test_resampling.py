"""The resampler, held against scipy's and soxr."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import soxr
from scipy import signal

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.transforms.resampling import Resample, polyphase, resample_filter

RATES = [
    (16000, 8000),
    (8000, 16000),
    (44100, 16000),
    (48000, 16000),
    (11025, 8000),
    (8000, 22050),
    (8000, 8000),
]


def _noise(n: int, seed: int = 0) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).uniform(-1, 1, (1, n)).astype(np.float32)


ODD_RATES = [(16004, 8000), (8000, 16004), (4096, 4095), (4001, 1), (1, 4001)]


@pytest.mark.parametrize("n", [1, 7, 1000, 5003])
@pytest.mark.parametrize(("from_rate", "to_rate"), [*RATES, *ODD_RATES])
def test_it_is_scipys_polyphase_with_the_documented_filter(
    from_rate: int, to_rate: int, n: int
) -> None:
    samples = _noise(n)

    made = Resample(from_rate, to_rate)(samples)

    up, down = polyphase(from_rate, to_rate).up, polyphase(from_rate, to_rate).down
    window = resample_filter(up, down) / up
    expected = signal.resample_poly(samples[0].astype(float), up, down, window=window)
    if up == down:
        expected = samples[0]
    assert made.shape == (1, -(-n * up // down))
    assert made.dtype == np.float32
    np.testing.assert_allclose(made[0], expected, atol=5e-6)


@pytest.mark.parametrize(("from_rate", "to_rate"), RATES[:-1])
def test_what_both_rates_hold_is_as_soxr_has_it(from_rate: int, to_rate: int) -> None:
    """A chirp up to 0.85 of the lower Nyquist frequency; the ends differ, as what is beyond does."""
    time = np.arange(from_rate) / from_rate
    top = 0.85 * min(from_rate, to_rate) / 2
    chirp = signal.chirp(time, 50, 1, top).astype(np.float32)

    made = Resample(from_rate, to_rate)(chirp[None])[0]

    expected = soxr.resample(chirp, from_rate, to_rate, quality="VHQ")
    inner = slice(to_rate // 20, -to_rate // 20)
    np.testing.assert_allclose(made[inner], expected[: len(made)][inner], atol=1e-3)


def test_what_would_fold_back_is_90_db_down() -> None:
    time = np.arange(16000) / 16000
    above = np.sin(2 * np.pi * 4600 * time).astype(np.float32)

    made = Resample(16000, 8000)(above[None])[0]

    assert np.abs(made[200:-200]).max() < 10 ** (-90 / 20)


def test_a_constant_stays_what_it_is() -> None:
    made = Resample(44100, 16000)(np.ones((1, 44100), np.float32))[0]

    np.testing.assert_allclose(made[100:-100], 1, atol=1e-4)


def test_recordings_of_different_lengths_stay_a_list() -> None:
    made = Resample(16000, 8000)([_noise(100)[0], _noise(51)[0]])

    assert [one.shape for one in made] == [(50,), (26,)]


@pytest.mark.parametrize(
    ("from_rate", "to_rate", "message"),
    [
        (0, 8000, "from_rate: expected 1 to 1000000 Hz, got 0"),
        (8000, 2_000_000, "to_rate: expected 1 to 1000000 Hz, got 2000000"),
        (
            8009,
            8000,
            "to_rate: 8000 / 8009 Hz reduces to 8000 / 8009; expected no part above 4096",
        ),
    ],
)
def test_a_wrong_rate_is_named(from_rate: int, to_rate: int, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        Resample(from_rate, to_rate)


def test_texts_are_refused() -> None:
    with pytest.raises(InputError, match="expected an array of numbers, got dtype <U1"):
        Resample(16000, 8000)(np.array([["a"]]))


@pytest.mark.parametrize(("from_rate", "to_rate"), ODD_RATES)
def test_odd_rates_take_a_few_megabytes(from_rate: int, to_rate: int) -> None:
    parts = polyphase(from_rate, to_rate).parts

    assert sum(matrix.nbytes for _, matrix in parts) <= 4 << 20
