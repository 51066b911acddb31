"""Inputs by batch, and the check of what comes out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith_runtime.bench.measuring.samples import (
    Samples,
    read_tensors,
    take_rows,
    write_tensors,
)
from edgesmith_runtime.errors import SelfTestError
from edgesmith_runtime.golden import Tolerance

if TYPE_CHECKING:
    from pathlib import Path

EXPECTED = np.array([[0.0, 1.0], [2.0, np.nan]], np.float32)
SAMPLES = Samples(
    inputs={"x": np.array([[1.0], [2.0]], np.float32)},
    expected={"y": EXPECTED},
    tolerances={"y": Tolerance(0.01, 0.0)},
)


def test_a_batch_larger_than_the_samples_starts_again_at_the_top() -> None:
    batch = SAMPLES.batch(5)

    assert batch["x"].tolist() == [[1.0], [2.0], [1.0], [2.0], [1.0]]
    assert batch["x"].flags.c_contiguous


def test_rows_can_start_anywhere() -> None:
    rows = take_rows({"x": np.arange(4)}, 3, start=2)

    assert rows["x"].tolist() == [2, 3, 0]


def test_outputs_within_tolerance_pass() -> None:
    outputs = {"y": EXPECTED + np.float32(0.009)}

    checked = SAMPLES.check(outputs, 2)

    assert checked is None


@pytest.mark.parametrize("wrong", [0.011, np.nan, np.inf])
def test_an_output_beyond_tolerance_is_named(wrong: float) -> None:
    outputs = {"y": EXPECTED.copy()}
    outputs["y"][0, 1] += wrong

    with pytest.raises(
        SelfTestError, match=r"output 'y' at batch 2: expected 1\.0 at \(0, 1\), got .*so its"
    ):
        SAMPLES.check(outputs, 2)


def test_a_number_where_nan_is_expected_is_wrong() -> None:
    outputs = {"y": np.array([[0.0, 1.0], [2.0, 3.0]], np.float32)}

    with pytest.raises(SelfTestError, match=r"expected nan at \(1, 1\), got 3\.0"):
        SAMPLES.check(outputs, 2)


def test_a_missing_output_is_named() -> None:
    with pytest.raises(SelfTestError, match=r"expected an output 'y', got \['z'\]"):
        SAMPLES.check({"z": EXPECTED}, 2)


def test_an_output_of_another_shape_is_named() -> None:
    with pytest.raises(
        SelfTestError, match=r"'y' at batch 2: expected shape \(2, 2\), got \(1, 2\)"
    ):
        SAMPLES.check({"y": EXPECTED[:1]}, 2)


def test_tensors_survive_the_file_whatever_they_are_called(tmp_path: Path) -> None:
    tensors = {
        "file": np.arange(3),
        "a/b:0": np.ones((2, 1), np.float16),
        "tensor:x": np.zeros(1, bool),
    }

    write_tensors(tmp_path / "tensors.npz", tensors)
    read = read_tensors(tmp_path / "tensors.npz")

    assert list(read) == list(tensors)
    for name, array in tensors.items():
        assert read[name].dtype == array.dtype
        np.testing.assert_array_equal(read[name], array)
