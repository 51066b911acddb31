from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import onnx
import pytest

from edgesmith.cli.model_files import READERS, read_keras, read_onnx, read_tflite
from edgesmith_runtime.errors import InputError
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edgesmith.reference import Reference
    from edgesmith_runtime.bundle import Artifact


pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning"  # Keras, while it saves
)


@pytest.fixture(scope="module")
def tflite_path(
    reference: Reference,
    artifact_of: Callable[..., Artifact],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    path = tmp_path_factory.mktemp("tflite") / "model.tflite"
    labels = {"digit": ("zero", "one", "two")}
    path.write_bytes(artifact_of(reference, Format.TFLITE, labels=labels).content)
    return path


@pytest.fixture(scope="module")
def keras_path(image_model: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keras") / "model.keras"
    trained: Any = keras.models.clone_model(image_model)
    trained.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    trained.fit(np.zeros((2, 8, 8, 1)), np.zeros(2), verbose=0)
    trained.save(path)
    return path


def test_an_onnx_input_that_is_a_constant_is_none(tmp_path: Path, onnx_bytes: bytes) -> None:
    model = onnx.load_model_from_string(onnx_bytes)
    model.graph.input.append(
        onnx.helper.make_tensor_value_info("weights", onnx.TensorProto.FLOAT, [4, 2])
    )
    path = tmp_path / "old.onnx"
    onnx.save(model, path)

    assert read_onnx(path).inputs == ("features: float32 batch x 4",)


def test_a_tflite_file_tells_its_ends_and_metadata(tflite_path: Path) -> None:
    found = read_tflite(tflite_path)

    assert found.format == "TFLite"
    assert found.inputs == ("image: float32 ? x 8 x 8 x 1",)
    assert found.outputs == ("digit: float32 ? x 3",)
    assert found.parts["CONV_2D"] == 1
    assert found.size_bytes == tflite_path.stat().st_size
    assert any("zero" in value for value in found.metadata.values())
    assert type(found.n_parameters) is int
    assert found.n_parameters > 0


def test_a_keras_file_tells_its_ends_and_layers(
    keras_path: Path, image_model: keras.Model
) -> None:
    found = read_keras(keras_path)

    assert found.format == "Keras Sequential"
    assert found.inputs == ("image: float32 ? x 8 x 8 x 1",)
    assert found.outputs == ("digit",)
    assert found.parts["Conv2D"] == 1
    assert found.n_parameters - image_model.count_params() in (0, 2)  # a seed of Dropout's


def test_a_functional_keras_file_tells_all_its_ends(tmp_path: Path) -> None:
    import keras

    inputs = {name: keras.Input((width,), name=name) for name, width in (("a", 4), ("b", 3))}
    joined = keras.layers.Concatenate()(list(inputs.values()))
    outputs = [keras.layers.Dense(2, name=name)(joined) for name in ("left", "right")]
    keras.Model(inputs, outputs).save(tmp_path / "two.keras")

    found = read_keras(tmp_path / "two.keras")

    assert found.inputs == ("a: float32 ? x 4", "b: float32 ? x 3")
    assert found.outputs == ("left", "right")
    assert found.n_parameters == 2 * (7 * 2 + 2)


@pytest.mark.parametrize("suffix", READERS)
def test_a_missing_file_is_named(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"model{suffix}"

    with pytest.raises(InputError) as caught:
        READERS[suffix](path)

    assert str(caught.value) == f"{path}: no such file"


@pytest.mark.parametrize(
    ("suffix", "message"),
    [
        (".onnx", "not an ONNX model"),
        (".tflite", "not a TFLite model"),
        (".keras", "not a .keras file"),
    ],
)
@pytest.mark.parametrize("content", [b"", b"hello, world", b"\0\0\0\0TFL3\xff\xff\xff\xff"])
def test_what_is_not_what_its_name_says_is_refused(
    suffix: str, message: str, content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / f"model{suffix}"
    path.write_bytes(content)

    with pytest.raises(InputError) as caught:
        READERS[suffix](path)

    assert str(caught.value).startswith(f"{path}: {message}: ")


def test_a_zip_without_a_model_is_no_keras_file(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", "{}")

    with pytest.raises(InputError, match=r"not a \.keras file: .*config\.json"):
        read_keras(path)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"config": {"layers": []}}, "file signature not found"),
        ({"config": {"layers": 7}}, ""),
    ],
)
def test_a_keras_file_with_broken_members_is_refused(
    config: dict[str, object], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", b"no weights")

    with pytest.raises(InputError, match=rf"model\.keras: not a \.keras file: .*{message}"):
        read_keras(path)
