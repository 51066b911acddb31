"""What a converter is asked to do, as plain data that crosses to the child process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgesmith.conversion.refusal import RefusedError
from edgesmith.inscription import inscription
from edgesmith.scopes import layer_of
from edgesmith_runtime.spec import Format, Signature, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Job"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One conversion of a frozen graph.

    Args:
        format: What to convert to.
        signature: Names, dtypes and shapes that the artifact shall have.
        input_nodes: The graph's placeholder of each input, in the signature's order.
        output_nodes: The graph's node of each output, likewise.
        scopes: Keras layer paths by the name scope of their nodes, for messages.
        labels: Class names by output, for the artifact's metadata.
        opset: Of an ONNX artifact.
    """

    format: Format
    signature: Signature
    input_nodes: tuple[str, ...]
    output_nodes: tuple[str, ...]
    scopes: Mapping[str, str]
    labels: Mapping[str, tuple[str, ...]]
    opset: int

    def to_json(self) -> str:
        """One line; ``from_json`` reads it back."""
        return json.dumps(
            {
                "format": self.format,
                **self.metadata(),
                "input_nodes": self.input_nodes,
                "output_nodes": self.output_nodes,
                "scopes": dict(self.scopes),
                "opset": self.opset,
            }
        )

    @staticmethod
    def from_json(text: str) -> Job:
        """A job from what ``to_json`` gave."""
        members: dict[str, Any] = json.loads(text)
        return Job(
            format=Format(members["format"]),
            signature=Signature(_specs(members["inputs"]), _specs(members["outputs"])),
            input_nodes=tuple(members["input_nodes"]),
            output_nodes=tuple(members["output_nodes"]),
            scopes=members["scopes"],
            labels={name: tuple(labels) for name, labels in members["labels"].items()},
            opset=members["opset"],
        )

    def metadata(self) -> dict[str, Any]:
        """What the artifact says of itself: inputs, outputs and labels as JSON values."""
        return inscription(self.signature, self.labels)

    def refusal(self, target: str, nodes: Sequence[tuple[str, str]]) -> RefusedError:
        """The error of ops that a target has no counterpart for, by the layers that they are in.

        Args:
            target: As people call it.
            nodes: Op and node name of each.
        """
        places = list(dict.fromkeys(f"{op} ({self._place(node)})" for op, node in nodes))
        more = f" and {len(places) - 3} more" if len(places) > 3 else ""
        ops: dict[str, dict[str, None]] = {}
        for op, node in nodes:
            ops.setdefault(layer_of(node, self.scopes) or node, {})[op] = None
        return RefusedError(
            f"{target} has no counterpart for {', '.join(places[:3])}{more}",
            {
                place: f"{target} has no counterpart for {', '.join(ops[place])}"
                for place in ops
            },
        )

    def _place(self, node: str) -> str:
        layer = layer_of(node, self.scopes)
        return f"node '{node}'" if layer is None else f"layer '{layer}'"


def _specs(items: Iterable[Mapping[str, Any]]) -> tuple[TensorSpec, ...]:
    return tuple(
        TensorSpec(item["name"], item["dtype"], tuple(item["shape"])) for item in items
    )
