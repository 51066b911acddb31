from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith.fusing.refusal import NotInGraphError
from edgesmith_runtime.transforms.statistics import STATISTICS, Statistics

if TYPE_CHECKING:
    from conftest import Agree


def series(n_points: int) -> Any:
    return np.random.default_rng(0).normal(size=(3, n_points, 2)).astype(np.float32)


@pytest.mark.parametrize("keep", ["start", "end"])
@pytest.mark.parametrize("pad", ["edge", "zero"])
@pytest.mark.parametrize("n_points", [9, 20, 31])
def test_series_of_any_length_come_to_one(
    agree: Agree, n_points: int, pad: str, keep: str
) -> None:
    agree("fit_length_series", series(n_points), free=(1,), length=20, pad=pad, keep=keep)


@pytest.mark.parametrize("length", [1, 20, 100])
@pytest.mark.parametrize("n_points", [1, 20, 31])
def test_points_lie_on_the_same_lines(agree: Agree, n_points: int, length: int) -> None:
    agree("resample_series", series(n_points), free=(1,), length=length)
    agree("resample_series", series(n_points), length=length)


@pytest.mark.parametrize("axes", [[0], [0, 1]])
@pytest.mark.parametrize("method", ["standard", "peak", "minmax"])
def test_a_sample_is_scaled_by_its_own_numbers(
    agree: Agree, method: str, axes: list[int]
) -> None:
    flat = series(20)
    flat[1] = 0.0
    flat[2, :, 0] = 3.0

    agree("standardize_sample", flat, free=(1,), axes=axes, method=method)


@pytest.mark.parametrize("n_points", [40, 41])
@pytest.mark.parametrize("name", STATISTICS)
def test_statistics_are_those_of_the_runtime(agree: Agree, name: str, n_points: int) -> None:
    flat = series(n_points)
    flat[0, :, 0] = 7.0

    agree("statistics", flat, names=[name])


@pytest.mark.parametrize("name", STATISTICS)
def test_statistics_of_a_small_signal_over_a_large_offset(agree: Agree, name: str) -> None:
    high = np.concatenate([series(200) * 0.01 + 50.0, np.full((1, 200, 2), 101.3)], axis=0)

    agree("statistics", high.astype(np.float32), names=[name])


def test_a_sample_that_never_changes_is_0_whatever_its_value(agree: Agree) -> None:
    stuck = np.broadcast_to(np.linspace(-3e5, 3e5, 7)[:, None, None], (7, 300, 2))

    agree("standardize_sample", stuck.astype(np.float32), free=(1,), axes=[0])


def test_a_sample_of_small_numbers_over_a_large_offset(agree: Agree) -> None:
    agree("standardize_sample", series(300) + np.float32(30.0), free=(1,), axes=[0])


def test_a_median_of_a_free_length_is_refused() -> None:
    import tensorflow as tf

    from edgesmith.fusing.sequences import statistics

    traced = tf.function(lambda x: statistics(Statistics(("median",)), x), autograph=False)

    with pytest.raises(NotInGraphError, match=r"^a median needs a known number of points$"):
        traced.get_concrete_function(tf.TensorSpec((None, None, 4), tf.float32))
