"""Filters against noise, held against scipy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage, signal

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.transforms.filters import (
    GaussianFilter,
    MedianFilter,
    MovingAverage,
    SavitzkyGolay,
)

FILTERS = [
    MovingAverage(3, (0,)),
    MedianFilter(3, (0,)),
    GaussianFilter(1.0, (0,)),
    SavitzkyGolay(5, 2, 0),
]
RTOL = {"float32": 2e-5, "float64": 1e-12}


def _samples(shape: tuple[int, ...], dtype: str = "float64") -> np.ndarray[Any, Any]:
    return np.random.default_rng(5).uniform(1, 200, shape).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [1, 3, 9, 51])
def test_moving_average_is_scipys_uniform_filter(dtype: str, size: int) -> None:
    samples = _samples((3, 20, 4), dtype)

    smoothed = MovingAverage(size, (0,))(samples)

    expected = ndimage.uniform_filter1d(samples, size, axis=1, mode="nearest")
    np.testing.assert_allclose(smoothed, expected, rtol=RTOL[dtype], strict=True)


@pytest.mark.parametrize("axes", [(0,), (1,), (0, 1), (1, 0, 2)])
@pytest.mark.parametrize("size", [1, 3, 5])
def test_median_filter_is_scipys(axes: tuple[int, ...], size: int) -> None:
    samples = _samples((3, 12, 9, 2), "float32")

    smoothed = MedianFilter(size, axes)(samples)

    window = [1, *(size if axis in axes else 1 for axis in range(3))]
    expected = ndimage.median_filter(samples, window, mode="nearest")
    np.testing.assert_array_equal(smoothed, expected, strict=True)


def test_median_filter_of_a_large_sample_is_scipys() -> None:
    samples = _samples((1, 300, 200), "float32")

    smoothed = MedianFilter(7, (0, 1))(samples)

    expected = ndimage.median_filter(samples, (1, 7, 7), mode="nearest")
    np.testing.assert_array_equal(smoothed, expected, strict=True)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("sigma", [0.1, 0.8, 1.0, 3.7])
def test_gaussian_filter_is_scipys(dtype: str, sigma: float) -> None:
    samples = _samples((2, 15, 11, 3), dtype)

    smoothed = GaussianFilter(sigma, (0, 1))(samples)

    expected = ndimage.gaussian_filter(
        samples, (0, sigma, sigma, 0), mode="nearest", truncate=4.0
    )
    np.testing.assert_allclose(smoothed, expected, rtol=RTOL[dtype], strict=True)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize(
    ("window", "order"), [(1, 0), (3, 0), (5, 2), (7, 6), (11, 3), (51, 4)]
)
def test_savitzky_golay_is_scipys(window: int, order: int, axis: int) -> None:
    samples = _samples((2, 60, 7))

    smoothed = SavitzkyGolay(window, order, axis)(samples)

    expected: Any = signal.savgol_filter(samples, window, order, axis=axis + 1, mode="nearest")
    np.testing.assert_allclose(smoothed, expected, rtol=1e-7, strict=True)


def test_savitzky_golay_has_the_weights_of_the_paper() -> None:
    impulse = np.eye(1, 9, 4)

    smoothed = SavitzkyGolay(5, 2, 0)(impulse)

    np.testing.assert_allclose(smoothed[0, 2:7] * 35, [-3, 12, 17, 12, -3], rtol=1e-12)


def test_savitzky_golay_keeps_a_polynomial_of_its_order() -> None:
    places = np.linspace(-1, 1, 41)
    parabola = (3 * places**2 - places + 0.5)[None]

    smoothed = SavitzkyGolay(9, 2, 0)(parabola)

    np.testing.assert_allclose(smoothed[:, 4:-4], parabola[:, 4:-4], rtol=1e-12)


@pytest.mark.parametrize("op", FILTERS)
@pytest.mark.parametrize(
    ("dtype", "made"),
    [
        ("uint8", "float32"),
        ("int64", "float32"),
        ("float16", "float32"),
        ("float64", "float64"),
    ],
)
def test_a_constant_stays_in_a_float_dtype(op: Any, dtype: str, made: str) -> None:
    samples = np.full((2, 6), 7, dtype)

    np.testing.assert_allclose(op(samples), samples.astype(made), rtol=1e-6, strict=True)


@pytest.mark.parametrize("op", FILTERS)
def test_samples_of_several_sizes_are_filtered_one_by_one(op: Any) -> None:
    samples = [_samples((6, 4)), _samples((9, 2))]

    smoothed = op(samples)

    assert isinstance(smoothed, list)
    for sample, result in zip(samples, smoothed, strict=True):
        np.testing.assert_array_equal(result, op(sample[None])[0], strict=True)


@pytest.mark.parametrize("op", FILTERS)
def test_a_batch_above_the_working_memory_is_its_samples_one_by_one(op: Any) -> None:
    samples = _samples((5, 500, 900), "float32")

    smoothed = op(samples)

    for index in range(5):
        np.testing.assert_array_equal(smoothed[index], op(samples[index : index + 1])[0])


@pytest.mark.parametrize("op", FILTERS)
@pytest.mark.parametrize("shape", [(0, 5), (3, 0)])
def test_nothing_stays_nothing(op: Any, shape: tuple[int, ...]) -> None:
    assert op(np.zeros(shape, np.uint8)).shape == shape


@settings(max_examples=30, deadline=None)
@given(length=st.integers(1, 6), radius=st.integers(0, 8))
def test_a_window_may_be_longer_than_the_sample(length: int, radius: int) -> None:
    samples = _samples((2, length))

    smoothed = MovingAverage(2 * radius + 1, (0,))(samples)

    expected = ndimage.uniform_filter1d(samples, 2 * radius + 1, axis=1, mode="nearest")
    np.testing.assert_allclose(smoothed, expected, rtol=1e-12)


@pytest.mark.parametrize("op", FILTERS)
def test_an_axis_that_a_sample_lacks_is_refused(op: Any) -> None:
    message = r"expected samples with 1 axes or more, got samples of shape \(\)"

    with pytest.raises(InputError, match=message):
        op(np.zeros(3))


@pytest.mark.parametrize("op", FILTERS)
def test_texts_are_refused(op: Any) -> None:
    with pytest.raises(InputError, match="expected an array of numbers, got dtype object"):
        op(np.array([["a"]], object))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MovingAverage(2, (0,)), "size: expected an odd number from 1 to 4095, got 2"),
        (lambda: MedianFilter(-1, (0,)), "size: expected an odd number from 1 to 4095, got -1"),
        (
            lambda: MovingAverage(5001, (0,)),
            "size: expected an odd number from 1 to 4095, got 5001",
        ),
        (
            lambda: MedianFilter(101, (0, 1)),
            "size: expected a window of at most 10000 values, got 101 along 2",
        ),
        (lambda: MovingAverage(3, ()), r"axes: expected one or more axes .* from 0, got \[\]"),
        (lambda: MedianFilter(3, (0, 0)), r"axes: expected one or more axes .* got \[0, 0\]"),
        (lambda: GaussianFilter(1.0, (-1,)), r"axes: expected one or more axes .* got \[-1\]"),
        (
            lambda: GaussianFilter(0.0, (0,)),
            "sigma: expected above 0 and at most 511.75, got 0.0",
        ),
        (lambda: GaussianFilter(float("nan"), (0,)), "sigma: expected above 0 .* got nan"),
        (
            lambda: SavitzkyGolay(4, 2, 0),
            "window: expected an odd number from 1 to 4095, got 4",
        ),
        (lambda: SavitzkyGolay(5, 5, 0), "order: expected 0 to 4 for a window of 5, got 5"),
        (
            lambda: SavitzkyGolay(51, 11, 0),
            "order: expected 0 to 10 for a window of 51, got 11",
        ),
    ],
)
def test_bad_params_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


SERIES = np.random.default_rng(3).normal(size=(2, 40, 3))


def _past(series: np.ndarray, size: int) -> np.ndarray:
    """Of each value the window that ends at it, the first value repeated."""
    padded = np.concatenate([np.repeat(series[:, :1], size - 1, axis=1), series], axis=1)
    return np.stack([padded[:, start : start + 40] for start in range(size)], axis=-1)


def test_a_causal_moving_average_is_the_mean_of_the_past() -> None:
    smooth = MovingAverage(5, (0,), causal=True)(SERIES)

    np.testing.assert_allclose(smooth, _past(SERIES, 5).mean(-1), rtol=1e-12, atol=1e-12)


def test_a_causal_median_is_that_of_the_past() -> None:
    smooth = MedianFilter(5, (0,), causal=True)(SERIES)

    np.testing.assert_array_equal(smooth, np.median(_past(SERIES, 5), axis=-1))


def test_a_causal_savitzky_golay_reads_the_end_of_the_polynomial() -> None:
    smooth = SavitzkyGolay(7, 2, 0, causal=True)(SERIES)

    weights = signal.savgol_coeffs(7, 2, pos=6, use="dot")
    np.testing.assert_allclose(smooth, _past(SERIES, 7) @ weights, rtol=1e-9, atol=1e-12)
