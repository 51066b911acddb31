# pyright: basic
"""ONNX nodes that were carried through the TensorFlow graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.conversion.carrier import CARRIER, Carried

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["HANDLERS"]


@dataclass(frozen=True, slots=True)
class _Spelled:
    """An operator of later opsets, and how to write it in earlier ones.

    Args:
        since: The opset that has it.
        write: Gives the output of a tf2onnx graph's nodes that mean the same.
    """

    since: int
    write: Callable[[Any, Carried, list[str]], str]


def _unpack(graph: Any, node: Any) -> None:
    carried = Carried.from_token(node.get_attr("token").s.decode())
    dtypes = [graph.get_dtype(output) for output in node.output]
    inputs = ["" if index is None else node.input[index] for index in carried.inputs]
    outputs = list(node.output)
    shapes = [[-1 if axis is None else axis for axis in shape] for shape in carried.shapes]
    op_type, attributes = carried.op_type, dict(carried.attributes)
    graph.remove_node(node.name)
    spelled = _SPELLED.get(op_type)
    if spelled is not None and graph.opset < spelled.since:
        inputs, op_type, attributes = [spelled.write(graph, carried, inputs)], "Identity", {}
    graph.make_node(
        op_type,
        inputs,
        attr=attributes,
        name=node.name,
        outputs=outputs,
        shapes=shapes,
        dtypes=dtypes,
    )


def _layer_normalization(graph: Any, carried: Carried, inputs: list[str]) -> str:
    """What onnxruntime fuses to the operator."""
    x, scale, offset = inputs
    epsilon = graph.make_const(
        _name(graph), np.array(carried.attributes["epsilon"], np.float32)
    ).output[0]
    two = graph.make_const(_name(graph), np.array(2, np.float32)).output[0]
    means = {"axes": [-1], "keepdims": 1}
    mean = graph.make_node("ReduceMean", [x], attr=means).output[0]
    centred = graph.make_node("Sub", [x, mean]).output[0]
    squares = graph.make_node("Pow", [centred, two]).output[0]
    variance = graph.make_node("ReduceMean", [squares], attr=means).output[0]
    raised = graph.make_node("Add", [variance, epsilon]).output[0]
    deviation = graph.make_node("Sqrt", [raised]).output[0]
    even = graph.make_node("Div", [centred, deviation]).output[0]
    scaled = graph.make_node("Mul", [even, scale]).output[0]
    return graph.make_node("Add", [scaled, offset]).output[0]


def _name(graph: Any) -> str:
    return f"carried_constant_{len(graph.get_nodes())}"


_SPELLED = {"LayerNormalization": _Spelled(17, _layer_normalization)}

HANDLERS = {CARRIER: _unpack}
