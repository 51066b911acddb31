# pyright: basic
"""ONNX nodes that were carried through the TensorFlow graph."""

from __future__ import annotations

from typing import Any

from edgesmith.conversion.carrier import CARRIER, Carried

__all__ = ["HANDLERS"]


def _unpack(graph: Any, node: Any) -> None:
    carried = Carried.from_token(node.get_attr("token").s.decode())
    dtypes = [graph.get_dtype(output) for output in node.output]
    inputs = ["" if index is None else node.input[index] for index in carried.inputs]
    outputs = list(node.output)
    graph.remove_node(node.name)
    graph.make_node(
        carried.op_type,
        inputs,
        attr=dict(carried.attributes),
        name=node.name,
        outputs=outputs,
        shapes=[[-1 if axis is None else axis for axis in shape] for shape in carried.shapes],
        dtypes=dtypes,
    )


HANDLERS = {CARRIER: _unpack}
