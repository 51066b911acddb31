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


def _value(name: str, shape: Any, dtype: int = TensorProto.FLOAT) -> Any:
    return helper.make_tensor_value_info(name, dtype, shape)


def test_first_axes_are_one_batch_and_others_keep_their_names(onnx_file: FileOf) -> None:
    nodes = [helper.make_node("Add", ["a", "b"], ["y"])]
    given = [_value("a", ["n", "time", 3]), _value("b", [None, "time", 3])]
    path = onnx_file(nodes, given, [_value("y", ["n", None, 3])])

    signature = open_foreign(path).signature

    assert [spec.shape for spec in signature] == [
        ("batch", "time", 3),
        ("batch", "time", 3),
        ("batch", "y_1", 3),
    ]


def test_a_constant_that_is_listed_as_an_input_is_none(onnx_file: FileOf) -> None:
    weights = onnx.numpy_helper.from_array(np.eye(3, dtype=np.float32), "w")
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"])]
    given = [_value("x", ["n", 3]), _value("w", [3, 3])]
    path = onnx_file(nodes, given, [_value("y", ["n", 3])], [weights])

    assert [spec.name for spec in open_foreign(path).signature.inputs] == ["x"]


def test_a_shape_that_the_file_leaves_out_is_inferred(onnx_file: FileOf) -> None:
    nodes = [helper.make_node("Softmax", ["x"], ["y"])]
    path = onnx_file(nodes, [_value("x", ["n", 3])], [_value("y", None)])

    assert open_foreign(path).signature.outputs[0].shape == ("batch", 3)


@pytest.mark.parametrize(
    ("shapes", "fault"),
    [
        ((["n", 3], [1, 3]), r"first axis of every input, the shapes are \{'a': \['n', 3\]"),
        (([1, 3], [2, 3]), "export the model with one dynamic first axis for all of them"),
        (([], ["n", 3]), "input 'a' has no axes; an artifact's tensors have the batch"),
        ((None, ["n", 3]), "input 'a' has no shape in the file; export the model with one"),
    ],
)
def test_inputs_without_one_batch_are_refused(
    onnx_file: FileOf, shapes: tuple[Any, Any], fault: str
) -> None:
    nodes = [helper.make_node("Add", ["a", "b"], ["y"])]
    given = [_value(name, shape) for name, shape in zip("ab", shapes, strict=True)]
    path = onnx_file(nodes, given, [_value("y", ["n", 3])])

    with pytest.raises(ConversionError, match=fault):
        open_foreign(path)


def test_a_dtype_that_no_artifact_has_is_refused(onnx_file: FileOf) -> None:
    dtype = TensorProto.BFLOAT16
    nodes = [helper.make_node("Cast", ["x"], ["y"], to=TensorProto.FLOAT)]
    path = onnx_file(nodes, [_value("x", ["n", 3], dtype)], [_value("y", ["n", 3])])

    with pytest.raises(
        ConversionError, match=r"an artifact cannot have this: tensor 'x': .*got 'bfloat16'"
    ):
        open_foreign(path)
