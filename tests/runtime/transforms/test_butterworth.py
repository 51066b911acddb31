"""The Butterworth filter against scipy's, which runs point by point."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.transforms.butterworth import Butterworth

BANDS = [
    ("low", (0.1,)),
    ("low", (0.004,)),
    ("high", (0.3,)),
    ("high", (0.01,)),
    ("band", (0.05, 0.2)),
    ("band", (0.01, 0.45)),
]
BAND_NAMES = {"low": "lowpass", "high": "highpass", "band": "bandpass"}


def _series(n_points: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.normal(5, 1, (2, n_points, 2)) + 0.1 * rng.normal(size=(2, n_points, 2)).cumsum(
        1
    )


def _sections(
    kind: str, order: int, cutoff: tuple[float, ...], rate: float = 1.0
) -> np.ndarray:
    edges = cutoff if kind == "band" else max(cutoff)
    return np.asarray(signal.butter(order, edges, BAND_NAMES[kind], fs=rate, output="sos"))


def _causal(sections: np.ndarray, series: np.ndarray) -> np.ndarray:
    steady = signal.sosfilt_zi(sections)[:, None, :, None] * series[None, :, :1, :]
    return signal.sosfilt(sections, series, axis=1, zi=steady)[0]


@pytest.mark.parametrize("n_points", [1, 40, 64, 5000])
@pytest.mark.parametrize("order", [1, 2, 3, 5, 10])
@pytest.mark.parametrize(("kind", "cutoff"), BANDS)
def test_the_causal_form_is_scipys(
    kind: str, cutoff: tuple[float, ...], order: int, n_points: int
) -> None:
    series = _series(n_points)

    filtered = Butterworth(kind, order, cutoff, causal=True)(series)

    wanted = _causal(_sections(kind, order, cutoff), series)
    worst = 1e-6 * max(np.ptp(series), 1)
    np.testing.assert_allclose(filtered, wanted, rtol=0, atol=worst, strict=True)


@pytest.mark.parametrize("n_points", [70, 5000])
@pytest.mark.parametrize("order", [1, 2, 3, 5, 10])
@pytest.mark.parametrize(("kind", "cutoff"), BANDS)
def test_the_form_without_delay_is_scipys(
    kind: str, cutoff: tuple[float, ...], order: int, n_points: int
) -> None:
    series = _series(n_points)

    filtered = Butterworth(kind, order, cutoff)(series)

    wanted = signal.sosfiltfilt(_sections(kind, order, cutoff), series, axis=1)
    np.testing.assert_allclose(
        filtered, wanted, rtol=0, atol=1e-6 * np.ptp(series), strict=True
    )


def test_a_long_series_keeps_its_digits() -> None:
    series = _series(300_000)

    filtered = Butterworth("low", 4, (0.01,))(series)

    wanted = signal.sosfiltfilt(_sections("low", 4, (0.01,)), series, axis=1)
    np.testing.assert_allclose(filtered, wanted, rtol=0, atol=1e-9 * np.ptp(series))


def test_a_cutoff_may_be_in_hertz() -> None:
    series = _series(500)

    filtered = Butterworth("band", 3, (20.0, 40.0), rate=100.0, causal=True)(series)

    wanted = _causal(_sections("band", 3, (20.0, 40.0), 100.0), series)
    np.testing.assert_allclose(filtered, wanted, atol=1e-9)


@pytest.mark.parametrize("band", [(0.001, 0.45), (0.0005, 0.4), (0.002, 0.49)])
@pytest.mark.parametrize("order", [6, 9, 10])
def test_a_wide_band_has_the_response_of_the_formula(
    order: int, band: tuple[float, float]
) -> None:
    impulse = np.zeros((1, 1 << 15, 1))
    impulse[0, 1] = 1

    response = Butterworth("band", order, band, causal=True)(impulse)[0, :, 0]

    gain = np.abs(np.fft.rfft(response))[40:-2]
    places = np.tan(np.pi * np.fft.rfftfreq(1 << 15))[40:-2]
    low, high = np.tan(np.pi * np.array(band))
    turns = (places**2 - low * high) / (places * (high - low))
    np.testing.assert_allclose(gain, 1 / np.sqrt(1 + turns ** (2 * order)), atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "cutoff"), [("low", (1e-300,)), ("low", (1e-7,)), ("band", (1e-9, 0.4999999))]
)
def test_a_cutoff_that_rounding_would_move_is_refused(
    kind: str, cutoff: tuple[float, ...]
) -> None:
    with pytest.raises(ValueError, match=r"^cutoff: .* at order 5 is beyond what float64"):
        Butterworth(kind, 5, cutoff)


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("number", [np.nan, -np.inf])
def test_what_the_recursion_would_carry_on_is_refused(number: float, *, causal: bool) -> None:
    series = np.ones((1, 64, 1))
    series[0, 50] = number

    with pytest.raises(InputError, match=r"^expected finite numbers, .*; fill missing points"):
        Butterworth("low", 2, (0.1,), causal=causal)(series)


def test_half_of_the_power_is_left_at_the_cutoff() -> None:
    wave = np.sin(2 * np.pi * 0.05 * np.arange(4000))

    filtered = Butterworth("low", 3, (0.05,), causal=True)(wave[None, :, None])[0, 2000:, 0]

    assert np.mean(filtered**2) == pytest.approx(0.25, rel=1e-3)


@pytest.mark.parametrize("n_points", [1, 2, 9, 500])
@pytest.mark.parametrize("causal", [True, False])
def test_a_constant_passes_low_and_not_high(n_points: int, *, causal: bool) -> None:
    constant = np.full((1, n_points, 2), 7.0, np.float32)

    low = Butterworth("low", 5, (0.02,), causal=causal)(constant)
    high = Butterworth("high", 5, (0.02,), causal=causal)(constant)

    np.testing.assert_allclose(low, constant, rtol=1e-6)
    np.testing.assert_allclose(high, 0, atol=1e-6)


def test_no_causal_value_depends_on_a_later_one() -> None:
    series = _series(200)
    op = Butterworth("low", 4, (0.1,), causal=True)

    np.testing.assert_allclose(op(series[:, :77]), op(series)[:, :77], rtol=1e-12)


def test_another_axis_is_filtered_alike() -> None:
    series = _series(100)

    turned = Butterworth("low", 2, (0.1,), axis=1)(series.swapaxes(1, 2))

    np.testing.assert_allclose(turned.swapaxes(1, 2), Butterworth("low", 2, (0.1,))(series))


def test_series_of_many_lengths_are_filtered_one_by_one() -> None:
    series = [_series(30)[0], _series(90)[0]]
    op = Butterworth("low", 2, (0.1,))

    for one, filtered in zip(series, op(series), strict=True):
        np.testing.assert_array_equal(filtered, op(one[None])[0])


def test_a_series_without_points_is_refused() -> None:
    with pytest.raises(InputError, match=r"^the series holds no points$"):
        Butterworth("low", 2, (0.1,))(np.zeros((1, 0, 2)))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"kind": "stop"}, "kind: expected one of low, high, band, got 'stop'"),
        ({"order": 11}, "order: expected 1 to 10, got 11"),
        ({"rate": 0.0}, "rate: expected above 0, got 0.0"),
        ({"axis": -1}, "axis: expected an axis of a sample from 0, got -1"),
        ({"cutoff": (0.5,)}, "cutoff: expected one frequency above 0 and below 0.5, got [0.5]"),
        (
            {"kind": "band", "cutoff": (30.0, 20.0), "rate": 100.0},
            "cutoff: expected two rising frequencies above 0 and below 50, got [30.0, 20.0]",
        ),
    ],
)
def test_params_that_cannot_be_are_refused(params: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the text is compared
        Butterworth(**{"kind": "low", "order": 2, "cutoff": (0.1,), **params})

    assert str(error.value) == message
