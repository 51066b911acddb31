# pyright: basic
"""An ONNX model without what nobody needs: dead nodes, detours, the same constant twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import onnx_ir as ir
import onnx_ir.passes.common as passes

from edgesmith.conversion.fusion import fold_affine
from edgesmith.conversion.series import heighten_series

if TYPE_CHECKING:
    import onnx

__all__ = ["cleaned"]


def cleaned(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same function in fewer nodes; inputs and outputs keep their names and order.

    Args:
        model: Valid but for what tf2onnx leaves behind: unused nodes and inputs that dangle.
    """
    result = ir.from_proto(model)
    names = [value.name for value in result.graph.outputs]
    _clean(result)
    passes.ShapeInferencePass()(result)
    fold_affine(result.graph)
    heighten_series(result.graph)
    _clean(result)
    _name_outputs(result.graph, names)
    return ir.to_proto(result)


def _clean(model: ir.Model) -> None:
    ir.passes.Sequential(
        passes.IdentityEliminationPass(),
        passes.CommonSubexpressionEliminationPass(),
        passes.RemoveUnusedNodesPass(),
        passes.RemoveUnusedOpsetsPass(),
        passes.TopologicalSortPass(),
    )(model)


def _name_outputs(graph: ir.Graph, names: list[str | None]) -> None:
    """Give a value that is an output under several names, merged by the passes, each of them."""
    for place, (value, name) in enumerate(zip(list(graph.outputs), names, strict=True)):
        if value.name != name:
            copy = ir.Node("", "Identity", [value], name=f"{name}_copy")
            copy.outputs[0].name = name
            copy.outputs[0].shape, copy.outputs[0].type = value.shape, value.type
            graph.append(copy)
            graph.outputs[place] = copy.outputs[0]
