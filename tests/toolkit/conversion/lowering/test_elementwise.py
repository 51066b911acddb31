from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from edgesmith_runtime.runners import open_runner
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable

ops: Any = keras.ops


_PLAIN = [
    "erf",
    "erfc",
    "expm1",
    "cosh",
    "sinh",
    "tan",
    "arctan",
    "arcsinh",
    "signbit",
    "sinc",
    "cbrt",
]
_INSIDE = ["arccos", "arcsin", "arctanh", "erfinv"]


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
def test_functions_of_numbers_answer_as_keras(
    error_of: Callable[..., float], model_of: Any, fmt: Format
) -> None:
    x = np.random.default_rng(0).normal(0, 1, (4, 9)).astype("float32")
    functions = [getattr(ops, name) for name in _PLAIN]

    model = model_of(
        {"x": ((9,), "float32")},
        *functions,
        lambda x: ops.logaddexp(x, 2 * x),
        lambda x: ops.log1p(ops.abs(x)),
        lambda x: ops.arccosh(ops.abs(x) + 1.1),
        lambda x: tf.math.erf(x),
    )

    assert error_of(model, fmt, x) < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
def test_functions_of_the_unit_interval_answer_as_keras(
    error_of: Callable[..., float], model_of: Any, fmt: Format
) -> None:
    x = np.random.default_rng(0).uniform(-0.999, 0.999, (4, 9)).astype("float32")

    model = model_of({"x": ((9,), "float32")}, *[getattr(ops, name) for name in _INSIDE])

    assert error_of(model, fmt, x) < 1e-6


@pytest.mark.slow
def test_erf_is_as_good_as_its_numbers_over_the_whole_range(
    artifact_of: Callable[..., Any], model_of: Any
) -> None:
    from math import erf

    from edgesmith.reference import trace

    x = np.linspace(-6, 6, 2000, dtype="float32").reshape(1, -1)
    model = model_of({"x": ((2000,), "float32")}, ops.erf)

    runner = open_runner(artifact_of(trace(model), Format.TFLITE))

    expected = np.array([erf(value) for value in x[0].astype(float)])
    (answer,) = runner.run({"x": x}).values()
    assert np.max(np.abs(answer[0] - expected)) < 3e-7
    assert np.max(np.abs(answer)) <= 1


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
def test_whole_numbers_below_zero_are_as_in_keras(
    error_of: Callable[..., float], model_of: Any, fmt: Format
) -> None:
    x = np.array([[-7, -6, -1, 0, 1, 5], [3, -3, 2, -2, 8, -8]], "int32")

    model = model_of(
        {"x": ((6,), "int32")},
        lambda x: ops.floor_divide(x, 3),
        lambda x: ops.mod(x, 3),
        lambda x: ops.mod(x, -3),
        ops.sign,
        lambda x: ops.clip(x, 0, 6),
        lambda x: ops.clip(ops.cast(x, "int64"), -1, 1),
        lambda x: ops.abs(ops.cast(x, "int64")),
        lambda x: ops.mod(ops.cast(x, "float32") + 0.3, 0.7),
        lambda x: ops.floor_divide(ops.cast(x, "float32") + 0.3, 0.7),
    )

    assert error_of(model, fmt, x) < 1e-6


@pytest.mark.slow
@pytest.mark.tflite
def test_bits_are_as_in_keras(error_of: Callable[..., float], model_of: Any) -> None:
    x = np.array([[-(2**31), -1, 0, 1, 2**31 - 1, 77_777], [5, -5, 255, 256, -256, 9]], "int32")
    y = x[:, ::-1].copy()

    model = model_of(
        {"x": ((6,), "int32"), "y": ((6,), "int32")},
        ops.bitwise_and,
        ops.bitwise_or,
        lambda x, y: ops.bitwise_not(x),
        lambda x, y: ops.left_shift(y, 2),
    )

    assert error_of(model, Format.TFLITE, {"x": x, "y": y}) == 0
