# pyright: basic
"""Where an artifact runs step by step, or moves data about, more than its layer would need."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, assert_never

import onnx
from ai_edge_litert import schema_py_generated as schema

from edgesmith.scopes import layer_of
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from edgesmith_runtime.bundle import Artifact

__all__ = ["slow_layers"]

# What a layer of one fast operation does not come to; two transposes are its layout's change.
_MANY_TRANSPOSES = 4

_STEPWISE = {
    "Loop": "runs step by step in a Loop, not as a recurrent node",
    "Scan": "runs step by step in a Scan, not as a recurrent node",
    "WHILE": "runs step by step in a loop: about twice the time of a recurrent kernel",
}
_TRANSPOSES = ("Transpose", "TRANSPOSE")


def slow_layers(artifact: Artifact, scopes: Mapping[str, str]) -> dict[str, str]:
    """What will be slow, by the path of the layer.

    Args:
        artifact: Of either format; its nodes have TensorFlow's names.
        scopes: Layer paths by name scope.
    """
    found: dict[str, str] = {}
    transposes: Counter[str] = Counter()
    for op, node in _nodes(artifact):
        layer = layer_of(node, scopes)
        if layer is None:
            continue
        if op in _STEPWISE:
            found.setdefault(layer, _STEPWISE[op])
        transposes[layer] += op in _TRANSPOSES
    for layer, count in transposes.items():
        if count >= _MANY_TRANSPOSES:
            found.setdefault(layer, f"{count} transposes: it computes in another layout")
    return found


def _nodes(artifact: Artifact) -> Iterator[tuple[str, str]]:
    """Op and name of every node of the main graph."""
    match artifact.format:
        case Format.ONNX:
            model = onnx.load_model_from_string(bytes(artifact.content))
            for node in model.graph.node:
                yield node.op_type, node.name or next(iter(node.output), "")
        case Format.TFLITE:
            yield from _tflite_nodes(schema.ModelT.InitFromPackedBuf(bytes(artifact.content)))
        case _:
            assert_never(artifact.format)


def _tflite_nodes(model: Any) -> Iterator[tuple[str, str]]:
    names = {
        code: name
        for name, code in vars(schema.BuiltinOperator).items()
        if isinstance(code, int)
    }
    main = model.subgraphs[0]
    for operator in main.operators:
        op = names[model.operatorCodes[operator.opcodeIndex].builtinCode]
        for index in operator.outputs:
            name = main.tensors[index].name
            text = name.decode() if isinstance(name, bytes) else name
            yield op, text.split(";")[0]
            break
