"""Two ONNX models made by hand for what the nets do not do: run without end, and grow with area."""

from __future__ import annotations

import itertools

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from edgesmith_runtime import Artifact, Format, Precision, Signature, TensorSpec

OPSET = 18


def endless_loop() -> Artifact:
    """``y = x + turns``, one at a time: with 2**62 turns it would run for centuries."""
    floats = TensorProto.FLOAT
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["goes_on"], ["goes_on_still"]),
            helper.make_node("Add", ["before", "one"], ["after"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("goes_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("before", floats, ["batch", 1]),
        ],
        [
            helper.make_tensor_value_info("goes_on_still", TensorProto.BOOL, []),
            helper.make_tensor_value_info("after", floats, ["batch", 1]),
        ],
        [numpy_helper.from_array(np.ones(1, np.float32), "one")],
    )
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMax", ["turns"], ["most"], keepdims=0),
            helper.make_node("Loop", ["most", "true", "x"], ["y"], body=body),
        ],
        "endless",
        [
            helper.make_tensor_value_info("x", floats, ["batch", 1]),
            helper.make_tensor_value_info("turns", TensorProto.INT64, ["batch", 1]),
        ],
        [helper.make_tensor_value_info("y", floats, ["batch", 1])],
        [numpy_helper.from_array(np.array(1 > 0), "true")],
    )
    inputs = (
        TensorSpec("x", "float32", ("batch", 1)),
        TensorSpec("turns", "int64", ("batch", 1)),
    )
    return _artifact(graph, Signature(inputs, (TensorSpec("y", "float32", ("batch", 1)),)))


def convolution(n_channels: int = 16) -> Artifact:
    """Three convolutions over images of any size, and their mean: ``(n, 3, h, w)`` to ``(n, c)``."""
    rng = np.random.default_rng(0)
    widths = [3, n_channels, n_channels, n_channels]
    weights = [
        numpy_helper.from_array(
            rng.standard_normal((made, given, 3, 3), np.float32), f"w{index}"
        )
        for index, (given, made) in enumerate(itertools.pairwise(widths))
    ]
    nodes = []
    value = "x"
    for index in range(len(weights)):
        nodes.append(
            helper.make_node("Conv", [value, f"w{index}"], [f"c{index}"], pads=[1, 1, 1, 1])
        )
        nodes.append(helper.make_node("Relu", [f"c{index}"], [f"r{index}"]))
        value = f"r{index}"
    nodes.append(helper.make_node("GlobalAveragePool", [value], ["mean"]))
    nodes.append(helper.make_node("Flatten", ["mean"], ["y"]))
    shape = ("n", 3, "h", "w")
    graph = helper.make_graph(
        nodes,
        "convolution",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", n_channels])],
        weights,
    )
    signature = Signature(
        (TensorSpec("x", "float32", shape),), (TensorSpec("y", "float32", ("n", n_channels)),)
    )
    return _artifact(graph, signature)


def _artifact(graph: object, signature: Signature) -> Artifact:
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8
    )
    return Artifact(
        file="model.onnx",
        format=Format.ONNX,
        precision=Precision.FLOAT32,
        version=OPSET,
        signature=signature,
        content=model.SerializeToString(deterministic=True),
    )
