from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import onnx
import pytest

from edgesmith.reference import trace
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.bundle import Artifact

layers = keras.layers


def _stirred(model: keras.Model) -> keras.Model:
    rng = np.random.default_rng(1)
    for weight in model.weights:
        weight.assign(rng.uniform(0.5, 1.5, weight.shape))
    return model


def _chain(shape: tuple[int | None, ...], *parts: Any) -> keras.Model:
    x = keras.Input(shape)
    y = x
    for part in parts:
        y = part(y)
    return _stirred(keras.Model(x, y))


CASES = {
    "behind Dense": (
        lambda: _chain((3,), layers.Dense(4), layers.BatchNormalization(), layers.ReLU()),
        {"Gemm": 1, "Relu": 1},
    ),
    "behind Dense without bias": (
        lambda: _chain((3,), layers.Dense(4, use_bias=False), layers.BatchNormalization()),
        {"Gemm": 1},
    ),
    "before Dense": (
        lambda: _chain(
            (3,),
            layers.Dense(4, activation="relu"),
            layers.BatchNormalization(),
            layers.Dense(2),
        ),
        {"Gemm": 2, "Relu": 1},
    ),
    "behind Dense on a sequence": (
        lambda: _chain((None, 3), layers.Dense(4), layers.BatchNormalization()),
        {"MatMul": 1, "Add": 1},
    ),
    "a scale of one number": (
        lambda: _chain((3,), layers.Dense(4), layers.Rescaling(0.25, 1.0)),
        {"Gemm": 1},
    ),
    "a mean far from zero": (
        lambda: _chain((2,), layers.Normalization(mean=1.7e9, variance=1e10), layers.Dense(4)),
        {"Sub": 1, "Mul": 1, "Gemm": 1},
    ),
    "a constant that widens": (
        lambda: _chain(
            (1,),
            layers.Lambda(lambda x: x * keras.ops.convert_to_tensor([0.5, 2.0, 3.0])),
            layers.Dense(4),
        ),
        {"Mul": 1, "Gemm": 1},
    ),
    "nothing to fold": (lambda: _chain((3,), layers.Dense(4)), {"Gemm": 1}),
    "a softmax between": (
        lambda: _chain((3,), layers.Dense(4, activation="softmax"), layers.Rescaling(3.0)),
        {"Gemm": 1, "Softmax": 1, "Mul": 1},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_scales_and_shifts_are_in_the_weights(
    case: str, error_of: Callable[..., float], artifact_of: Callable[..., Artifact]
) -> None:
    build, expected = CASES[case]
    model = build()
    shape = [length or 6 for length in model.input_shape[1:]]
    samples = np.random.default_rng(0).standard_normal((3, *shape), np.float32)

    artifact = artifact_of(trace(model), Format.ONNX)

    graph = onnx.load_model_from_string(bytes(artifact.content)).graph
    assert Counter(node.op_type for node in graph.node) == expected
    assert error_of(model, Format.ONNX, samples) < 2e-6


def test_a_value_that_is_needed_elsewhere_stays(
    error_of: Callable[..., float],
) -> None:
    x = keras.Input((3,))
    y = layers.Dense(4)(x)
    z = layers.BatchNormalization()(y)
    model = _stirred(keras.Model(x, [y, z, layers.Dense(2)(z)]))
    samples = np.random.default_rng(0).standard_normal((3, 3), np.float32)

    assert error_of(model, Format.ONNX, samples) < 2e-6


def test_a_scale_by_another_tensor_is_no_constant(error_of: Callable[..., float]) -> None:
    x = keras.Input((3,))
    model = _stirred(keras.Model(x, layers.Multiply()([layers.Dense(3)(x), x])))
    samples = np.random.default_rng(0).standard_normal((3, 3), np.float32)

    assert error_of(model, Format.ONNX, samples) < 2e-6


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_a_convolution_takes_up_what_is_behind_it(
    padding: str, error_of: Callable[..., float], artifact_of: Callable[..., Artifact]
) -> None:
    model = _chain((7, 3), layers.Conv1D(4, 3, padding=padding), layers.BatchNormalization())
    samples = np.random.default_rng(0).standard_normal((3, 7, 3), np.float32)

    artifact = artifact_of(trace(model), Format.ONNX)

    graph = onnx.load_model_from_string(bytes(artifact.content)).graph
    assert not {"Mul", "Add"} & {node.op_type for node in graph.node}
    assert error_of(model, Format.ONNX, samples) < 2e-6
