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
def test_places_of_the_largest_and_smallest_are_as_in_keras(
    error_of: Callable[..., float], model_of: Any, fmt: Format
) -> None:
    x = np.random.default_rng(0).normal(0, 1, (4, 7, 5)).astype("float32")

    model = model_of(
        {"x": ((None, 5), "float32")},
        lambda x: ops.argmax(x, axis=1),
        lambda x: ops.argmin(x, axis=-1),
        lambda x: ops.argmax(x, axis=1, keepdims=True),
        lambda x: ops.argmin(ops.cast(x * 9, "int64"), axis=1),
        lambda x: ops.argmax(ops.cast(ops.abs(x) * 9, "uint8"), axis=1),
        lambda x: ops.argmax(x > 0, axis=-1),
    )

    assert error_of(model, fmt, x, x[:, :3]) == 0


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
def test_quantiles_answer_as_keras(
    error_of: Callable[..., float], model_of: Any, fmt: Format
) -> None:
    x = np.random.default_rng(0).normal(0, 1, (4, 7, 5)).astype("float32")
    x[1, 2, 3] = np.nan

    model = model_of(
        {"x": ((7, 5), "float32")},
        lambda x: ops.median(x, axis=1),
        lambda x: ops.median(x, axis=1, keepdims=True),
        lambda x: ops.quantile(x, 0.3, axis=2, method="nearest"),
        lambda x: ops.quantile(x, 0.3, axis=2, method="lower"),
        lambda x: ops.quantile(x, 0.3, axis=2, method="midpoint"),
        lambda x: ops.quantile(x, 1.0, axis=1),
        lambda x: ops.transpose(ops.quantile(x, [0.1, 0.5, 0.9], axis=(1, 2))),
    )

    assert error_of(model, fmt, x) < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
def test_one_hot_of_numbers_outside_is_all_zero(
    error_of: Callable[..., float], model_of: Any, fmt: Format
) -> None:
    x = np.array([[-3, -1, 0, 4, 5, 7], [1, 2, 3, 4, 0, 0]], "int32")

    model = model_of(
        {"x": ((6,), "int32")},
        lambda x: ops.one_hot(x, 5),
        lambda x: ops.one_hot(x, 5, axis=1, dtype="int32"),
        lambda x: ops.one_hot(x, 5, dtype="bool"),
        lambda x: tf.one_hot(x, 5, on_value=2.0, off_value=-1.0),
        lambda x: ops.multi_hot(x, 5),
    )

    assert error_of(model, fmt, x) == 0


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
@pytest.mark.parametrize("side", ["left", "right"])
def test_places_in_an_order_are_as_in_keras(
    error_of: Callable[..., float], model_of: Any, fmt: Format, side: str
) -> None:
    x = np.array([[-2.0, -1.0, -0.5, 0.0], [0.5, 1.0, 2.0, 0.0]], "float32")
    bounds = np.array([-1.0, 0.0, 1.0], "float32")

    model = model_of(
        {"x": ((4,), "float32")},
        lambda x: ops.reshape(ops.searchsorted(bounds, ops.reshape(x, (-1,)), side), (-1, 4)),
        lambda x: ops.digitize(x, bounds.tolist()),
    )

    assert error_of(model, fmt, x) == 0


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
def test_targets_among_the_best_are_as_in_keras(
    error_of: Callable[..., float], model_of: Any, fmt: Format
) -> None:
    scores = np.random.default_rng(0).normal(0, 1, (5, 6)).astype("float32")
    targets = np.array([[0], [1], [2], [3], [4]], "int32")

    model = model_of(
        {"scores": ((6,), "float32"), "targets": ((1,), "int32")},
        lambda scores, targets: ops.in_top_k(targets[:, 0], scores, 2),
    )

    assert error_of(model, fmt, {"scores": scores, "targets": targets}) == 0
