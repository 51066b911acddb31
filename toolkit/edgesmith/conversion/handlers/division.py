# pyright: basic
"""Divisions that round down, which tf2onnx 1.17 writes as ones that round to zero.

To be removed when whole numbers below zero are divided as TensorFlow does without it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx

__all__ = ["HANDLERS"]

_FLOATS = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE)


def _floor_mod(graph: Any, node: Any) -> None:
    """The remainder with the sign of the divisor."""
    dividend, divisor = node.input
    if graph.get_dtype(dividend) not in _FLOATS:
        _finish(graph, node, "Mod", [dividend, divisor])
        return
    rest = graph.make_node("Mod", [dividend, divisor], attr={"fmod": 1}).output[0]
    zero = _zero(graph, node)
    against = graph.make_node("Mul", [rest, divisor]).output[0]
    wrong = graph.make_node("Less", [against, zero]).output[0]
    moved = graph.make_node("Add", [rest, divisor]).output[0]
    _finish(graph, node, "Where", [wrong, moved, rest])


def _floor_div(graph: Any, node: Any) -> None:
    dividend, divisor = node.input
    if graph.get_dtype(dividend) in _FLOATS:
        quotient = graph.make_node("Div", [dividend, divisor]).output[0]
        _finish(graph, node, "Floor", [quotient])
        return
    rest = graph.make_node("Mod", [dividend, divisor]).output[0]
    whole = graph.make_node("Sub", [dividend, rest]).output[0]
    _finish(graph, node, "Div", [whole, divisor])


def _zero(graph: Any, node: Any) -> str:
    dtype = onnx.helper.tensor_dtype_to_np_dtype(graph.get_dtype(node.input[0]))
    return graph.make_const(f"{node.name}_zero", np.zeros([], dtype)).output[0]


def _finish(graph: Any, node: Any, op_type: str, inputs: list[str]) -> None:
    """In the node's place, under its name."""
    shapes, dtypes, outputs = node.output_shapes, node.output_dtypes, list(node.output)
    graph.remove_node(node.name)
    graph.make_node(
        op_type, inputs, name=node.name, outputs=outputs, shapes=shapes, dtypes=dtypes
    )


HANDLERS = {"FloorDiv": _floor_div, "FloorMod": _floor_mod}
