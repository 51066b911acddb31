from __future__ import annotations

import numpy as np
import pytest

from edgesmith.training.architectures import architectures
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.manifest import Output, Task
from edgesmith_runtime.spec import TensorSpec

CLASSES = Output(name="scores", shape=(3,), labels=("a", "b", "c"))


def test_regression_is_inputs_times_weights_plus_bias() -> None:
    inputs = (TensorSpec("x", "float32", ("batch", 4)),)
    x = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)

    model = architectures["linear"](inputs, Output(name="y", shape=(2,)), Task.REGRESSION)
    values = model(x)

    weights, bias = (variable.value.numpy() for variable in model.trainable_variables)
    np.testing.assert_allclose(values, x @ weights + bias, rtol=1e-5, atol=1e-6)


def test_classification_gives_probabilities() -> None:
    inputs = (TensorSpec("x", "float32", ("batch", 4)),)

    model = architectures["linear"](inputs, CLASSES, Task.CLASSIFICATION)
    scores = model(np.ones((2, 4), np.float32)).numpy()

    np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-6)
    assert scores.dtype == np.float32


def test_several_inputs_are_laid_side_by_side() -> None:
    inputs = (
        TensorSpec("image", "float32", ("batch", 2, 3)),
        TensorSpec("columns", "float32", ("batch", 4)),
    )

    model = architectures["linear"](inputs, CLASSES, Task.CLASSIFICATION)

    assert model.trainable_variables[0].shape == (2 * 3 + 4, 3)
    assert sorted(layer.name for layer in model.inputs) == ["columns", "image"]


def test_tensors_keep_their_names() -> None:
    inputs = (TensorSpec("x", "float32", ("batch", 4)),)

    model = architectures["linear"](inputs, CLASSES, Task.CLASSIFICATION)

    assert model.inputs[0].name == "x"
    assert model.layers[-1].name == "scores"


def test_an_output_of_several_axes_keeps_its_shape() -> None:
    inputs = (TensorSpec("x", "float32", ("batch", 4)),)

    model = architectures["linear"](inputs, Output(name="map", shape=(2, 3)), Task.REGRESSION)

    assert model.output_shape == (None, 2, 3)
    assert model.layers[-1].name == "map"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            TensorSpec("x", "float32", ("batch", "time")),
            "training.architecture: linear and mlp take float32 tensors of fixed shape; "
            "tensor 'x' is float32 (batch, time)",
        ),
        (
            TensorSpec("x", "int64", ("batch", 4)),
            "training.architecture: linear and mlp take float32 tensors of fixed shape; "
            "tensor 'x' is int64 (batch, 4)",
        ),
    ],
)
def test_tensors_that_a_dense_layer_cannot_take_are_named(
    spec: TensorSpec, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        architectures["linear"]((spec,), CLASSES, Task.CLASSIFICATION)

    assert str(caught.value) == message


def test_an_output_of_free_shape_is_refused() -> None:
    inputs = (TensorSpec("x", "float32", ("batch", 4)),)

    with pytest.raises(ConfigError) as caught:
        architectures["linear"](inputs, Output(name="y", shape=("n",)), Task.REGRESSION)

    assert str(caught.value) == (
        "training.architecture: expected an output of fixed shape, got 'y' (n,)"
    )
