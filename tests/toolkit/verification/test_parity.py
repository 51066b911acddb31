from __future__ import annotations

import numpy as np
import pytest

from edgesmith.verification.parity import ParityCount, tolerance
from edgesmith_runtime.errors import ParityError
from edgesmith_runtime.golden import Tolerance


def test_the_tolerance_follows_range_and_magnitude() -> None:
    assert tolerance(np.array([[1000.0], [1002.0]])).atol == pytest.approx(
        1e-4 * 2 + 1e-5 * 1002 + 1e-7
    )


def test_an_output_of_zeros_has_a_floor() -> None:
    assert tolerance(np.zeros((3, 2), np.float32)) == Tolerance(1e-7, 0.0)


@pytest.mark.parametrize("dtype", ["int64", "uint8", "bool"])
def test_whole_numbers_must_be_equal(dtype: str) -> None:
    assert tolerance(np.ones((3, 1), dtype)) == Tolerance(0.0, 0.0)


def test_an_original_that_is_not_finite_cannot_be_compared_with() -> None:
    with pytest.raises(
        ParityError, match="the original answers with 2 numbers that are NaN or inf"
    ):
        tolerance(np.array([1.0, np.nan, np.inf]))


def test_errors_are_counted_over_batches_and_outputs() -> None:
    count = ParityCount("model.onnx", {"a": Tolerance(1.0, 0.0), "b": Tolerance(1.0, 0.0)})
    zeros = np.zeros((2, 1))

    count.add({"a": zeros, "b": zeros}, {"a": zeros + 0.5, "b": zeros})
    count.add({"a": zeros[:1], "b": zeros[:1]}, {"a": zeros[:1], "b": zeros[:1] - 0.75})

    parity = count.result(agreement=0.5)
    assert parity.max_abs_error == 0.75
    assert parity.mean_abs_error == pytest.approx((0.5 + 0.5 + 0.75) / 6)
    assert (parity.n_samples, parity.agreement) == (3, 0.5)


def test_a_difference_names_all_that_one_needs_to_know() -> None:
    count = ParityCount("model.tflite", {"digit": Tolerance(0.25, 0.0)})
    original = np.array([[1.0, 2.0], [3.0, 4.0]])
    count.add({"digit": original}, {"digit": original})

    with pytest.raises(
        ParityError,
        match=r"^model\.tflite: output 'digit' differs from the original by 0\.5, more than the "
        r"tolerance 0\.25 \(sample 3, position \[1\]: expected 4, got 3\.5\)$",
    ):
        count.add({"digit": original}, {"digit": original - [[0.0, 0.1], [0.0, 0.5]]})


def test_nan_is_beyond_every_tolerance() -> None:
    count = ParityCount("model.onnx", {"a": Tolerance(1e9, 0.0)})

    with pytest.raises(ParityError, match=r"by inf, .*got nan"):
        count.add({"a": np.zeros((1, 1))}, {"a": np.array([[np.nan]])})


def test_another_shape_is_a_wrong_conversion() -> None:
    count = ParityCount("model.onnx", {"a": Tolerance(1.0, 0.0)})

    with pytest.raises(
        ParityError, match=r"output 'a' has shape \(2, 1\), that of the original"
    ):
        count.add({"a": np.zeros((2, 3))}, {"a": np.zeros((2, 1))})
