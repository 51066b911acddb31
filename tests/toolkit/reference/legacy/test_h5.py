from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py
import keras
import numpy as np
import pytest

from edgesmith.reference import load_original, trace
from edgesmith_runtime.errors import ConversionError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

layers = keras.layers


def _layer(class_name: str, name: str, nodes: Any = (), **settings: Any) -> dict[str, Any]:
    config = {"name": name, "trainable": True, "dtype": "float32", **settings}
    return {"class_name": class_name, "name": name, "config": config, "inbound_nodes": nodes}


def _sequential(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"class_name": "Sequential", "config": {"name": "sequential_1", "layers": [*parts]}}


def _dense(name: str, units: int, nodes: Any = (), **settings: Any) -> dict[str, Any]:
    initializer = {"class_name": "GlorotUniform", "config": {"seed": None, "dtype": "float32"}}
    return _layer("Dense", name, nodes, units=units, kernel_initializer=initializer, **settings)


def test_a_model_is_loaded_without_its_optimizer(
    write_h5: Callable[..., Path], rng: np.random.Generator
) -> None:
    kernel, bias = rng.normal(size=(4, 2)), rng.normal(size=2)
    path = write_h5(
        _sequential(_dense("dense", 2, batch_input_shape=[None, 4])), {"dense": [kernel, bias]}
    )

    loaded = load_original(path)

    x = rng.normal(size=(3, 4)).astype(np.float32)
    np.testing.assert_allclose(loaded(x), x @ kernel + bias, atol=1e-6)
    assert not loaded.compiled


def test_the_first_layer_says_what_the_model_takes(write_h5: Callable[..., Path]) -> None:
    path = write_h5(
        _sequential(
            _layer(
                "Embedding",
                "words",
                batch_input_shape=[None, None],
                input_dim=5,
                output_dim=2,
                input_length=None,
            )
        ),
        {"words": [np.ones((5, 2))]},
    )

    (spec,) = trace(load_original(path)).signature.inputs

    assert (spec.name, spec.dtype) == ("words_input", "int32")
    assert spec.shape == ("batch", "words_input_1")


def test_weights_of_other_shapes_are_refused_by_layer(write_h5: Callable[..., Path]) -> None:
    path = write_h5(
        _sequential(_dense("dense", 2, batch_input_shape=[None, 4])),
        {"dense": [np.ones((3, 2)), np.ones(2)]},
    )

    with pytest.raises(
        ConversionError,
        match=r"model\.h5: layer 'dense': expected weights of shapes .*\(4, 2\)",
    ):
        load_original(path)


def test_weights_of_another_number_of_layers_are_refused(
    write_h5: Callable[..., Path],
) -> None:
    path = write_h5(_sequential(_dense("dense", 2, batch_input_shape=[None, 4])), {"dense": []})

    with pytest.raises(ConversionError, match="has weights of 0 layers, and the model 1 with"):
        load_original(path)


def test_a_model_without_an_input_is_refused(write_h5: Callable[..., Path]) -> None:
    path = write_h5(_sequential(_dense("dense", 2)), {"dense": [np.ones((4, 2)), np.ones(2)]})

    with pytest.raises(ConversionError, match="does not say what the model takes"):
        load_original(path)


def test_a_file_of_weights_alone_says_so(tmp_path: Path) -> None:
    path = tmp_path / "only.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"dense"]

    with pytest.raises(
        ConversionError, match=r"only\.h5: holds weights alone; build the model"
    ):
        load_original(path)


def test_a_file_of_keras_3_is_loaded_by_keras(tmp_path: Path, rng: np.random.Generator) -> None:
    model = keras.Sequential([keras.Input((4,)), layers.BatchNormalization(), layers.Dense(2)])
    model.compile("adam", "mse")
    model.save(tmp_path / "three.h5")

    loaded = load_original(tmp_path / "three.h5")

    x = rng.normal(size=(3, 4)).astype(np.float32)
    np.testing.assert_allclose(loaded(x), model(x), atol=1e-6)
    assert not loaded.compiled


def test_a_functional_model_with_all_that_changed(
    write_h5: Callable[..., Path], rng: np.random.Generator
) -> None:
    policy = {"class_name": "Policy", "config": {"name": "float32"}}
    old_lstm = {
        "units": 3,
        "recurrent_activation": "sigmoid",
        "time_major": False,
        "implementation": 1,
        "return_sequences": True,
        "return_state": True,
        "dtype": policy,
    }
    inner = {
        "name": "inner",
        "layers": [
            _layer("InputLayer", "i", [], batch_input_shape=[None, 3], sparse=False),
            _dense("d", 2, [[["i", 0, 0, {}]]]),
        ],
        "input_layers": [["i", 0, 0]],
        "output_layers": [["d", 0, 0]],
    }
    config = {
        "name": "model_1",
        "layers": [
            _layer("InputLayer", "x", [], batch_input_shape=[None, 4, 3], ragged=False),
            _layer("LSTM", "encoder", [[["x", 0, 0, {}]]], **old_lstm),
            _layer(
                "LSTM",
                "decoder",
                [[["x", 0, 0, {}], ["encoder", 0, 1, {}], ["encoder", 0, 2, {}]]],
                **{**old_lstm, "return_sequences": False, "return_state": False},
            ),
            {
                "class_name": "Model",
                "name": "inner",
                "config": inner,
                "inbound_nodes": [[["decoder", 0, 0, {}]]],
            },
        ],
        "input_layers": [["x", 0, 0]],
        "output_layers": [["inner", 1, 0]],
    }
    x = keras.Input((4, 3))
    _, *states = layers.LSTM(3, return_state=True, name="encoder")(x)
    decoded = layers.LSTM(3, name="decoder")(x, initial_state=states)
    equal = keras.Model(x, layers.Dense(2, name="inner")(decoded))
    weights = {layer.name: layer.get_weights() for layer in equal.layers}
    path = write_h5({"class_name": "Model", "config": config}, weights)

    loaded = load_original(path)

    series = rng.normal(size=(2, 4, 3)).astype(np.float32)
    np.testing.assert_allclose(loaded(series), equal(series), atol=1e-6)


def test_a_class_that_is_not_there_is_named(write_h5: Callable[..., Path]) -> None:
    path = write_h5(
        _sequential(_layer("Swirl", "swirl", batch_input_shape=[None, 4])), {"swirl": []}
    )

    with pytest.raises(
        ConversionError,
        match=r"needs 'Swirl', which neither Keras nor the file has; .*--custom-objects package",
    ):
        load_original(path)


def test_a_lambda_with_code_is_named_and_refused(write_h5: Callable[..., Path]) -> None:
    path = write_h5(
        _sequential(
            _layer(
                "Lambda",
                "double",
                batch_input_shape=[None, 4],
                function=["4wEAAAA=", None, None],
                function_type="lambda",
                output_shape_type="raw",
                output_shape=None,
                arguments={},
            )
        ),
        {"double": []},
    )

    with pytest.raises(
        ConversionError, match=r"the Lambda layers 'double' hold Python code, .*--unsafe"
    ):
        load_original(path)


def test_a_lambda_with_a_function_by_name_takes_it_from_the_module(
    write_h5: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rng: np.random.Generator,
) -> None:
    (tmp_path / "functions_of_a_lambda.py").write_text("def triple(x):\n    return 3 * x\n")
    monkeypatch.syspath_prepend(tmp_path)
    path = write_h5(
        _sequential(
            _layer(
                "Lambda",
                "layer",
                batch_input_shape=[None, 4],
                function="triple",
                function_type="function",
                output_shape_type="raw",
                output_shape=None,
                arguments={},
            )
        ),
        {"layer": []},
    )

    loaded = load_original(path, custom_objects=("functions_of_a_lambda",))

    x = rng.normal(size=(3, 4)).astype(np.float32)
    np.testing.assert_allclose(loaded(x), 3 * x, rtol=1e-6)
