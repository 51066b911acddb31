from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith.reference import load_original, trace
from edgesmith.reference.legacy.layers import TensorFlowOp, ThresholdedReLU, hard_sigmoid
from edgesmith_runtime.errors import ConversionError
from edgesmith_runtime.runners import open_runner
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edgesmith_runtime.bundle import Artifact


def test_the_hard_sigmoid_is_that_of_keras_2() -> None:
    x = np.array([-3.0, -1.0, 0.0, 1.0, 3.0], np.float32)

    np.testing.assert_allclose(hard_sigmoid(x), [0.0, 0.3, 0.5, 0.7, 1.0], atol=1e-6)


def test_a_thresholded_relu_is_zero_up_to_theta() -> None:
    x = np.array([[-1.0, 0.5, 0.6, 2.0]], np.float32)

    np.testing.assert_allclose(ThresholdedReLU(0.5)(x), [[0.0, 0.0, 0.6, 2.0]])


@pytest.mark.parametrize(
    "path",
    [
        "io.write_file",
        "py_function",
        "numpy_function",
        "math.no",
        "math._sys.path.append",
        "math.__loader__.get_data",
        "keras.activations.deserialize",
    ],
)
def test_a_function_that_does_more_than_compute_is_refused(path: str) -> None:
    with pytest.raises(ConversionError, match=f"calls the TensorFlow function '{path}', which"):
        TensorFlowOp(path)


def _layer(class_name: str, name: str, nodes: Any, **settings: Any) -> dict[str, Any]:
    config = {"name": name, "trainable": True, "dtype": "float32", **settings}
    return {"class_name": class_name, "name": name, "config": config, "inbound_nodes": nodes}


def _operations() -> dict[str, Any]:
    """``1 - (2 a + b)[:, 1:3]`` and a concatenation, as Keras 2.4 to 2.15 wrote them."""
    whole = {"start": None, "stop": None, "step": None}
    part = {"start": 1, "stop": 3, "step": None}
    layers = [
        _layer("InputLayer", "a", [], batch_input_shape=[None, 4]),
        _layer("InputLayer", "b", [], batch_input_shape=[None, 4]),
        _layer(
            "TFOpLambda",
            "double",
            [["a", 0, 0, {"y": 2.0, "name": None}]],
            function="math.multiply",
        ),
        _layer(
            "TFOpLambda",
            "sum",
            [["double", 0, 0, {"y": ["b", 0, 0], "name": None}]],
            function="__operators__.add",
        ),
        _layer(
            "SlicingOpLambda",
            "part",
            [["sum", 0, 0, {"slice_spec": [whole, part]}]],
            function="__operators__.getitem",
        ),
        _layer(
            "TFOpLambda",
            "rest",
            [["_CONSTANT_VALUE", -1, 1.0, {"y": ["part", 0, 0], "name": None}]],
            function="math.subtract",
        ),
        _layer(
            "TFOpLambda",
            "joined",
            [[["rest", 0, 0, {"axis": -1}], ["a", 0, 0, {"axis": -1}]]],
            function="concat",
        ),
    ]
    inputs = [["a", 0, 0], ["b", 0, 0]]
    config = {"name": "m", "layers": layers, "input_layers": inputs}
    return {
        "class_name": "Functional",
        "config": {**config, "output_layers": [["joined", 0, 0]]},
    }


def test_functions_called_on_tensors_compute_as_they_did(
    write_h5: Callable[..., Path], rng: np.random.Generator
) -> None:
    path = write_h5(_operations(), {"a": [], "b": []})

    loaded = load_original(path)

    a, b = (rng.normal(size=(3, 4)).astype(np.float32) for _ in range(2))
    expected = np.hstack([1 - (2 * a + b)[:, 1:3], a])
    np.testing.assert_allclose(loaded([a, b]), expected, atol=1e-6)


def test_they_are_saved_and_loaded_again(
    write_h5: Callable[..., Path], rng: np.random.Generator, tmp_path: Path
) -> None:
    loaded = load_original(write_h5(_operations(), {"a": [], "b": []}))
    loaded.save(tmp_path / "again.keras")

    again = load_original(tmp_path / "again.keras")

    a, b = (rng.normal(size=(3, 4)).astype(np.float32) for _ in range(2))
    np.testing.assert_array_equal(again([a, b]), loaded([a, b]))


def test_old_activations_are_those_of_keras_2(write_h5: Callable[..., Path]) -> None:
    layers = [
        _layer("Activation", "gate", [], activation="hard_sigmoid", batch_input_shape=[None, 2])
    ]
    path = write_h5(
        {"class_name": "Sequential", "config": {"name": "s", "layers": layers}}, {"gate": []}
    )

    loaded = load_original(path)

    answer = loaded(np.array([[1.0, -1.0]], np.float32))
    np.testing.assert_allclose(answer, [[0.7, 0.3]], atol=1e-6)


def test_gates_of_a_recurrent_layer_are_those_of_keras_2(
    write_h5: Callable[..., Path], rng: np.random.Generator
) -> None:
    kernel, recurrent, bias = (rng.normal(size=shape) for shape in ((3, 8), (2, 8), (8,)))
    settings = {"units": 2, "recurrent_activation": "hard_sigmoid", "unroll": True}
    lstm = _layer("LSTM", "lstm", [], batch_input_shape=[None, 1, 3], **settings)
    path = write_h5(
        {"class_name": "Sequential", "config": [lstm]}, {"lstm": [kernel, recurrent, bias]}
    )

    loaded = load_original(path)

    x = rng.normal(size=(4, 1, 3)).astype(np.float32)
    i, _, c, o = np.split(x[:, 0] @ kernel + bias, 4, axis=1)
    gate = [np.clip(0.2 * part + 0.5, 0, 1) for part in (i, o)]
    np.testing.assert_allclose(loaded(x), gate[1] * np.tanh(gate[0] * np.tanh(c)), atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
def test_functions_called_on_tensors_convert(
    write_h5: Callable[..., Path],
    artifact_of: Callable[..., Artifact],
    fmt: Format,
    rng: np.random.Generator,
) -> None:
    loaded = load_original(write_h5(_operations(), {"a": [], "b": []}))

    artifact = artifact_of(trace(loaded), fmt)

    a, b = (rng.normal(size=(3, 4)).astype(np.float32) for _ in range(2))
    outputs = open_runner(artifact, n_threads=1).run({"a": a, "b": b})
    expected = np.hstack([1 - (2 * a + b)[:, 1:3], a])
    np.testing.assert_allclose(outputs["joined"], expected, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
def test_recurrent_gates_of_keras_2_convert(
    write_h5: Callable[..., Path],
    artifact_of: Callable[..., Artifact],
    fmt: Format,
    rng: np.random.Generator,
) -> None:
    settings = {"units": 2, "recurrent_activation": "hard_sigmoid"}
    lstm = _layer("LSTM", "lstm", [], batch_input_shape=[None, 5, 3], **settings)
    weights = [rng.normal(size=shape) for shape in ((3, 8), (2, 8), (8,))]
    path = write_h5({"class_name": "Sequential", "config": [lstm]}, {"lstm": weights})
    loaded = load_original(path)

    artifact = artifact_of(trace(loaded), fmt)

    x = rng.normal(size=(4, 5, 3)).astype(np.float32)
    outputs = open_runner(artifact, n_threads=1).run({"lstm_input": x})
    np.testing.assert_allclose(outputs["lstm"], loaded(x), atol=1e-5)
