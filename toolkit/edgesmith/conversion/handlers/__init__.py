"""What tf2onnx lacks: how to write TensorFlow ops as ONNX nodes; one file an op family.

Each file has a mapping ``HANDLERS`` from the TensorFlow op to a function of tf2onnx's graph and
its node, which changes the graph in place. They hold for one conversion; tf2onnx is not changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgesmith.conversion.handlers import carried, division

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["custom_op_handlers"]

_FAMILIES = (carried.HANDLERS, division.HANDLERS)


def custom_op_handlers() -> dict[str, tuple[Callable[..., None], list[Any]]]:
    """All handlers as ``tf2onnx.tfonnx.process_tf_graph`` takes them."""
    return {
        op: (_adapted(handler), []) for family in _FAMILIES for op, handler in family.items()
    }


def _adapted(handler: Callable[[Any, Any], None]) -> Callable[..., None]:
    def adapted(graph: Any, node: Any, _name: str, _args: list[Any]) -> None:
        handler(graph, node)

    return adapted
