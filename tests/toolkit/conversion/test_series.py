from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import pytest
from onnx import helper, numpy_helper
from onnx_ir.passes.common import RemoveUnusedNodesPass

from edgesmith.conversion.series import heighten_series

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

Constants = dict[str, "NDArray[np.generic]"]


def _model(
    nodes: list[onnx.NodeProto], constants: Mapping[str, NDArray[np.generic]]
) -> onnx.ModelProto:
    """From x, ``(batch, 4, length)``, to y."""
    graph = helper.make_graph(
        nodes,
        "series",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["batch", 4, "length"])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def _heightened(model: onnx.ModelProto) -> onnx.ModelProto:
    result = ir.from_proto(onnx.shape_inference.infer_shapes(model))
    heighten_series(result.graph)
    RemoveUnusedNodesPass()(result)
    return ir.to_proto(result)


def _answer(model: onnx.ModelProto) -> NDArray[np.float32]:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    x = np.random.default_rng(0).standard_normal((2, 4, 13), np.float32)
    return np.asarray(session.run(None, {"x": x})[0])


def _weights(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(1).standard_normal(shape, np.float32)


_CONV = helper.make_node(
    "Conv", ["x", "w", "b"], ["c"], name="conv", kernel_shape=[3], pads=[2, 1], strides=[2]
)
_WEIGHTS = {"w": _weights(6, 4, 3), "b": _weights(6)}


@pytest.mark.parametrize(
    ("nodes", "constants"),
    [
        ([helper.make_node("Relu", ["c"], ["y"])], {}),
        ([helper.make_node("MaxPool", ["c"], ["y"], kernel_shape=[2], strides=[2])], {}),
        ([helper.make_node("AveragePool", ["c"], ["y"], kernel_shape=[3], pads=[1, 1])], {}),
        (
            [
                helper.make_node(
                    "ConvTranspose",
                    ["c", "v"],
                    ["y"],
                    kernel_shape=[3],
                    strides=[2],
                    output_padding=[1],
                )
            ],
            {"v": _weights(6, 5, 3)},
        ),
        ([helper.make_node("Add", ["c", "k"], ["y"])], {"k": _weights(1, 6, 1)}),
        ([helper.make_node("Mul", ["k", "c"], ["y"])], {"k": _weights(6, 1)}),
        ([helper.make_node("Sub", ["c", "k"], ["y"])], {"k": _weights(1)}),
        ([helper.make_node("Concat", ["c", "c"], ["y"], axis=1)], {}),
        (
            [helper.make_node("Pad", ["c", "p"], ["y"])],
            {"p": np.array([0, 0, 2, 0, 0, 1], np.int64)},
        ),
    ],
    ids=lambda given: given[0].op_type if isinstance(given, list) else "",
)
def test_what_follows_a_convolution_is_done_to_the_image(
    nodes: list[onnx.NodeProto], constants: Constants
) -> None:
    model = _model([_CONV, *nodes], {**_WEIGHTS, **constants})

    result = _heightened(model)

    op_types = [node.op_type for node in result.graph.node]
    assert op_types == ["Unsqueeze", "Conv", nodes[0].op_type, "Squeeze"]
    np.testing.assert_allclose(_answer(result), _answer(model), rtol=0, atol=1e-5)


def test_what_an_image_cannot_stand_for_gets_the_series() -> None:
    softmax = helper.make_node("Softmax", ["c"], ["y"], axis=1)
    model = _model([_CONV, softmax], _WEIGHTS)

    result = _heightened(model)

    op_types = [node.op_type for node in result.graph.node]
    assert op_types == ["Unsqueeze", "Conv", "Squeeze", "Softmax"]
    np.testing.assert_allclose(_answer(result), _answer(model), rtol=0, atol=1e-6)


def test_an_operand_from_elsewhere_ends_the_image() -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], kernel_shape=[1]),
        helper.make_node("Sin", ["x"], ["s"]),
        helper.make_node("Add", ["c", "s"], ["y"]),
    ]
    model = _model(nodes, {"w": _weights(4, 4, 1)})

    result = _heightened(model)

    op_types = [node.op_type for node in result.graph.node]
    assert op_types == ["Unsqueeze", "Conv", "Squeeze", "Sin", "Add"]
    np.testing.assert_allclose(_answer(result), _answer(model), rtol=0, atol=1e-6)


def test_nodes_keep_their_names_and_the_output_its_own() -> None:
    model = _model([_CONV, helper.make_node("Relu", ["c"], ["y"], name="relu")], _WEIGHTS)

    result = _heightened(model)

    assert [node.name for node in result.graph.node][1:3] == ["conv", "relu"]
    assert result.graph.output[0].name == "y"


def test_a_convolution_of_images_stays_as_it_is() -> None:
    nodes = [
        helper.make_node("Unsqueeze", ["x", "axes"], ["i"]),
        helper.make_node("Conv", ["i", "w"], ["y"], kernel_shape=[1, 3]),
    ]
    model = _model(nodes, {"axes": np.array([2], np.int64), "w": _weights(6, 4, 1, 3)})

    result = _heightened(model)

    assert [node.op_type for node in result.graph.node] == ["Unsqueeze", "Conv"]
