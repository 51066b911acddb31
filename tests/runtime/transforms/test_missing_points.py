"""Missing points of a series: between their neighbours, or left out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.transforms.missing_points import DropMissingPoints, Interpolate


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), share=st.floats(0, 0.9), n_points=st.integers(1, 30))
def test_interpolation_is_numpys(seed: int, share: float, n_points: int) -> None:
    rng = np.random.default_rng(seed)
    series = rng.normal(size=(3, n_points, 2))
    missing = rng.random(series.shape) < share
    missing[:, rng.integers(n_points)] = False
    series[missing] = np.nan

    filled = Interpolate()(series)

    for one, got in zip(series, filled, strict=True):
        for channel in range(2):
            known = np.flatnonzero(~np.isnan(one[:, channel]))
            wanted = np.interp(np.arange(n_points), known, one[known, channel])
            np.testing.assert_allclose(got[:, channel], wanted, rtol=1e-12, atol=1e-12)


def test_a_whole_series_stays_as_it_is() -> None:
    series = np.random.default_rng(0).normal(size=(2, 5, 3)).astype(np.float32)

    np.testing.assert_array_equal(Interpolate(max_gap=0)(series), series, strict=True)


def test_series_of_many_lengths_are_filled() -> None:
    filled = Interpolate()([np.array([[np.nan], [2.0]]), np.array([[1.0], [np.nan], [3.0]])])

    np.testing.assert_array_equal(filled[0], [[2], [2]])
    np.testing.assert_array_equal(filled[1], [[1], [2], [3]])


def test_a_channel_without_any_point_is_refused() -> None:
    series = np.ones((2, 4, 3))
    series[1, :, 2] = np.nan

    with pytest.raises(InputError, match=r"^channel 2: all points are missing$"):
        Interpolate()(series)


@pytest.mark.parametrize("series", [[1, None, None, 4], [None, None, 1], [1, None, None]])
def test_a_gap_that_is_too_long_is_refused(series: list[float | None]) -> None:
    points = np.array(series, float)[None, :, None]

    assert np.isfinite(Interpolate(max_gap=2)(points)).all()
    with pytest.raises(
        InputError, match=r"^expected at most 1 points missing in a row, got 2$"
    ):
        Interpolate(max_gap=1)(points)


def test_a_gap_below_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^max_gap: expected 0 or more, got -1$"):
        Interpolate(max_gap=-1)


def test_points_that_lack_a_channel_are_left_out() -> None:
    series = np.array([[[1, 2], [np.nan, 3], [4, 5]], [[1, np.nan], [6, 7], [8, 9]]])

    kept = DropMissingPoints()(series)

    np.testing.assert_array_equal(kept, [[[1, 2], [4, 5]], [[6, 7], [8, 9]]])


def test_series_may_keep_different_lengths() -> None:
    kept = DropMissingPoints()(np.array([[[1.0], [np.nan]], [[2.0], [3.0]]]))

    assert [one.shape for one in kept] == [(1, 1), (2, 1)]


def test_a_series_without_a_whole_point_is_refused() -> None:
    with pytest.raises(InputError, match=r"^no point in time has all channels$"):
        DropMissingPoints()(np.array([[[1, np.nan], [np.nan, 2]]]))
