from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesmith.optimization import check_samples, observe
from edgesmith.recipe import RangeRule
from edgesmith.trials import CalibrationSamples
from edgesmith_runtime.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from edgesmith.optimization import Calibration

    Tensors = Mapping[str, NDArray[Any]]


def _batches(numbers: NDArray[np.float32], sizes: list[int]) -> list[Tensors]:
    stops = np.cumsum(sizes)
    return [{"x": numbers[stop - size : stop]} for size, stop in zip(sizes, stops, strict=True)]


def _doubled(tensors: Tensors) -> Tensors:
    return {"x": tensors["x"], "double": 2 * tensors["x"]}


def _observed(numbers: NDArray[np.float32], *sizes: int) -> Calibration:
    return observe(_doubled, _batches(numbers, list(sizes) or [len(numbers)]))


NUMBERS = np.random.default_rng(0).normal(size=(23, 4)).astype(np.float32)


@given(st.lists(st.integers(1, 7), min_size=2, max_size=6))
def test_every_number_is_counted_once(sizes: list[int]) -> None:
    numbers = np.random.default_rng(1).normal(size=(sum(sizes), 3)).astype(np.float32)

    seen = _observed(numbers, *sizes)

    for halves in seen.tensors.values():
        assert sum(int(half.counts.sum()) for half in halves) == numbers.size


@given(st.lists(st.integers(1, 7), min_size=2, max_size=6))
def test_the_halves_are_the_even_and_the_odd_samples_whatever_the_batches(
    sizes: list[int],
) -> None:
    numbers = np.random.default_rng(1).normal(size=(sum(sizes), 3)).astype(np.float32)

    even, odd = _observed(numbers, *sizes).tensors["x"]

    ends = float(numbers.min()), float(numbers.max())
    for half, rows in ((even, numbers[::2]), (odd, numbers[1::2])):
        np.testing.assert_array_equal(half.counts, np.histogram(rows, 2048, ends)[0])


def test_ranges_are_of_every_tensor_over_all_batches() -> None:
    seen = _observed(NUMBERS, 5, 1, 17)

    ranges = seen.ranges(RangeRule.MINMAX)

    low, high = float(NUMBERS.min()), float(NUMBERS.max())
    assert ranges == {"x": (low, high), "double": (2 * low, 2 * high)}


def test_batches_can_be_asked_for_again() -> None:
    asked: list[int] = []

    def batches() -> list[Tensors]:
        asked.append(1)
        return _batches(NUMBERS, [20, 3])

    seen = observe(_doubled, batches)

    assert seen.ranges(RangeRule.MSE) == _observed(NUMBERS, 23).ranges(RangeRule.MSE)
    assert len(asked) == 2


def test_equal_halves_are_not_apart() -> None:
    numbers = np.repeat(NUMBERS, 2, axis=0)

    assert _observed(numbers, 7, 39).halves_apart(RangeRule.MINMAX) == 0


def test_unlike_halves_are_far_apart() -> None:
    numbers = NUMBERS.copy()
    numbers[1::2] *= 10

    apart = _observed(numbers, 6, 17).halves_apart(RangeRule.MINMAX)

    # By hand: an end of the even half is a tenth of that of the odd one.
    assert apart is not None
    assert apart > 0.35


def test_halves_are_apart_by_the_share_of_the_range() -> None:
    numbers = np.array([[0.0, 5.0], [0.0, 10.0], [0.0, 5.0]], np.float32)

    apart = _observed(numbers).halves_apart(RangeRule.MINMAX)

    assert apart == pytest.approx(0.5, abs=1 / 1024)


def test_one_sample_has_no_halves() -> None:
    assert _observed(NUMBERS[:1]).halves_apart(RangeRule.MINMAX) is None


def test_a_constant_tensor_is_not_apart() -> None:
    seen = observe(lambda tensors: {"one": np.ones((len(tensors["x"]), 2))}, [{"x": NUMBERS}])

    assert seen.halves_apart(RangeRule.MINMAX) == 0
    assert seen.ranges(RangeRule.MINMAX) == {"one": (0.0, 1.0)}


def test_a_tensor_without_axes_is_seen_too() -> None:
    seen = observe(lambda tensors: {"mean": tensors["x"].mean()}, _batches(NUMBERS, [5, 18]))

    means = float(NUMBERS[:5].mean()), float(NUMBERS[5:].mean())
    expected = min(0.0, *means), max(0.0, *means)
    assert seen.ranges(RangeRule.MINMAX)["mean"] == pytest.approx(expected)


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_an_activation_that_is_not_finite_is_named(number: float) -> None:
    with pytest.raises(
        DataError,
        match=r"calibration: the activation 'log' becomes NaN or infinite; look for values out "
        "of range in the samples",
    ):
        observe(lambda tensors: {"log": tensors["x"] * number}, [{"x": NUMBERS}])


def test_no_samples_are_refused() -> None:
    with pytest.raises(
        DataError, match=r"calibration: expected samples, got none; give --samples"
    ):
        check_samples({"x": NUMBERS[:0]})


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_a_sample_that_is_not_finite_is_named_with_its_input(number: float) -> None:
    spoilt = NUMBERS.copy()
    spoilt[17, 2] = number

    with pytest.raises(
        DataError,
        match=r"calibration: expected finite numbers, sample 17 of 'sound' holds NaN or infinite "
        "ones; clean the samples, or leave it out",
    ):
        check_samples({"x": NUMBERS, "sound": spoilt})


def test_samples_that_are_all_the_same_are_refused() -> None:
    same = np.ones((5, 4), np.float32)

    with pytest.raises(
        DataError,
        match=r"calibration: expected samples that differ, all 5 are the same; ranges of one "
        "input would clip every other",
    ):
        check_samples({"x": same, "ids": np.ones((5, 1), np.int64)})


def test_samples_that_differ_in_one_input_are_taken() -> None:
    tensors = {"x": np.ones((23, 4), np.float32), "y": NUMBERS}

    assert len(CalibrationSamples(tensors=tensors, source="given")) == 23


def test_one_sample_is_taken() -> None:
    assert len(CalibrationSamples(tensors={"x": NUMBERS[:1]}, source="given")) == 1
