from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from edgesmith.foreign import open_foreign
from edgesmith_runtime.errors import ConversionError, InputError
from edgesmith_runtime.runners import open_runner
from edgesmith_runtime.spec import Format, Precision

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    FileOf = Callable[..., Path]

ROWS = np.array([[1.0, 2.0, 0.0], [3.0, 0.0, 1.0]], np.float32)


def _value(name: str, shape: list[Any], dtype: int = TensorProto.FLOAT) -> Any:
    return helper.make_tensor_value_info(name, dtype, shape)


def _zipped(onnx_file: FileOf, **classes: Any) -> Path:
    """As skl2onnx ends a classifier: a label, and a map from class to number a sample."""
    nodes = [
        helper.make_node("Softmax", ["x"], ["shares"]),
        helper.make_node("ZipMap", ["shares"], ["maps"], domain="ai.onnx.ml", **classes),
    ]
    key = TensorProto.INT64 if "classlabels_int64s" in classes else TensorProto.STRING
    numbers = helper.make_tensor_type_proto(TensorProto.FLOAT, [])
    maps = helper.make_sequence_type_proto(helper.make_map_type_proto(key, numbers))
    return onnx_file(nodes, [_value("x", ["n", 3])], [helper.make_value_info("maps", maps)])


@pytest.mark.parametrize(
    "classes",
    [{"classlabels_int64s": [7, 3, 5]}, {"classlabels_strings": ["dog", "cat", "owl"]}],
)
def test_maps_from_class_to_number_become_the_tensor_that_they_were_made_of(
    onnx_file: FileOf, classes: dict[str, Any]
) -> None:
    model = open_foreign(_zipped(onnx_file, **classes))

    artifact = model.artifact({})

    powers = np.exp(ROWS)
    shares = powers / powers.sum(axis=1, keepdims=True)
    assert [spec.shape for spec in artifact.signature.outputs] == [("batch", 3)]
    for outputs in (model.run({"x": ROWS}), open_runner(artifact).run({"x": ROWS})):
        np.testing.assert_allclose(outputs["maps"], shares, atol=1e-6)


def test_the_artifact_says_what_it_is_and_keeps_what_the_file_said(onnx_file: FileOf) -> None:
    path = onnx_file(
        [helper.make_node("Softmax", ["x"], ["y"])],
        [_value("x", ["n", 3])],
        [_value("y", ["n", 3])],
    )
    model = onnx.load(path)
    helper.set_model_props(model, {"author": "someone"})
    onnx.save(model, path)

    artifact = open_foreign(path).artifact({"y": ("a", "b", "c")})

    made = onnx.load_model_from_string(bytes(artifact.content))
    told = {entry.key: entry.value for entry in made.metadata_props}
    assert told.pop("author") == "someone"
    assert {key: json.loads(text) for key, text in told.items()} == {
        "inputs": [{"name": "x", "dtype": "float32", "shape": ["batch", 3]}],
        "outputs": [{"name": "y", "dtype": "float32", "shape": ["batch", 3]}],
        "labels": {"y": ["a", "b", "c"]},
    }
    assert made.graph.node == model.graph.node
    assert made.graph.initializer == model.graph.initializer


@pytest.mark.parametrize(
    ("last", "maker"),
    [("Softmax", "Softmax"), ("Sigmoid", "Sigmoid"), ("Identity", "MatMul"), ("Exp", "Exp")],
)
def test_what_makes_an_output_has_the_name_that_keras_gives_it(
    onnx_file: FileOf, last: str, maker: str
) -> None:
    weights = onnx.numpy_helper.from_array(np.eye(3, dtype=np.float32), "w")
    nodes = [
        helper.make_node("Gemm", ["x", "w"], ["logits"]),
        helper.make_node(last, ["logits"], ["made"]),
        helper.make_node("Flatten", ["made"], ["y"]),
    ]
    path = onnx_file(nodes, [_value("x", ["n", 3])], [_value("y", ["n", 3])], [weights])

    assert open_foreign(path).output_ops == (maker,)


@pytest.mark.parametrize(
    ("dtype", "precision"),
    [(TensorProto.FLOAT, Precision.FLOAT32), (TensorProto.DOUBLE, Precision.OTHER)],
)
def test_the_precision_is_float32_where_all_is(
    onnx_file: FileOf, dtype: int, precision: Precision
) -> None:
    nodes = [helper.make_node("Softmax", ["x"], ["y"])]
    path = onnx_file(nodes, [_value("x", ["n", 3], dtype)], [_value("y", ["n", 3], dtype)])

    model = open_foreign(path)

    assert model.precision is precision
    assert model.format is Format.ONNX


@pytest.mark.parametrize("content", [b"", b"no model", b"\x08\x08"])
def test_what_is_no_onnx_model_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(content)

    with pytest.raises(InputError, match=r"m\.onnx: not an ONNX model: "):
        open_foreign(path)


def test_an_invalid_graph_is_refused(onnx_file: FileOf) -> None:
    path = onnx_file(
        [helper.make_node("Softmax", ["nothing"], ["y"])],
        [_value("x", ["n", 3])],
        [_value("y", ["n", 3])],
    )

    with pytest.raises(ConversionError, match=r"some\.onnx: not valid ONNX: .*nothing"):
        open_foreign(path)


def test_what_onnxruntime_refuses_is_told_with_the_way_out(onnx_file: FileOf) -> None:
    nodes = [helper.make_node("Nonsense", ["x"], ["y"], domain="com.microsoft")]
    path = onnx_file(nodes, [_value("x", ["n", 3])], [_value("y", ["n", 3])])
    model = onnx.load(path)
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    onnx.save(model, path)

    with pytest.raises(
        ConversionError, match=r"onnxruntime \S+ refuses it: .*; export it with opset 18"
    ):
        open_foreign(path)
