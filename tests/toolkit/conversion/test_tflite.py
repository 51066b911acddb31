from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from edgesmith.reference import trace
from edgesmith_runtime.errors import ConversionError
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith.reference import Reference
    from edgesmith_runtime.bundle import Artifact

pytestmark = pytest.mark.tflite


@pytest.fixture(scope="module")
def content(reference: Reference, artifact_of: Callable[..., Artifact]) -> bytes:
    artifact = artifact_of(reference, Format.TFLITE, labels={"digit": ("0", "1", "2")})
    return bytes(artifact.content)


@pytest.fixture(scope="module")
def interpreter(content: bytes) -> Any:
    return Interpreter(model_content=content)


def test_tensors_have_the_names_of_keras_and_a_free_batch(interpreter: Any) -> None:
    details = interpreter.get_input_details() + interpreter.get_output_details()

    found = [(one["name"], one["shape_signature"].tolist()) for one in details]
    assert found == [("image", [-1, 8, 8, 1]), ("digit", [-1, 3])]


def test_the_signature_has_the_names_of_keras(interpreter: Any) -> None:
    assert interpreter.get_signature_list() == {
        "serving_default": {"inputs": ["image"], "outputs": ["digit"]}
    }


def test_the_metadata_is_json(content: bytes) -> None:
    model: Any = schema.ModelT.InitFromPackedBuf(content)

    buffers = {entry.name: entry.buffer for entry in model.metadata}
    described = json.loads(bytes(model.buffers[buffers[b"edgesmith"]].data))
    assert described == {
        "inputs": [{"name": "image", "dtype": "float32", "shape": ["batch", 8, 8, 1]}],
        "outputs": [{"name": "digit", "dtype": "float32", "shape": ["batch", 3]}],
        "labels": {"digit": ["0", "1", "2"]},
    }
    assert model.version == 3


def test_weights_are_aligned_as_the_schema_asks(content: bytes) -> None:
    model: Any = schema.Model.GetRootAs(content)
    start = np.frombuffer(content, np.uint8).ctypes.data

    arrays = [model.Buffers(index).DataAsNumpy() for index in range(model.BuffersLength())]
    offsets = [array.ctypes.data - start for array in arrays if isinstance(array, np.ndarray)]

    assert len(offsets) > 5
    assert {offset % 16 for offset in offsets} == {0}


def test_an_operation_without_a_counterpart_is_named_with_its_layer(
    artifact_of: Callable[..., Artifact],
) -> None:
    model = keras.Sequential(
        [keras.Input((3, 3)), keras.layers.Lambda(tf.linalg.pinv, name="bent")]
    )

    with pytest.raises(
        ConversionError,
        match=r"TFLite has no counterpart for Svd \(layer '.*bent'\)",
    ):
        artifact_of(trace(model), Format.TFLITE)
