"""Series of any length in one."""

from __future__ import annotations

import numpy as np
import pytest

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.transforms.lengths import FitLengthSeries, ResampleSeries


@pytest.mark.parametrize("length", [1, 2, 5, 24, 97])
@pytest.mark.parametrize("n_points", [1, 2, 24, 50])
def test_resampling_is_numpys_interpolation(n_points: int, length: int) -> None:
    series = np.random.default_rng(0).normal(size=(2, n_points, 2))

    resampled = ResampleSeries(length)(series)

    places = np.linspace(0, n_points - 1, length)
    for one, got in zip(series, resampled, strict=True):
        for channel in range(2):
            wanted = np.interp(places, np.arange(n_points), one[:, channel])
            np.testing.assert_allclose(got[:, channel], wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("pad", "keep", "short", "long"),
    [
        ("edge", "start", [1, 2, 2, 2], [1, 2, 3, 4]),
        ("zero", "end", [1, 2, 0, 0], [3, 4, 5, 6]),
    ],
)
def test_series_are_padded_and_cut(
    pad: str, keep: str, short: list[float], long: list[float]
) -> None:
    series = [np.arange(1.0, 3)[:, None], np.arange(1.0, 7)[:, None]]

    fitted = FitLengthSeries(4, pad=pad, keep=keep)(series)

    np.testing.assert_array_equal(fitted, np.array([short, long])[..., None])


@pytest.mark.parametrize("op", [ResampleSeries(3), FitLengthSeries(3)])
def test_a_series_without_points_is_refused(op: ResampleSeries | FitLengthSeries) -> None:
    with pytest.raises(InputError, match=r"^the series holds no points$"):
        op(np.zeros((1, 0, 2)))


@pytest.mark.parametrize("op", [ResampleSeries, FitLengthSeries])
def test_a_length_of_none_is_refused(op: type) -> None:
    with pytest.raises(ValueError, match=r"^length: expected 1 to 16777216, got 0$"):
        op(0)


def test_an_unknown_way_to_pad_or_cut_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^pad: expected one of edge, zero, got 'mean'$"):
        FitLengthSeries(3, pad="mean")
    with pytest.raises(ValueError, match=r"^keep: expected one of start, end, got 'middle'$"):
        FitLengthSeries(3, keep="middle")
