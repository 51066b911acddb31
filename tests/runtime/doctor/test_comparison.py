"""The measure of differences."""

from __future__ import annotations

import numpy as np
import pytest

from edgesmith_runtime.doctor.comparison import Yardstick, statistics

TENSOR = np.array([[0.0, 1.0, 2.0, 4.0]])


def test_a_difference_is_a_share_of_the_range() -> None:
    yardstick = Yardstick.of(TENSOR, by_number=False)

    assert yardstick.error(TENSOR, TENSOR) == 0
    assert yardstick.error(TENSOR, TENSOR + 1) == pytest.approx(0.25)


def test_rows_of_features_are_compared_number_by_number() -> None:
    yardstick = Yardstick.of(np.array([[1e6, 1.0]]), by_number=True)

    assert yardstick.error(np.array([[1e6, 1.0]]), np.array([[1e6, 2.0]])) == pytest.approx(
        np.sqrt(0.5**2 / 2)
    )


def test_a_missing_number_is_equal_to_a_missing_one_alone() -> None:
    app, made = np.array([[np.nan, 1.0]]), np.array([[np.nan, 1.0]])
    yardstick = Yardstick.of(app, by_number=False)

    assert yardstick.error(app, made) == 0
    assert yardstick.error(app, np.ones((1, 2))) == pytest.approx(np.sqrt(0.5))


def test_a_constant_tensor_has_a_yardstick() -> None:
    assert Yardstick.of(np.full((1, 3), 5.0), by_number=False).width == 1.0


def test_statistics_tell_shape_dtype_range_and_mean() -> None:
    assert statistics(TENSOR) == "shape (1, 4), float64, 0 to 4, mean 1.75"
    assert statistics(np.full(2, np.nan)) == "shape (2,), float64, no finite number"
