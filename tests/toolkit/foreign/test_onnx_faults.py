from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from edgesmith.foreign import open_foreign
from edgesmith_runtime.errors import ConversionError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    FileOf = Callable[..., Path]

SOFTMAX = [helper.make_node("Softmax", ["x"], ["y"])]


def _value(name: str, dtype: int = TensorProto.FLOAT) -> Any:
    return helper.make_tensor_value_info(name, dtype, ["n", 3])


def _sequence(name: str) -> Any:
    kind = helper.make_sequence_type_proto(
        helper.make_tensor_type_proto(TensorProto.FLOAT, ["n", 3])
    )
    return helper.make_value_info(name, kind)


def test_weights_in_another_file_are_refused_with_the_way_out(onnx_file: FileOf) -> None:
    weights = onnx.numpy_helper.from_array(np.eye(3, dtype=np.float32), "w")
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"])]
    path = onnx_file(nodes, [_value("x")], [_value("y")], [weights])
    model = onnx.load(path)
    onnx.save(model, path, save_as_external_data=True, location="w.bin", size_threshold=0)

    with pytest.raises(
        ConversionError,
        match=r"the weights are in w\.bin; .* never read; save it in one file: onnx\.save\(",
    ):
        open_foreign(path)


def test_a_sparse_weight_in_another_file_is_refused(onnx_file: FileOf) -> None:
    path = onnx_file(SOFTMAX, [_value("x")], [_value("y")])
    model = onnx.load(path, load_external_data=False)
    sparse = model.graph.sparse_initializer.add(dims=[4])
    sparse.indices.CopyFrom(onnx.numpy_helper.from_array(np.arange(2)))
    sparse.values.name, sparse.values.data_type = "w", TensorProto.FLOAT
    sparse.values.dims.append(2)
    sparse.values.data_location = TensorProto.EXTERNAL
    sparse.values.external_data.add(key="location", value="secret.bin")
    path.write_bytes(model.SerializeToString())

    with pytest.raises(ConversionError, match=r"the weights are in secret\.bin"):
        open_foreign(path)


def test_weights_above_two_gigabytes_have_another_way_out(onnx_file: FileOf) -> None:
    huge = onnx.TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1 << 30, 3])
    huge.data_location = TensorProto.EXTERNAL
    for key, value in (("location", "w.bin"), ("length", str(3 << 32))):
        huge.external_data.add(key=key, value=value)
    path = onnx_file(SOFTMAX, [_value("x")], [_value("y")], [huge])

    with pytest.raises(ConversionError, match="above 2 GB, which one ONNX file cannot hold"):
        open_foreign(path)


def test_operators_of_another_library_are_named(onnx_file: FileOf) -> None:
    nodes = [
        helper.make_node("Trilinear", ["x"], ["z"], domain="my.lab"),
        helper.make_node("Softmax", ["z"], ["y"]),
    ]
    path = onnx_file(nodes, [_value("x")], [_value("y")])

    with pytest.raises(
        ConversionError, match=r"onnxruntime does not have the operators my\.lab\.Trilinear, "
    ):
        open_foreign(path)


def test_an_operator_that_the_file_defines_is_its_own(onnx_file: FileOf) -> None:
    path = onnx_file(
        [helper.make_node("Twice", ["x"], ["y"], domain="my.lab")], [_value("x")], [_value("y")]
    )
    model = onnx.load(path)
    model.functions.append(
        helper.make_function(
            "my.lab",
            "Twice",
            ["a"],
            ["b"],
            [helper.make_node("Add", ["a", "a"], ["b"])],
            [helper.make_opsetid("", 18)],
        )
    )
    model.opset_import.append(helper.make_opsetid("my.lab", 1))
    onnx.save(model, path)

    outputs = open_foreign(path).run({"x": np.ones((2, 3), np.float32)})

    assert outputs["y"].tolist() == [[2.0] * 3] * 2


def test_a_later_opset_than_a_bundle_holds_is_refused(onnx_file: FileOf) -> None:
    path = onnx_file(SOFTMAX, [_value("x")], [_value("y")], opset=24)

    with pytest.raises(
        ConversionError, match=r"expected an opset of at most 23, .*got 24; export the model"
    ):
        open_foreign(path)


@pytest.mark.parametrize(
    ("nodes", "given", "made", "fault"),
    [
        (
            SOFTMAX,
            _value("x", TensorProto.STRING),
            _value("y"),
            "input 'x' takes text, which an artifact cannot; turn it into numbers in a step",
        ),
        (
            SOFTMAX,
            _value("x"),
            _value("y", TensorProto.STRING),
            "output 'y' gives text, .*; fit the classifier on class indices and give class_names",
        ),
        (
            [helper.make_node("SequenceAt", ["x", "i"], ["y"])],
            _sequence("x"),
            _value("y"),
            "input 'x': expected a tensor, got a sequence; export a model that takes plain",
        ),
        (
            [helper.make_node("SequenceConstruct", ["x"], ["y"])],
            _value("x"),
            _sequence("y"),
            r"output 'y': expected a tensor, got a sequence; .*options=\{'zipmap': False\}",
        ),
    ],
)
def test_sides_that_are_no_tensors_of_numbers_are_refused(
    onnx_file: FileOf, nodes: list[Any], given: Any, made: Any, fault: str
) -> None:
    with pytest.raises(ConversionError, match=fault):
        open_foreign(onnx_file(nodes, [given], [made]))
