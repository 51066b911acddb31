"""Samples scaled by their own numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.preprocessing import maxabs_scale, minmax_scale

from edgesmith_runtime.errors import TransformError
from edgesmith_runtime.transforms.sample_scaling import METHODS, StandardizeSample


def _noise() -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).normal(3, 5, (4, 30, 6))


@pytest.mark.parametrize("axes", [(0,), (1,), (0, 1)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_standard_is_scipys_z_score(axes: tuple[int, ...], dtype: str) -> None:
    samples = _noise().astype(dtype)

    scaled = StandardizeSample(axes)(samples)

    axis: Any = axes
    expected = [stats.zscore(sample, axis=axis) for sample in samples.astype(float)]
    np.testing.assert_allclose(scaled, np.array(expected), atol=1e-5)
    assert scaled.dtype == dtype


def test_peak_and_minmax_are_scikit_learns() -> None:
    samples = _noise()

    peak, minmax = (StandardizeSample((0,), method)(samples) for method in ("peak", "minmax"))

    for index, sample in enumerate(samples):
        np.testing.assert_allclose(peak[index], maxabs_scale(sample))
        np.testing.assert_allclose(minmax[index], minmax_scale(sample), atol=1e-12)


@given(value=st.floats(-1e6, 1e6, width=32), method=st.sampled_from(METHODS[::2]))
def test_equal_values_become_zeros(value: float, method: str) -> None:
    samples = np.full((2, 37, 3), value, np.float32)

    np.testing.assert_array_equal(StandardizeSample((0,), method)(samples), 0 * samples)


def test_silence_has_no_peak() -> None:
    np.testing.assert_array_equal(StandardizeSample((0,), "peak")(np.zeros((1, 9))), 0)


def test_samples_of_different_lengths_stay_a_list() -> None:
    scaled = StandardizeSample((0,), "minmax")([np.arange(3.0), np.arange(5.0)])

    np.testing.assert_array_equal(scaled[0], [0, 0.5, 1])
    np.testing.assert_array_equal(scaled[1], [0, 0.25, 0.5, 0.75, 1])


def test_an_axis_that_is_not_there_is_named() -> None:
    with pytest.raises(TransformError) as caught:
        StandardizeSample((1,))(np.zeros((2, 9)))

    assert str(caught.value) == (
        "expected samples with an axis 1 (counting from 0), got samples of shape (9,)"
    )


@pytest.mark.parametrize(
    ("axes", "method", "message"),
    [
        (
            (),
            "standard",
            r"axes: expected one or more axes of a sample that differ, .* got \[\]",
        ),
        ((0, 0), "standard", r"axes: expected .* got \[0, 0\]"),
        ((0,), "robust", "method: expected one of standard, peak, minmax, got 'robust'"),
    ],
)
def test_a_wrong_param_is_named(axes: tuple[int, ...], method: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        StandardizeSample(axes, method)


@pytest.mark.parametrize("method", METHODS)
def test_large_numbers_keep_their_proportions(method: str) -> None:
    samples = np.array([[1.0, -1.0, 0.3]], np.float32)

    large = StandardizeSample((0,), method)(samples * np.float32(3e38))

    np.testing.assert_allclose(large, StandardizeSample((0,), method)(samples), rtol=1e-5)
    assert large.dtype == np.float32
