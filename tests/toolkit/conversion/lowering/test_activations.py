from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast

import keras
import numpy as np
import onnx
import pytest
import tensorflow as tf

from edgesmith.reference import trace
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.bundle import Artifact

_NAMES = [
    "celu",
    "elu",
    "exponential",
    "gelu",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "leaky_relu",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "tanh_shrink",
]
_SET = (
    partial(keras.activations.celu, alpha=0.4),
    partial(keras.activations.relu, negative_slope=0.1, max_value=3.0, threshold=0.5),
    partial(keras.activations.threshold, threshold=0.3, default_value=-1.0),
)


def _samples() -> np.ndarray:
    rng = np.random.default_rng(0)
    return (rng.normal(0, 1, (4, 32)) * rng.choice([0.05, 1.0, 8.0], (4, 32))).astype("float32")


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
def test_every_activation_answers_as_keras(
    error_of: Callable[..., float], model_of: Any, fmt: Format
) -> None:
    calls = [getattr(keras.activations, name) for name in _NAMES]

    model = model_of({"x": ((32,), "float32")}, *calls, *_SET)

    assert error_of(model, fmt, _samples()) < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
@pytest.mark.parametrize(
    "call", [tf.nn.gelu, partial(keras.activations.gelu, approximate=True)]
)
def test_a_function_of_tensorflow_that_a_layer_holds_answers_as_keras(
    error_of: Callable[..., float], fmt: Format, call: Callable[..., Any]
) -> None:
    x = keras.Input((32,))
    # Weights of which no sample's answers are all near 0: the error is a share of their range.
    weights = cast("Any", keras.initializers.GlorotUniform(seed=0))
    model = keras.Model(x, keras.layers.Dense(8, call, kernel_initializer=weights)(x))

    assert error_of(model, fmt, _samples()) < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("opset", [13, 23])
def test_native_activations_exist_in_other_opsets(
    error_of: Callable[..., float], model_of: Any, opset: int
) -> None:
    calls = [getattr(keras.activations, name) for name in ("gelu", "celu", "hard_silu")]

    model = model_of({"x": ((32,), "float32")}, *calls)

    assert error_of(model, Format.ONNX, _samples(), opset=opset) < 1e-6


@pytest.mark.parametrize(
    ("name", "nodes"),
    [
        ("gelu", ["Div", "Erf", "Add", "Mul", "Mul"]),
        ("celu", ["Celu"]),
        ("hard_silu", ["HardSigmoid", "Mul"]),
    ],
)
def test_an_activation_takes_few_nodes(
    artifact_of: Callable[..., Artifact], model_of: Any, name: str, nodes: list[str]
) -> None:
    model = model_of({"x": ((32,), "float32")}, getattr(keras.activations, name))

    content = bytes(artifact_of(trace(model), Format.ONNX).content)

    graph = onnx.load_model_from_string(content).graph
    assert [node.op_type for node in graph.node] == nodes
