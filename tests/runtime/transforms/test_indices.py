"""Indices become a tensor: padded, counted, one-hot, weighted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgesmith_runtime.errors import InputError, TransformError
from edgesmith_runtime.transforms.indices import CountIndices, OneHotIndices, Pad, Weigh

ROWS = [[3, 1, 3], [], [-1, 0, 9]]


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (None, [[3, 1, 3], [0, 0, 0], [-1, 0, 9]]),
        (2, [[3, 1], [0, 0], [-1, 0]]),
        (4, [[3, 1, 3, 0], [0, 0, 0, 0], [-1, 0, 9, 0]]),
    ],
)
def test_rows_are_cut_or_filled_with_zeros(
    length: int | None, expected: list[list[int]]
) -> None:
    np.testing.assert_array_equal(Pad(length)(ROWS), np.array(expected), strict=True)


def test_an_array_is_padded_too() -> None:
    padded = Pad(3)(np.array([[1, 2]], np.int64))

    np.testing.assert_array_equal(padded, np.array([[1, 2, 0]]), strict=True)


@pytest.mark.parametrize(
    ("binary", "expected"),
    [
        (False, [[0, 1, 0, 2], [0, 0, 0, 0], [1, 0, 0, 0]]),
        (True, [[0, 1, 0, 1], [0, 0, 0, 0], [1, 0, 0, 0]]),
    ],
)
def test_only_indices_below_the_depth_count(*, binary: bool, expected: list[list[int]]) -> None:
    counts = CountIndices(depth=4, binary=binary, dtype="int64")(ROWS)

    np.testing.assert_array_equal(counts, np.array(expected), strict=True)


@pytest.mark.parametrize(
    ("indices", "squeeze", "expected"),
    [
        ([1, 5], False, [[0, 1], [0, 0]]),
        ([[1], [-1]], True, [[0, 1], [0, 0]]),
        ([[1], [0]], False, [[[0, 1]], [[1, 0]]]),
    ],
)
def test_an_index_becomes_a_one_at_its_place(
    indices: Any, *, squeeze: bool, expected: Any
) -> None:
    hot = OneHotIndices(depth=2, squeeze=squeeze, dtype="float32")(np.array(indices))

    np.testing.assert_array_equal(hot, np.array(expected, np.float32), strict=True)


def test_each_place_has_its_weight_in_float32() -> None:
    weighed = Weigh(weights=(0.1, 3.0))(np.array([[2, 1], [0, 5]]))

    expected = np.array([[2, 1], [0, 5]], np.float32) * np.array([0.1, 3.0], np.float32)
    np.testing.assert_array_equal(weighed, expected, strict=True)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Pad(2)(np.array([1, 2])), r"expected the shape \(batch, length\), got \(2,\)"),
        (lambda: Pad(2)(["a"]), "expected whole numbers, got list"),
        (
            lambda: OneHotIndices(depth=2, squeeze=False, dtype="int64")(ROWS),
            "expected an array of indices, got rows of different lengths",
        ),
        (
            lambda: OneHotIndices(depth=2, squeeze=True, dtype="int64")(np.array([[1, 2]])),
            r"expected a last axis of length 1, got \(1, 2\)",
        ),
        (
            lambda: Weigh(weights=(1.0,))(np.array([[1, 2]])),
            r"expected 1 places on the last axis, got \(1, 2\)",
        ),
        (lambda: Weigh(weights=(1.0,))([["a"]]), "expected an array of numbers, got list"),
    ],
)
def test_values_of_another_kind_are_refused(call: Any, message: str) -> None:
    with pytest.raises(TransformError, match=message):
        call()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Pad(-1), "length: expected 0 to 16777216, got -1"),
        (lambda: Pad(10**30), f"length: expected 0 to 16777216, got {10**30}"),
        (
            lambda: CountIndices(depth=0, binary=True, dtype="int64"),
            "expected 1 to 16777216 places, got 0",
        ),
        (
            lambda: OneHotIndices(depth=1 << 32, squeeze=False, dtype="int64"),
            "expected 1 to 16777216 places, got 4294967296",
        ),
        (lambda: CountIndices(depth=1, binary=True, dtype="text"), "dtype: expected one of "),
        (lambda: Weigh(weights=(float("inf"),)), "weights: expected finite numbers"),
    ],
)
def test_params_that_no_step_can_have_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_what_is_too_long_can_lose_its_start() -> None:
    padded = Pad(length=2, cut="start")([[1, 2, 3], [4], []])

    np.testing.assert_array_equal(padded, [[2, 3], [4, 0], [0, 0]])
    np.testing.assert_array_equal(Pad(length=0, cut="start")([[1]]), np.zeros((1, 0)))


def test_an_unknown_end_to_cut_is_named() -> None:
    with pytest.raises(ValueError, match=r"^cut: expected 'end' or 'start', got 'left'$"):
        Pad(length=2, cut="left")


def test_indices_in_a_row_cannot_ask_for_gigabytes_together() -> None:
    long = Pad(length=1 << 20)([[1]])

    with pytest.raises(
        InputError,
        match=r"^depth: expected at most 268435456 values of a sample, got 1099511627776$",
    ):
        OneHotIndices(depth=1 << 20, squeeze=False, dtype="float32")(long)
