"""The operations of an artifact as recipes see them: by Keras layer, with their weights."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Node", "weight_bytes_by_layer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One operation of a float artifact.

    Args:
        name: As the quantizer of its format knows it.
        op: The format's word for it.
        layer: Path of the Keras layer that it came from; the name of the node without one.
        inputs: The tensors that it takes, constants too.
        output: The tensor that it gives.
        weight_bytes: Of its constant weights in float32, 0 without.
        float_because: Why it stays float in every int8 recipe; None where it need not.
    """

    name: str
    op: str
    layer: str
    inputs: tuple[str, ...]
    output: str
    weight_bytes: int = 0
    float_because: str | None = None


def weight_bytes_by_layer(nodes: tuple[Node, ...]) -> dict[str, int]:
    """Of each layer, in the order of the first node of each."""
    sums: dict[str, int] = {}
    for node in nodes:
        sums[node.layer] = sums.get(node.layer, 0) + node.weight_bytes
    return sums
