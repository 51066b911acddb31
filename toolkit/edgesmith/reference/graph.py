# pyright: basic
"""A model's inference as one frozen graph, which a converter takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from edgesmith.quiet import quiet_start

with quiet_start():
    from tensorflow.python.framework.convert_to_constants import (  # the one freezer there is
        convert_variables_to_constants_v2,
    )

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FrozenGraph", "frozen"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenGraph:
    """A graph with its variables as constants.

    Args:
        content: A serialized GraphDef.
        input_nodes: The placeholder of each input, in the signature's order.
        output_nodes: The node of each output, likewise; each gives its ``:0``.
        scopes: Keras layer paths by the name scope that their nodes are in.
    """

    content: bytes = field(repr=False)
    input_nodes: tuple[str, ...]
    output_nodes: tuple[str, ...]
    scopes: Mapping[str, str] = field(repr=False)


def frozen(concrete: Any, scopes: Mapping[str, str]) -> FrozenGraph:
    """Freeze a concrete function with the weights that it has now."""
    # A lookup table that was made eagerly leaves a None here, of which TensorFlow's exporter prints
    # two lines; drop this when tensorflow.python.framework.meta_graph does not.
    concrete.graph.clear_collection("table_initializer")
    function = convert_variables_to_constants_v2(concrete, lower_control_flow=False)
    return FrozenGraph(
        content=function.graph.as_graph_def().SerializeToString(deterministic=True),
        input_nodes=tuple(tensor.op.name for tensor in function.inputs),
        output_nodes=tuple(tensor.op.name for tensor in function.outputs),
        scopes=dict(scopes),
    )
