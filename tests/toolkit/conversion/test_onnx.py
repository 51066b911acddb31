from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import keras
import numpy as np
import onnx
import pytest
import tensorflow as tf
import tf2onnx

from edgesmith.reference import trace
from edgesmith_runtime.errors import ConversionError
from edgesmith_runtime.runners import open_runner
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from edgesmith.reference import Reference
    from edgesmith_runtime.bundle import Artifact


@pytest.fixture(scope="module")
def model(reference: Reference, artifact_of: Callable[..., Artifact]) -> onnx.ModelProto:
    content = artifact_of(reference, Format.ONNX, labels={"digit": ("0", "1", "2")}).content
    return onnx.load_model_from_string(bytes(content))


def _status_bytes(key: str) -> int:
    status = Path("/proc/self/status").read_text()
    return next(
        int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith(key)
    )


def _shape(value: onnx.ValueInfoProto) -> list[int | str]:
    return [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]


def test_inputs_and_outputs_are_those_of_keras(model: onnx.ModelProto) -> None:
    assert [(value.name, _shape(value)) for value in model.graph.input] == [
        ("image", ["batch", 8, 8, 1])
    ]
    assert [(value.name, _shape(value)) for value in model.graph.output] == [
        ("digit", ["batch", 3])
    ]


def test_the_metadata_is_json(model: onnx.ModelProto) -> None:
    properties = {entry.key: json.loads(entry.value) for entry in model.metadata_props}

    assert properties == {
        "inputs": [{"name": "image", "dtype": "float32", "shape": ["batch", 8, 8, 1]}],
        "outputs": [{"name": "digit", "dtype": "float32", "shape": ["batch", 3]}],
        "labels": {"digit": ["0", "1", "2"]},
    }


@pytest.mark.parametrize("opset", [13, 18, 23])
def test_the_opset_is_the_one_asked_for(
    reference: Reference,
    artifact_of: Callable[..., Artifact],
    images: NDArray[np.float32],
    opset: int,
) -> None:
    artifact = artifact_of(reference, Format.ONNX, opset=opset)

    model = onnx.load_model_from_string(bytes(artifact.content))
    outputs = open_runner(artifact).run({"image": images})
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", opset)]
    np.testing.assert_allclose(
        outputs["digit"], reference.run({"image": images})["digit"], atol=1e-6
    )


def test_nothing_is_kept_outside_of_the_file(model: onnx.ModelProto) -> None:
    locations = {tensor.data_location for tensor in model.graph.initializer}

    assert locations == {onnx.TensorProto.DEFAULT}


def test_an_operation_without_a_counterpart_is_named_with_its_layer(
    artifact_of: Callable[..., Artifact],
) -> None:
    model = keras.Sequential(
        [keras.Input((3, 3)), keras.layers.Lambda(tf.linalg.pinv, name="bent")]
    )

    with pytest.raises(
        ConversionError, match=r"ONNX has no counterpart for Svd \(layer '.*bent'\)"
    ):
        artifact_of(trace(model), Format.ONNX)


def test_a_pass_of_the_optimizer_that_fails_is_left_out(
    reference: Reference,
    artifact_of: Callable[..., Artifact],
    images: NDArray[np.float32],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[int] = []

    def failing() -> None:
        tried.append(1)
        raise KeyError("no such node")

    monkeypatch.setitem(tf2onnx.optimizer._optimizers, "remove_identity", failing)

    artifact = artifact_of(reference, Format.ONNX)

    outputs = open_runner(artifact).run({"image": images})
    assert tried
    np.testing.assert_allclose(
        outputs["digit"], reference.run({"image": images})["digit"], atol=1e-6
    )


def test_weights_are_not_copied_with_every_pass_of_the_optimizer(
    artifact_of: Callable[..., Artifact],
) -> None:
    layers = [keras.layers.Dense(2048, use_bias=False) for _ in range(6)]
    reference = trace(keras.Sequential([keras.Input((2048,)), *layers]))
    Path("/proc/self/clear_refs").write_text("5")
    before = _status_bytes("VmRSS")

    artifact = artifact_of(reference, Format.ONNX)

    n_copies = (_status_bytes("VmHWM") - before) / artifact.size_bytes
    assert n_copies < 30  # 13 to 18; 49 with a copy in every pass
