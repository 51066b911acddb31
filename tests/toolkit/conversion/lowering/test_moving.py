from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable


ops: Any = keras.ops


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
def test_rolls_answer_as_keras_at_any_length(
    error_of: Callable[..., float], model_of: Any, fmt: Format
) -> None:
    x = np.random.default_rng(0).normal(0, 1, (3, 8, 4)).astype("float32")

    model = model_of(
        {"x": ((None, 4), "float32")},
        lambda x: ops.roll(x, 2, axis=1),
        lambda x: ops.roll(x, -9, axis=1),
        lambda x: ops.roll(x, 5, axis=2),
        lambda x: ops.roll(x, (1, -2), axis=(1, 2)),
    )

    assert error_of(model, fmt, x, x[:, :5]) == 0


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
def test_running_products_answer_as_keras(
    error_of: Callable[..., float], model_of: Any, fmt: Format
) -> None:
    x = np.random.default_rng(0).normal(0, 1, (3, 7, 4)).astype("float32")

    model = model_of(
        {"x": ((7, 4), "float32")},
        lambda x: ops.cumprod(x, axis=1),
        lambda x: ops.cumprod(x, axis=-1),
        lambda x: tf.math.cumprod(x, axis=1, exclusive=True, reverse=True),
    )

    assert error_of(model, fmt, x) < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
def test_diagonals_answer_as_keras(
    error_of: Callable[..., float], model_of: Any, fmt: Format
) -> None:
    x = np.random.default_rng(0).normal(0, 1, (3, 7, 4)).astype("float32")

    model = model_of(
        {"x": ((7, 4), "float32")},
        lambda x: ops.diagonal(x, axis1=1, axis2=2),
        lambda x: ops.diagonal(x, offset=2, axis1=1, axis2=2),
        lambda x: ops.diagonal(x, offset=-3, axis1=1, axis2=2),
        tf.linalg.diag,
        lambda x: tf.linalg.diag(x, k=1),
        lambda x: tf.linalg.diag(x, k=-2),
    )

    assert error_of(model, fmt, x) == 0


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
def test_each_sample_has_its_own_segments(
    error_of: Callable[..., float], model_of: Any, fmt: Format
) -> None:
    rng = np.random.default_rng(0)
    samples = {
        "x": rng.normal(0, 1, (3, 7, 4)).astype("float32"),
        "ids": rng.integers(0, 4, (3, 7)).astype("int32"),
    }

    def summed(x: Any, ids: Any) -> Any:
        return ops.vectorized_map(
            lambda pair: ops.segment_sum(pair[0], pair[1], num_segments=4), (x, ids)
        )

    model = model_of({"x": ((7, 4), "float32"), "ids": ((7,), "int32")}, summed)

    assert error_of(model, fmt, samples) < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
def test_a_part_is_updated_as_in_keras(
    error_of: Callable[..., float], model_of: Any, fmt: Format
) -> None:
    x = np.random.default_rng(0).normal(0, 1, (3, 7, 4)).astype("float32")

    model = model_of(
        {"x": ((7, 4), "float32")},
        lambda x: ops.slice_update(x, (0, 1, 2), x[:, :2, :1] * 0 + 5.0),
        lambda x: ops.slice_update(x, (0, 6, 0), x[:, :3]),
    )

    assert error_of(model, fmt, x) == 0
