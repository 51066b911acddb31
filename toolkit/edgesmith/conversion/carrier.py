# pyright: basic
"""ONNX nodes inside a TensorFlow graph: traced as an opaque op that carries them, later unpacked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgesmith.quiet import quiet_start

with quiet_start():
    import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["CARRIER", "Carried", "onnx_node"]

CARRIER = "PyFunc"  # takes and gives any tensors, is not folded or merged, and is never run

Attribute = int | float | str | list[int] | list[float] | list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What a carrier holds.

    Args:
        op_type: Of ONNX's own operators.
        attributes: As ``onnx.helper.make_node`` takes them.
        inputs: The carrier's input at each place of the node; None where the node has none.
        shapes: Of each output; None is a free axis.
    """

    op_type: str
    attributes: Mapping[str, Attribute]
    inputs: tuple[int | None, ...]
    shapes: tuple[tuple[int | None, ...], ...]

    def to_token(self) -> str:
        """One line; ``from_token`` reads it back."""
        return json.dumps(
            {
                "op_type": self.op_type,
                "attributes": dict(self.attributes),
                "inputs": self.inputs,
                "shapes": self.shapes,
            },
            sort_keys=True,
        )

    @staticmethod
    def from_token(token: str) -> Carried:
        """What ``to_token`` wrote."""
        members: dict[str, Any] = json.loads(token)
        return Carried(
            op_type=members["op_type"],
            attributes=members["attributes"],
            inputs=tuple(members["inputs"]),
            shapes=tuple(tuple(shape) for shape in members["shapes"]),
        )


def onnx_node(
    op_type: str,
    inputs: Sequence[Any],
    *,
    attributes: Mapping[str, Attribute],
    outputs: Sequence[tf.TensorSpec],
) -> list[Any]:
    """Put one ONNX node into the graph that is being traced for ONNX.

    The node must mean the same in every opset from 13 to 18 and be what the later ones convert.

    Args:
        op_type: Of ONNX's own operators.
        inputs: Tensors; None where the node's optional input is absent.
        attributes: As ``onnx.helper.make_node`` takes them.
        outputs: Shape and dtype of each of the node's outputs, in order.

    Returns:
        Its outputs.
    """
    given = [tensor for tensor in inputs if tensor is not None]
    numbers = iter(range(len(given)))
    carried = Carried(
        op_type=op_type,
        attributes=attributes,
        inputs=tuple(None if tensor is None else next(numbers) for tensor in inputs),
        shapes=tuple(tuple(spec.shape.as_list()) for spec in outputs),
    )
    values = tf.raw_ops.PyFunc(
        input=given,
        token=carried.to_token(),
        Tout=[spec.dtype for spec in outputs],
        name=op_type,
    )
    return [
        tf.ensure_shape(value, spec.shape) for value, spec in zip(values, outputs, strict=True)
    ]
