from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py
import keras
import numpy as np
import pytest

from edgesmith.reference import load_original, trace
from edgesmith.reference.legacy.keras1 import renamed
from edgesmith_runtime.errors import ConversionError
from edgesmith_runtime.runners import open_runner
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edgesmith_runtime.bundle import Artifact

layers = keras.layers

_HELD_BACK = {
    "W_regularizer": {"name": "WeightRegularizer", "l1": 0.0, "l2": 0.01},
    "b_regularizer": None,
    "activity_regularizer": None,
    "W_constraint": None,
    "b_constraint": None,
}


def _layer(class_name: str, name: str, **settings: Any) -> dict[str, Any]:
    config = {"name": name, "trainable": True, **settings}
    return {"class_name": class_name, "config": config}


def _weights(model: keras.Model, rng: np.random.Generator) -> None:
    for weight in model.weights:
        weight.assign(rng.uniform(0.2, 0.9, weight.shape))


def _values(model: keras.Model) -> dict[str, list[Any]]:
    return {layer.name: layer.get_weights() for layer in model.layers}


def test_an_image_classifier_answers_as_its_equal_in_keras_3(
    write_h5: Callable[..., Path], rng: np.random.Generator
) -> None:
    equal = keras.Sequential(
        [
            keras.Input((9, 9, 2)),
            layers.Conv2D(4, (3, 2), 2, padding="same", activation="relu", name="conv"),
            layers.BatchNormalization(epsilon=1e-5, name="norm"),
            layers.MaxPooling2D(2, 1, name="pool"),
            layers.Dropout(0.5, name="drop"),
            layers.Flatten(name="flat"),
            layers.Dense(3, "softmax", name="out"),
        ]
    )
    _weights(equal, rng)
    config = [
        _layer(
            "Convolution2D",
            "conv",
            batch_input_shape=[None, 9, 9, 2],
            input_dtype="float32",
            nb_filter=4,
            nb_row=3,
            nb_col=2,
            border_mode="same",
            subsample=[2, 2],
            dim_ordering="tf",
            init="glorot_uniform",
            activation="relu",
            bias=True,
            **_HELD_BACK,
        ),
        _layer(
            "BatchNormalization",
            "norm",
            mode=0,
            axis=-1,
            momentum=0.99,
            epsilon=1e-5,
            gamma_regularizer=None,
            beta_regularizer=None,
        ),
        _layer(
            "MaxPooling2D",
            "pool",
            pool_size=[2, 2],
            strides=[1, 1],
            border_mode="valid",
            dim_ordering="tf",
        ),
        _layer("Dropout", "drop", p=0.5),
        _layer("Flatten", "flat"),
        _layer(
            "Dense",
            "out",
            output_dim=3,
            init="uniform",
            activation="softmax",
            bias=True,
            input_dim=None,
            **_HELD_BACK,
        ),
    ]
    path = write_h5(
        {"class_name": "Sequential", "config": config}, _values(equal), version="1.2.2"
    )

    loaded = load_original(path)

    images = rng.normal(size=(3, 9, 9, 2)).astype(np.float32)
    np.testing.assert_allclose(loaded(images), equal(images), atol=1e-6)


def test_recurrent_layers_of_keras_1_have_its_gates(
    write_h5: Callable[..., Path], rng: np.random.Generator
) -> None:
    equal = keras.Sequential(
        [
            keras.Input((6,), dtype="int32"),
            layers.Embedding(9, 4, name="embed"),
            layers.LSTM(3, return_sequences=True, recurrent_activation="sigmoid", name="lstm"),
            layers.Bidirectional(
                layers.GRU(2, reset_after=False, recurrent_activation="sigmoid"), name="both"
            ),
        ]
    )
    _weights(equal, rng)
    recurrent = {
        "init": "glorot_uniform",
        "inner_init": "orthogonal",
        "forget_bias_init": "one",
        "activation": "tanh",
        "inner_activation": "sigmoid",
        "return_sequences": False,
        "go_backwards": False,
        "stateful": False,
        "unroll": False,
        "consume_less": "cpu",
        "W_regularizer": None,
        "U_regularizer": None,
        "b_regularizer": None,
        "dropout_W": 0.1,
        "dropout_U": 0.1,
        "input_dim": 4,
        "input_length": None,
    }
    config = [
        _layer(
            "Embedding",
            "embed",
            batch_input_shape=[None, 6],
            input_dim=9,
            output_dim=4,
            input_length=6,
            mask_zero=False,
            dropout=0.0,
            init="uniform",
        ),
        _layer("LSTM", "lstm", output_dim=3, **{**recurrent, "return_sequences": True}),
        _layer(
            "Bidirectional",
            "both",
            merge_mode="concat",
            layer=_layer("GRU", "gru", output_dim=2, **recurrent),
        ),
    ]
    weights = _values(equal)
    weights["lstm"] = _by_gate(weights["lstm"], [0, 2, 1, 3])
    forward, backward = weights["both"][:3], weights["both"][3:]
    weights["both"] = _by_gate(forward, [0, 1, 2]) + _by_gate(backward, [0, 1, 2])
    path = write_h5({"class_name": "Sequential", "config": config}, weights, version="1.1.0")

    loaded = load_original(path)

    tokens = rng.integers(9, size=(3, 6), dtype=np.int32)
    np.testing.assert_allclose(loaded(tokens), equal(tokens), atol=1e-6)


def _by_gate(weights: list[Any], order: list[int]) -> list[Any]:
    """Kernel, recurrent kernel and bias of each gate in turn."""
    parts = [np.split(array, len(order), axis=-1) for array in weights]
    return [parts[part][gate] for gate in order for part in range(3)]


def test_a_merge_becomes_the_layer_of_its_mode(
    write_h5: Callable[..., Path], rng: np.random.Generator
) -> None:
    kernel, bias = rng.normal(size=(2, 2)), rng.normal(size=2)
    inputs = {**_layer("InputLayer", "x", batch_input_shape=[None, 2], input_dtype="float32")}
    dense = _layer("Dense", "dense", output_dim=2, activation="linear", bias=True)
    merge = _layer("Merge", "merge", mode="concat", concat_axis=-1, mode_type="raw")
    config = {
        "name": "model_1",
        "layers": [
            {**inputs, "name": "x", "inbound_nodes": []},
            {**dense, "name": "dense", "inbound_nodes": [[["x", 0, 0]]]},
            {**merge, "name": "merge", "inbound_nodes": [[["x", 0, 0], ["dense", 0, 0]]]},
        ],
        "input_layers": [["x", 0, 0]],
        "output_layers": [["merge", 0, 0]],
    }
    path = write_h5(
        {"class_name": "Model", "config": config},
        {"x": [], "dense": [kernel, bias], "merge": []},
        version="1.2.0",
    )

    loaded = load_original(path)

    x = rng.normal(size=(3, 2)).astype(np.float32)
    np.testing.assert_allclose(loaded(x), np.hstack([x, x @ kernel + bias]), atol=1e-6)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            _layer("Convolution1D", "c", nb_filter=2, filter_length=3, subsample_length=2),
            _layer("Conv1D", "c", filters=2, kernel_size=3, strides=2),
        ),
        (
            _layer("AtrousConvolution2D", "c", nb_row=3, nb_col=2, atrous_rate=[2, 2]),
            _layer("Conv2D", "c", kernel_size=[3, 2], dilation_rate=[2, 2]),
        ),
        (
            _layer("Deconvolution2D", "c", nb_row=3, nb_col=3, output_shape=[None, 8, 8, 2]),
            _layer("Conv2DTranspose", "c", kernel_size=[3, 3]),
        ),
        (
            _layer("Convolution3D", "c", kernel_dim1=1, kernel_dim2=2, kernel_dim3=3),
            _layer("Conv3D", "c", kernel_size=[1, 2, 3]),
        ),
        (
            _layer("MaxPooling1D", "p", pool_length=2, stride=2, border_mode="same"),
            _layer("MaxPooling1D", "p", pool_size=2, strides=2, padding="same"),
        ),
        (
            _layer("AveragePooling2D", "p", dim_ordering="th"),
            _layer("AveragePooling2D", "p", data_format="channels_first"),
        ),
        (_layer("GaussianNoise", "n", sigma=0.3), _layer("GaussianNoise", "n", stddev=0.3)),
        (_layer("TimeDistributedDense", "d", output_dim=3), _layer("Dense", "d", units=3)),
        (_layer("UpSampling1D", "u", length=2), _layer("UpSampling1D", "u", size=2)),
    ],
)
def test_old_names_get_those_of_keras_2(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert renamed(old) == new


def test_normalizing_by_sample_is_refused_by_name() -> None:
    with pytest.raises(ConversionError, match=r"layer 'norm': BatchNormalization with mode=1"):
        renamed(_layer("BatchNormalization", "norm", mode=1))


def test_a_merge_of_layers_that_it_holds_is_refused_by_name() -> None:
    with pytest.raises(
        ConversionError, match=r"layer 'merge': Merge with mode='sum' of layers"
    ):
        renamed(_layer("Merge", "merge", mode="sum", layers=[_layer("Flatten", "f")]))


@pytest.fixture
def theano_file(write_h5: Callable[..., Path], rng: np.random.Generator) -> Path:
    """Channels first, and kernels ``(filter, input, rows, columns)`` that are turned around."""
    config = [
        _layer(
            "Convolution2D",
            "conv",
            batch_input_shape=[None, 3, 6, 6],
            nb_filter=2,
            nb_row=3,
            nb_col=3,
            border_mode="valid",
            subsample=[1, 1],
            dim_ordering="th",
            activation="linear",
            bias=True,
        ),
        _layer("Flatten", "flat"),
    ]
    weights = {"conv": [rng.normal(size=(2, 3, 3, 3)), rng.normal(size=2)], "flat": []}
    model = {"class_name": "Sequential", "config": config}
    return write_h5(model, weights, version="1.2.2", backend="theano")


def _convolved(images: Any, file: Path) -> Any:
    """By the definition of a convolution, from the arrays in the file."""
    with h5py.File(file) as opened:
        kernel, bias = (
            np.asarray(opened[f"model_weights/conv/conv/weight_{index}:0"])
            for index in range(2)
        )
    windows = np.lib.stride_tricks.sliding_window_view(images, (3, 3), axis=(2, 3))
    sums = np.einsum("ncijrs,ocrs->noij", windows, kernel[:, :, ::-1, ::-1])
    return (sums + bias[:, None, None]).reshape(len(images), -1)


def test_a_file_of_theano_is_convolved_as_theano_did(
    theano_file: Path, rng: np.random.Generator
) -> None:
    loaded = load_original(theano_file)

    images = rng.normal(size=(2, 3, 6, 6)).astype(np.float32)
    np.testing.assert_allclose(loaded(images), _convolved(images, theano_file), atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("fmt", Format)
def test_a_file_of_theano_converts(
    theano_file: Path,
    artifact_of: Callable[..., Artifact],
    fmt: Format,
    rng: np.random.Generator,
) -> None:
    artifact = artifact_of(trace(load_original(theano_file)), fmt)

    images = rng.normal(size=(2, 3, 6, 6)).astype(np.float32)
    outputs = open_runner(artifact, n_threads=1).run({"conv_input": images})
    np.testing.assert_allclose(outputs["flat"], _convolved(images, theano_file), atol=1e-5)
