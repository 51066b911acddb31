"""The power of each frequency in a series."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.transforms.periodogram import PowerSpectrum

NAMES = {"hann": "hann", "hamming": "hamming", "blackman": "blackman", "rectangle": "boxcar"}


@pytest.mark.parametrize("subtract_mean", [True, False])
@pytest.mark.parametrize("n_points", [2, 3, 24, 25, 150])
@pytest.mark.parametrize("window", NAMES)
def test_the_powers_are_scipys(window: str, n_points: int, *, subtract_mean: bool) -> None:
    series = np.random.default_rng(0).normal(3, 2, (4, n_points, 3))

    powers = PowerSpectrum(window, subtract_mean=subtract_mean)(series)

    _, wanted = signal.periodogram(
        series,
        window=NAMES[window],
        detrend="constant" if subtract_mean else lambda rows: rows,  # pyright: ignore[reportArgumentType] - stubs know names alone
        scaling="spectrum",
        axis=1,
    )
    assert powers.dtype == np.float32
    np.testing.assert_allclose(powers, wanted, rtol=1e-5, atol=1e-6 * wanted.max())


def test_a_sine_has_half_the_square_of_its_amplitude() -> None:
    wave = 3 * np.sin(2 * np.pi * 5 * np.arange(100) / 100)

    powers = PowerSpectrum("rectangle")(wave[None, :, None])

    assert np.argmax(powers[0, :, 0]) == 5
    assert powers[0, 5, 0] == pytest.approx(4.5, rel=1e-6)


def test_the_logarithm_has_a_floor() -> None:
    powers = PowerSpectrum(log=True, floor=1e-3)(np.full((1, 8, 1), 5.0))

    np.testing.assert_allclose(powers, np.log(1e-3), rtol=1e-6)


def test_flat_powers_stand_frequency_by_frequency() -> None:
    series = np.random.default_rng(0).normal(size=(2, 6, 3))

    flat = PowerSpectrum(flat=True)(series)

    np.testing.assert_array_equal(flat, PowerSpectrum()(series).reshape(2, 12))


def test_one_point_has_one_power() -> None:
    powers = PowerSpectrum(subtract_mean=False)(np.full((1, 1, 1), 2.0))

    np.testing.assert_array_equal(powers, [[[4]]])


def test_a_series_without_points_is_refused() -> None:
    with pytest.raises(InputError, match=r"with points, got shape \(0, 3\)$"):
        PowerSpectrum()(np.zeros((2, 0, 3)))


def test_params_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^window: expected one of hann, .*, got 'kaiser'$"):
        PowerSpectrum("kaiser")
    with pytest.raises(ValueError, match=r"^floor: expected above 0, got 0$"):
        PowerSpectrum(floor=0)
