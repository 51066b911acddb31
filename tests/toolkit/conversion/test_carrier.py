from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from edgesmith.conversion.carrier import Carried, onnx_node
from edgesmith.conversion.converting import converter_of
from edgesmith.conversion.job import Job
from edgesmith.reference.graph import frozen
from edgesmith_runtime.bundle import Artifact
from edgesmith_runtime.runners import open_runner
from edgesmith_runtime.spec import Format, Precision, Signature, TensorSpec

SIGNATURE = Signature(
    (TensorSpec("x", "float32", ("batch", 4)),),
    (TensorSpec("low", "float32", ("batch", 2)), TensorSpec("high", "float32", ("batch", 2))),
)


def _halves(x: Any) -> list[Any]:
    """Clipped at 1 from above by a node whose middle input is absent, then split in two."""
    half = tf.TensorSpec([None, 2], tf.float32)
    (clipped,) = onnx_node(
        "Clip", [x, None, tf.constant(1.0)], attributes={}, outputs=[tf.TensorSpec(x.shape)]
    )
    sizes = tf.constant([2, 2], tf.int64)
    low, high = onnx_node(
        "Split", [clipped, sizes], attributes={"axis": 1}, outputs=[half, half]
    )
    return [tf.negative(low), high]


@pytest.mark.parametrize("opset", [13, 18, 23])
def test_carried_nodes_arrive_in_the_onnx_file(opset: int) -> None:
    function = tf.function(_halves).get_concrete_function(tf.TensorSpec([None, 4], name="x"))
    graph = frozen(function, {})
    job = Job(
        format=Format.ONNX,
        signature=SIGNATURE,
        input_nodes=graph.input_nodes,
        output_nodes=graph.output_nodes,
        scopes={},
        labels={},
        opset=opset,
    )
    x = np.array([[0.5, 2, 3, -4]], np.float32)

    content = converter_of(Format.ONNX)(graph.content, job)

    artifact = Artifact(
        file="model.onnx",
        format=Format.ONNX,
        precision=Precision.FLOAT32,
        version=opset,
        signature=SIGNATURE,
        content=content,
    )
    outputs = open_runner(artifact).run({"x": x})
    np.testing.assert_array_equal(outputs["low"], [[-0.5, -1]])
    np.testing.assert_array_equal(outputs["high"], [[1, -4]])


def test_what_is_carried_can_be_read_back() -> None:
    carried = Carried(
        op_type="LSTM",
        attributes={"direction": "forward", "hidden_size": 4, "activations": ["Tanh"]},
        inputs=(0, None, 1),
        shapes=((None, 3), ()),
    )

    assert Carried.from_token(carried.to_token()) == carried
