"""Plain arrays to tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import ndimage

from edgesmith.core import Split
from edgesmith_runtime.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith.core import Prepared


def tensors(prepared: Prepared, split: Split = Split.TRAIN) -> np.ndarray:
    return prepared.tensors(split, slice(None))[prepared.inputs[0].name]


def test_tensors_are_scaled_by_channel(run: Callable[..., Prepared]) -> None:
    arrays = np.random.default_rng(0).normal([0, 5], [1, 3], (40, 9, 2))

    made = run("tensor", arrays, normalization={"method": "minmax", "range": (-1.0, 1.0)})

    low, high = arrays[:24].min((0, 1)), arrays[:24].max((0, 1))
    expected = (arrays[:24] - low) / (high - low) * 2 - 1
    np.testing.assert_allclose(tensors(made), expected, atol=1e-6)
    assert made.inputs[0].name == "features"


def test_tensors_that_need_nothing_have_one_step(run: Callable[..., Prepared]) -> None:
    arrays = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)

    made = run("tensor", arrays, normalization={"method": "none"})

    assert [step.op for step in made.transform.steps] == ["tensor"]
    np.testing.assert_array_equal(tensors(made), arrays[:24])


def test_filters_of_tensors_act_along_the_first_axis(run: Callable[..., Prepared]) -> None:
    arrays = np.random.default_rng(0).normal(size=(40, 9, 2)).astype(np.float32)
    filters = [
        {"op": "savitzky_golay", "size": 5, "order": 2},
        {"op": "moving_average", "size": 3},
    ]

    made = run(
        "tensor", arrays, normalization={"method": "none"}, cleaning={"filters": filters}
    )

    (savitzky_golay, moving_average) = made.transform.steps[1:]
    assert savitzky_golay.params == {"window": 5, "order": 2, "axis": 0}
    assert moving_average.params == {"size": 3, "axes": [0]}
    smooth = made.transform.steps[1].outputs[0]
    values = made.transform({"tensor": arrays[:24]})[smooth]
    expected = ndimage.uniform_filter1d(values, 3, axis=1, mode="nearest")
    np.testing.assert_allclose(tensors(made), expected, atol=1e-5)


def test_noise_of_tensors_is_a_share_by_place(run: Callable[..., Prepared]) -> None:
    arrays = np.random.default_rng(0).uniform(0, [1, 100], (40, 500, 2))

    made = run("tensor", arrays, normalization={"method": "none"}, augmentation={"noise": 0.1})
    noise = made.augmented(np.arange(24), np.random.default_rng(0))["features"] - tensors(made)

    np.testing.assert_allclose(noise.std((0, 1)), [0.1, 10.0], rtol=0.05)


def test_nan_in_a_tensor_is_named(run: Callable[..., Prepared]) -> None:
    arrays = np.zeros((40, 3))
    arrays[:, 0] = np.arange(40)
    arrays[17, 1] = np.nan

    with pytest.raises(DataError, match="held, row 17: the array holds NaN"):
        run("tensor", arrays)


def test_infinity_in_a_tensor_is_named(run: Callable[..., Prepared]) -> None:
    arrays = np.zeros((40, 3))
    arrays[:, 0] = np.arange(40)
    arrays[33, 1] = np.inf

    with pytest.raises(DataError, match=r"held, row 33 \(test\): inf after cleaning"):
        run("tensor", arrays)


def test_single_numbers_as_samples_are_refused(run: Callable[..., Prepared]) -> None:
    with pytest.raises(DataError, match=r"give them an axis: reshape to \(n, 1\)"):
        run("tensor", np.arange(40.0))
