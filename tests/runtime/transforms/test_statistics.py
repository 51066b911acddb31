"""Statistics of every channel over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import stats

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.transforms.statistics import STATISTICS, Statistics

if TYPE_CHECKING:
    from collections.abc import Callable

REFERENCES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mean": lambda series: np.mean(series, axis=1),
    "std": lambda series: np.std(series, axis=1),
    "min": lambda series: np.min(series, axis=1),
    "max": lambda series: np.max(series, axis=1),
    "median": lambda series: np.median(series, axis=1),
    "median_absolute_deviation": lambda series: stats.median_abs_deviation(series, axis=1),
    "rms": lambda series: np.sqrt(np.mean(np.square(series), axis=1)),
    "skewness": lambda series: stats.skew(series, axis=1),
    "kurtosis": lambda series: stats.kurtosis(series, axis=1),
}


@pytest.mark.parametrize("name", STATISTICS)
def test_a_statistic_is_numpys_or_scipys(name: str) -> None:
    series = np.random.default_rng(0).gamma(2, 3, (5, 200, 3))

    found = Statistics((name,))(series)

    assert found.dtype == np.float32
    np.testing.assert_allclose(found, REFERENCES[name](series), rtol=1e-6)


def test_all_channels_of_the_first_come_first() -> None:
    series = np.array([[[1, 10], [3, 30]]], np.float32)

    found = Statistics(("max", "min"))(series)

    np.testing.assert_array_equal(found, [[3, 30, 1, 10]])


@pytest.mark.parametrize("n_points", [1, 7])
def test_a_channel_that_never_changes_has_no_spread(n_points: int) -> None:
    names = ("mean", "std", "median_absolute_deviation", "skewness", "kurtosis")

    found = Statistics(names)(np.full((1, n_points, 1), 0.1, np.float32))

    np.testing.assert_allclose(found, [[np.float32(0.1), 0, 0, 0, 0]], atol=1e-8)


def test_series_of_many_lengths_give_one_array() -> None:
    series = [np.array([[1.0], [2.0]]), np.array([[5.0]])]

    np.testing.assert_array_equal(Statistics(("mean",))(series), [[1.5], [5]])


def test_a_series_without_points_is_refused() -> None:
    with pytest.raises(InputError, match=r"with points, got shape \(0, 3\)$"):
        Statistics(("mean",))(np.zeros((2, 0, 3)))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((), r"^names: expected one or more that differ, got \[\]$"),
        (("max", "max"), r"^names: expected one or more that differ, got \['max', 'max'\]$"),
        (("mode",), r"^names: expected some of mean, std, .*, kurtosis, got 'mode'$"),
    ],
)
def test_names_of_no_statistics_are_refused(names: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Statistics(names)
