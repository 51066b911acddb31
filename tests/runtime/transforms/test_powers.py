"""Power transforms, against scipy and scikit-learn."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import PowerTransformer

from edgesmith_runtime.errors import InputError, TransformError
from edgesmith_runtime.transforms.powers import BoxCox, Log1p, YeoJohnson

powers = st.sampled_from([-2.0, -0.3, 0.0, 1e-9, 0.5, 1.0, 1.7, 2.0, 3.0])


def _numbers(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 3, (50, 2))


@given(seed=st.integers(0, 99), power=powers)
def test_yeo_johnson_is_what_scipy_gives(seed: int, power: float) -> None:
    numbers = _numbers(seed)
    expected = np.reshape(cast("Any", scipy.stats.yeojohnson(numbers.ravel(), power)), (50, 2))

    np.testing.assert_allclose(YeoJohnson((power,))(numbers), expected, rtol=1e-10, atol=1e-12)


@given(seed=st.integers(0, 99), power=powers)
def test_box_cox_is_what_scipy_gives(seed: int, power: float) -> None:
    numbers = np.abs(_numbers(seed)) + 0.1
    expected = np.reshape(cast("Any", scipy.stats.boxcox(numbers.ravel(), power)), (50, 2))

    np.testing.assert_allclose(BoxCox((power,))(numbers), expected, rtol=1e-10, atol=1e-12)


def test_each_column_has_its_own_power_as_in_scikit_learn() -> None:
    numbers = np.exp(_numbers())
    transformer = cast("Any", PowerTransformer(standardize=False).fit(numbers))

    made = YeoJohnson(tuple(transformer.lambdas_.tolist()))(numbers)

    np.testing.assert_allclose(made, transformer.transform(numbers), rtol=1e-12)


def test_the_logarithm_has_two_sides() -> None:
    numbers = np.array([[-np.e + 1, 0.0, 1e-20, np.e - 1]])

    np.testing.assert_allclose(Log1p()(numbers), [[-1, 0, 1e-20, 1]], rtol=1e-15)


@pytest.mark.parametrize(
    "op", [Log1p((True, False)), YeoJohnson((0.5, None)), BoxCox((0.5, None))]
)
def test_a_column_can_be_left_as_it_is(op: Any) -> None:
    numbers = np.array([[4.0, -0.1]], np.float32)

    made = op(numbers)

    assert made.dtype == np.float32
    assert made[0, 1] == numbers[0, 1]
    assert made[0, 0] != numbers[0, 0]


@pytest.mark.parametrize("op", [Log1p(), YeoJohnson((0.5,)), BoxCox((0.5,))])
def test_nan_stays_nan(op: Any) -> None:
    assert np.isnan(op(np.array([[np.nan]]))).all()


def test_box_cox_refuses_what_is_not_above_0() -> None:
    with pytest.raises(
        InputError,
        match=r"^place 1: expected a number above 0 for Box-Cox, got -3; Yeo-Johnson takes any$",
    ):
        BoxCox((0.5, 0.5))(np.array([[1.0, -3.0]]))


def test_other_columns_than_fitted_are_refused() -> None:
    with pytest.raises(TransformError, match=r"^expected 2 columns on the last axis"):
        YeoJohnson((0.5, 1.0))(np.ones((1, 3)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Log1p(()), "^among: expected one or more of true and false, got none$"),
        (lambda: YeoJohnson(()), r"^powers: expected one or more finite numbers, got \[\]$"),
        (
            lambda: BoxCox((np.inf,)),
            r"^powers: expected one or more finite numbers, got \[inf\]$",
        ),
    ],
)
def test_bad_params_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
