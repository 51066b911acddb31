from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from edgesmith.answering import answering
from edgesmith.exporting import Sampled, trace_on
from edgesmith.foreign import open_foreign

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

ROWS = np.array([[0.1, 0.2, 0.7], [0.5, 0.25, 0.25]], np.float32)
WHOLE = np.array([0, 2])


@pytest.fixture
def sampled(tmp_path: Path) -> Sampled:
    """A label, three shares and one margin, as exporters of classifiers order them."""
    nodes = [
        helper.make_node("ArgMax", ["x"], ["label"], axis=1, keepdims=0),
        helper.make_node("Softmax", ["x"], ["shares"]),
        helper.make_node("ReduceMax", ["x", "axes"], ["margin"], keepdims=1),
    ]
    axes = onnx.numpy_helper.from_array(np.array([1], np.int64), "axes")
    graph = helper.make_graph(
        nodes,
        "classifier",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3])],
        [
            helper.make_tensor_value_info("label", TensorProto.INT64, ["n"]),
            helper.make_tensor_value_info("margin", TensorProto.FLOAT, ["n", 1]),
            helper.make_tensor_value_info("shares", TensorProto.FLOAT, ["n", 3]),
        ],
        [axes],
    )
    path = tmp_path / "classifier.onnx"
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return trace_on(open_foreign(path), ROWS, (), seed=0)


@pytest.mark.parametrize(
    ("class_names", "given", "first"),
    [
        (["a", "b", "c"], None, "shares"),
        (["no", "yes"], None, "margin"),
        (["a", "b", "c", "d"], None, "label"),
        (None, WHOLE, "shares"),
        (None, WHOLE.astype(np.float64), "label"),
        (None, None, "label"),
    ],
)
def test_the_output_that_fits_answers(
    sampled: Sampled,
    class_names: Sequence[str] | None,
    given: NDArray[Any] | None,
    first: str,
) -> None:
    led = answering(sampled, given=given, class_names=class_names)

    assert led.reference.signature.outputs[0].name == first
    assert {spec.name for spec in led.reference.signature.outputs} == {
        "label",
        "margin",
        "shares",
    }
