from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from edgesmith_runtime.errors import InputError
from edgesmith_runtime.transforms.axes import Reshape, Transpose


def _numbers(*shape: int, dtype: str = "float32") -> np.ndarray[Any, Any]:
    return np.random.default_rng(7).integers(0, 256, shape).astype(dtype)


@pytest.mark.parametrize("dtype", ["uint8", "bool", "float16", "float64", "int64"])
def test_a_grey_picture_gets_its_channel_as_numpy_adds_one(dtype: str) -> None:
    pictures = _numbers(3, 8, 6, dtype=dtype)

    reshaped = Reshape((8, 6, 1))(pictures)

    np.testing.assert_array_equal(reshaped, pictures[..., None], strict=True)


@pytest.mark.parametrize("shape", [(8, 6), (6, 8), (48,), (2, 3, 4, 2), (1, 48, 1)])
def test_numbers_keep_the_order_that_numpy_has(shape: tuple[int, ...]) -> None:
    samples = _numbers(3, 8, 6, 1)

    reshaped = Reshape(shape)(samples)

    np.testing.assert_array_equal(reshaped, np.reshape(samples, (3, *shape)), strict=True)


def test_one_length_follows_from_the_others() -> None:
    samples = _numbers(3, 8, 6)

    reshaped = Reshape((4, -1, 2))(samples)

    np.testing.assert_array_equal(reshaped, samples.reshape(3, 4, 6, 2), strict=True)


def test_the_axis_of_a_single_number_goes() -> None:
    np.testing.assert_array_equal(
        Reshape(())(np.array([[2], [5]])), np.array([2, 5]), strict=True
    )


def test_numbers_that_lie_in_another_order_in_memory_are_taken_as_they_read() -> None:
    samples = _numbers(3, 8, 6).transpose(0, 2, 1)

    reshaped = Reshape((48,))(samples)

    expected = [[one[y, x] for y in range(6) for x in range(8)] for one in samples]
    np.testing.assert_array_equal(reshaped, np.array(expected), strict=True)


def test_samples_of_several_lengths_stay_a_list() -> None:
    samples = [_numbers(6), _numbers(4)]

    reshaped = Reshape((-1, 2))(samples)

    assert [one.shape for one in reshaped] == [(3, 2), (2, 2)]
    np.testing.assert_array_equal(reshaped[1], samples[1].reshape(2, 2), strict=True)


def test_samples_of_several_shapes_become_one_array() -> None:
    samples = [_numbers(6, 2), _numbers(4, 3)]

    reshaped = Reshape((12,))(samples)

    assert isinstance(reshaped, np.ndarray)
    np.testing.assert_array_equal(reshaped[1], samples[1].ravel(), strict=True)


@pytest.mark.parametrize(
    ("shape", "given", "message"),
    [
        ((8, 8, 1), (9, 7), "64 numbers for the shape (8, 8, 1), got 63 in the shape (9, 7)"),
        ((32,), (8, 8), "32 numbers for the shape (32,), got 64 in the shape (8, 8)"),
        (
            (-1, 5),
            (8,),
            "a multiple of 5 numbers for the shape (-1, 5), got 8 in the shape (8,)",
        ),
        (
            (-1, 5),
            (0, 3),
            "a multiple of 5 numbers for the shape (-1, 5), got 0 in the shape (0, 3)",
        ),
    ],
)
def test_samples_of_another_size_are_refused(
    shape: tuple[int, ...], given: tuple[int, ...], message: str
) -> None:
    expected = f"expected samples of {message}; crop, resize or pad before"

    with pytest.raises(InputError, match=f"^{re.escape(expected)}$"):
        Reshape(shape)(np.zeros((2, *given)))


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((8, 0), r"expected lengths from 1, or -1, got \[8, 0\]$"),
        ((8, -2), r"expected lengths from 1, or -1, got \[8, -2\]$"),
        ((-1, 8, -1), r"expected at most one -1, got \[-1, 8, -1\]$"),
        ((1,) * 9, "expected at most 8 axes, got 9$"),
        ((1 << 28, 2), r"expected at most 268435456 numbers a sample, got \[268435456, 2\]$"),
    ],
)
def test_what_is_no_shape_is_refused(shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=f"^shape: {message}"):
        Reshape(shape)


@pytest.mark.parametrize("axes", [(1, 2, 0), (2, 0, 1), (0, 1, 2), (2, 1, 0)])
def test_axes_are_swapped_as_numpy_swaps_them(axes: tuple[int, ...]) -> None:
    samples = _numbers(2, 4, 5, 3)

    turned = Transpose(axes)(samples)

    assert isinstance(turned, np.ndarray)
    assert turned.flags.c_contiguous
    expected = np.stack([np.transpose(one, axes) for one in samples])
    np.testing.assert_array_equal(turned, expected, strict=True)


def test_axes_of_samples_of_several_shapes_are_swapped_one_by_one() -> None:
    series = [_numbers(4, 3), _numbers(7, 3)]

    turned = Transpose((1, 0))(series)

    assert [one.shape for one in turned] == [(3, 4), (3, 7)]
    np.testing.assert_array_equal(turned[1], series[1].T, strict=True)


def test_samples_with_other_axes_than_the_order_are_refused() -> None:
    message = (
        r"^expected samples with 3 axes for the order \(1, 2, 0\), "
        r"got samples of shape \(8, 6\)$"
    )

    with pytest.raises(InputError, match=message):
        Transpose((1, 2, 0))(_numbers(2, 8, 6))


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ((), "expected 1 to 8 axes, got 0$"),
        (tuple(range(9)), "expected 1 to 8 axes, got 9$"),
        ((0, 2), r"expected each axis of a sample once, from 0, got \[0, 2\]$"),
        ((1, 1), r"expected each axis of a sample once, from 0, got \[1, 1\]$"),
        ((-1, 0), r"expected each axis of a sample once, from 0, got \[-1, 0\]$"),
    ],
)
def test_what_is_no_order_of_axes_is_refused(axes: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=f"^axes: {message}"):
        Transpose(axes)


@pytest.mark.parametrize("step", [Reshape((2, 1)), Transpose((0,))])
def test_texts_are_refused(step: Any) -> None:
    with pytest.raises(InputError, match=r"^expected an array of numbers, got dtype <U1$"):
        step(np.array([["a", "b"]]))
