"""What an artifact says of itself once it is out of its bundle: inputs, outputs and labels."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgesmith_runtime.spec import Signature, TensorSpec

__all__ = ["compact_json", "inscription"]


def inscription(
    signature: Signature, labels: Mapping[str, tuple[str, ...]]
) -> dict[str, list[dict[str, Any]] | dict[str, list[str]]]:
    """Inputs, outputs and labels as plain JSON values.

    Args:
        signature: Of the artifact.
        labels: Class names by output.
    """
    return {
        "inputs": [_members(spec) for spec in signature.inputs],
        "outputs": [_members(spec) for spec in signature.outputs],
        "labels": {name: list(names) for name, names in sorted(labels.items())},
    }


def compact_json(value: object) -> str:
    """One line, the same for the same value."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _members(spec: TensorSpec) -> dict[str, Any]:
    members: dict[str, Any] = {
        "name": spec.name,
        "dtype": spec.dtype,
        "shape": list(spec.shape),
    }
    if spec.scale is not None:
        members |= {"scale": spec.scale, "zero_point": spec.zero_point}
    return members
