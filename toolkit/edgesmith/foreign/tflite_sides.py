# pyright: basic
"""What a TFLite file takes and gives, with its axes named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from edgesmith.foreign.axes import named_axes, one_batch_axis
from edgesmith.tflite_file import SIGNATURE_KEY
from edgesmith_runtime.errors import ConversionError, SignatureError
from edgesmith_runtime.spec import Signature, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Sides", "sides_of", "signature_of"]


@dataclass(frozen=True, slots=True)
class Sides:
    """The tensors of both sides by name: those of the SignatureDef, else of the graph.

    Args:
        inputs: Tensor index by name.
        outputs: Likewise.
    """

    inputs: Mapping[str, int]
    outputs: Mapping[str, int]


def sides_of(path: Path, model: Any) -> Sides:
    """The sides of the main graph.

    Raises:
        ConversionError: Several signatures of which none is the main one, or a tensor without a
            name of its own.
    """
    graph = model.subgraphs[0]
    definition = _definition(path, model)
    if definition is not None:
        return Sides(_indices(definition.inputs), _indices(definition.outputs))
    sides = [[(graph.tensors[i].name or b"").decode() for i in side] for side in _ends(graph)]
    for side, names in zip(("input", "output"), sides, strict=True):
        if "" in names or len(set(names)) != len(names):
            raise ConversionError(
                f"{path}: expected {side}s with names of their own, got {names}; convert the "
                "model from a function with a signature"
            )
    inputs, outputs = (
        {name: int(index) for name, index in zip(names, ends, strict=True)}
        for names, ends in zip(sides, _ends(graph), strict=True)
    )
    return Sides(inputs, outputs)


def _ends(graph: Any) -> tuple[Any, Any]:
    return graph.inputs, graph.outputs


def _indices(entries: Any) -> dict[str, int]:
    return {entry.name.decode(): int(entry.tensorIndex) for entry in entries}


def _definition(path: Path, model: Any) -> Any:
    """The SignatureDef of the main graph, None in a file without any."""
    definitions = {one.signatureKey.decode(): one for one in model.signatureDefs or ()}
    if not definitions:
        return None
    main = [one for one in definitions.values() if not one.subgraphIndex]
    chosen = definitions.get(SIGNATURE_KEY) or (main[0] if len(main) == 1 else None)
    if chosen is None or chosen.subgraphIndex:
        raise ConversionError(
            f"{path}: expected one signature, or '{SIGNATURE_KEY}' among several, on the first "
            f"subgraph, got {sorted(definitions)}; convert the model with the one that an app "
            "shall call"
        )
    return chosen


def signature_of(path: Path, model: Any, sides: Sides) -> Signature:
    """The signature that the file declares; first axes that are free become "batch".

    Raises:
        ConversionError: A side that is no tensor of numbers with a batch axis.
    """
    tensors = model.subgraphs[0].tensors
    given = {name: tensors[index] for name, index in sides.inputs.items()}
    made = {name: tensors[index] for name, index in sides.outputs.items()}
    shapes = {name: _shape(path, "input", name, tensor) for name, tensor in given.items()}
    if not shapes:
        raise ConversionError(f"{path}: expected a model with an input, it has none")
    batch = one_batch_axis(path, shapes)
    for side, specs in (("input", given), ("output", made)):
        _refuse_text(path, side, specs)
    try:
        return Signature(
            tuple(_spec(name, tensor, shapes[name], batch) for name, tensor in given.items()),
            tuple(
                _spec(name, tensor, _shape(path, "output", name, tensor), batch)
                for name, tensor in made.items()
            ),
        )
    except SignatureError as error:
        raise ConversionError(f"{path}: an artifact cannot have this: {error}") from error


def _refuse_text(path: Path, side: str, tensors: Mapping[str, Any]) -> None:
    for name, tensor in tensors.items():
        if tensor.type == schema.TensorType.STRING:
            raise ConversionError(
                f"{path}: {side} '{name}' is text, which an artifact cannot take or give; turn it "
                "into numbers in a step of the transform, and start the model there"
            )


def _shape(path: Path, side: str, name: str, tensor: Any) -> list[int | None]:
    lengths = tensor.shape if tensor.shapeSignature is None else tensor.shapeSignature
    if lengths is None or not len(lengths):
        raise ConversionError(
            f"{path}: {side} '{name}' has no axes; an artifact's tensors have the batch as their "
            "first axis: convert the model so"
        )
    return [None if length < 0 else int(length) for length in lengths]


def _spec(name: str, tensor: Any, shape: list[int | None], batch: int | str) -> TensorSpec:
    scale, zero_point = _quantization(tensor)
    return TensorSpec(
        name,
        _dtype(tensor.type),
        named_axes(name, shape, batch),
        scale=scale,
        zero_point=zero_point,
    )


def _quantization(tensor: Any) -> tuple[float, int] | tuple[None, None]:
    """Scale and zero point, both None of a tensor that is not quantized."""
    quantization = tensor.quantization
    if not _dtype(tensor.type).startswith(("int", "uint")):
        return None, None  # a scale that a converter left on a float means nothing
    if quantization is None or quantization.scale is None or len(quantization.scale) != 1:
        return None, None
    zero_points = [0] if quantization.zeroPoint is None else quantization.zeroPoint
    return float(quantization.scale[0]), int(zero_points[0])


def _dtype(number: int) -> str:
    name = next(name for name, one in vars(schema.TensorType).items() if one == number)
    try:
        return np.dtype(name.lower()).name
    except TypeError:  # e.g. INT4 or RESOURCE
        return name.lower()
