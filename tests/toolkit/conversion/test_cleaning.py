from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from edgesmith.conversion.cleaning import cleaned


def _model(nodes: list[onnx.NodeProto], outputs: list[str]) -> onnx.ModelProto:
    def value(name: str) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 2])

    graph = helper.make_graph(nodes, "g", [value("x")], [value(name) for name in outputs])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def _run(model: onnx.ModelProto, x: np.ndarray) -> dict[str, np.ndarray]:
    names = [value.name for value in model.graph.output]
    session = onnxruntime.InferenceSession(model.SerializeToString())
    outputs = [np.asarray(output) for output in session.run(names, {"x": x})]
    return dict(zip(names, outputs, strict=True))


NODES = {
    "a dead node": [
        helper.make_node("Neg", ["x"], ["a"]),
        helper.make_node("Exp", ["a"], ["dead"]),
        helper.make_node("Abs", ["a"], ["y"]),
    ],
    "a detour": [
        helper.make_node("Neg", ["x"], ["a"]),
        helper.make_node("Identity", ["a"], ["b"]),
        helper.make_node("Abs", ["b"], ["y"]),
    ],
    "the same twice": [
        helper.make_node("Neg", ["x"], ["a"]),
        helper.make_node("Neg", ["x"], ["b"]),
        helper.make_node("Max", ["a", "b"], ["c"]),
        helper.make_node("Abs", ["c"], ["y"]),
    ],
}


@pytest.mark.parametrize(
    ("what", "n_left"), [("a dead node", 2), ("a detour", 2), ("the same twice", 3)]
)
def test_what_nobody_needs_is_gone_and_the_answer_is_the_same(what: str, n_left: int) -> None:
    model = _model(NODES[what], ["y"])
    x = np.array([[1, -2]], np.float32)

    result = cleaned(model)

    assert len(result.graph.node) == n_left
    np.testing.assert_array_equal(_run(result, x)["y"], _run(model, x)["y"])


def test_one_value_under_several_output_names_keeps_them_all_in_order() -> None:
    nodes = [
        helper.make_node("Neg", ["x"], ["a"]),
        helper.make_node("Identity", ["a"], ["b"]),
        helper.make_node("Neg", ["x"], ["c"]),
        helper.make_node("Identity", ["x"], ["d"]),
    ]
    x = np.array([[1, -2]], np.float32)

    outputs = _run(cleaned(_model(nodes, ["c", "a", "d", "b"])), x)

    assert list(outputs) == ["c", "a", "d", "b"]
    for name, sign in {"a": -1, "b": -1, "c": -1, "d": 1}.items():
        np.testing.assert_array_equal(outputs[name], sign * x)
