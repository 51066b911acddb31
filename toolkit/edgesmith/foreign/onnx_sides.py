# pyright: basic
"""What an ONNX graph takes and gives, with its axes named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx

from edgesmith.foreign.axes import named_axes, one_batch_axis
from edgesmith_runtime.errors import ConversionError, SignatureError
from edgesmith_runtime.spec import Signature, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["MapOutput", "maps_by_output", "signature_of"]


@dataclass(frozen=True, slots=True)
class MapOutput:
    """An output that is a list of maps from class to number, made of a plain tensor.

    Args:
        tensor: Name of that tensor, ``(batch, class)`` float32.
        classes: Keys of the maps, in the order of its columns.
    """

    tensor: str
    classes: tuple[Any, ...]

    def table(self, maps: Sequence[Mapping[Any, float]]) -> NDArray[np.float32]:
        """The maps of some samples as the tensor that they were made of."""
        return np.array([[one[key] for key in self.classes] for one in maps], np.float32)


def maps_by_output(graph: onnx.GraphProto) -> dict[str, MapOutput]:
    """The outputs of a ZipMap, which scikit-learn's exporter puts behind a classifier."""
    outputs = {value.name for value in graph.output}
    return {
        node.output[0]: MapOutput(node.input[0], _classes(node))
        for node in graph.node
        if node.op_type == "ZipMap" and node.output[0] in outputs
    }


def _classes(node: onnx.NodeProto) -> tuple[Any, ...]:
    lists = [onnx.helper.get_attribute_value(attribute) for attribute in node.attribute]
    keys = next(list(values) for values in lists if len(values))
    return tuple(key.decode() if isinstance(key, bytes) else int(key) for key in keys)


def signature_of(
    path: Path, graph: onnx.GraphProto, maps: Mapping[str, MapOutput]
) -> Signature:
    """The signature that the file declares; first axes that are free become "batch".

    Raises:
        ConversionError: A side that is no numeric tensor of known rank with a batch axis.
    """
    constants = {tensor.name for tensor in graph.initializer}
    given = [value for value in graph.input if value.name not in constants]
    shapes = {value.name: _shape(path, "input", value) for value in given}
    batch = one_batch_axis(path, shapes)
    freed = {shape[0] for shape in shapes.values() if isinstance(shape[0], str)}
    try:
        return Signature(
            tuple(
                TensorSpec(value.name, _dtype(value), _axes(value, shapes, batch, freed))
                for value in given
            ),
            tuple(_output(path, value, maps, batch, freed) for value in graph.output),
        )
    except SignatureError as error:
        raise ConversionError(f"{path}: an artifact cannot have this: {error}") from error


def _output(
    path: Path,
    value: onnx.ValueInfoProto,
    maps: Mapping[str, MapOutput],
    batch: int | str,
    freed: set[str],
) -> TensorSpec:
    if value.name in maps:
        return TensorSpec(value.name, "float32", (batch, len(maps[value.name].classes)))
    shapes = {value.name: _shape(path, "output", value)}
    return TensorSpec(value.name, _dtype(value), _axes(value, shapes, batch, freed))


def _axes(
    value: onnx.ValueInfoProto,
    shapes: Mapping[str, Sequence[int | str | None]],
    batch: int | str,
    freed: set[str],
) -> tuple[int | str, ...]:
    return named_axes(value.name, shapes[value.name], batch, freed)


def _shape(path: Path, side: str, value: onnx.ValueInfoProto) -> list[int | str | None]:
    tensor = value.type.tensor_type
    axes = [
        axis.dim_param
        or (axis.dim_value if axis.HasField("dim_value") and axis.dim_value >= 0 else None)
        for axis in tensor.shape.dim
    ]
    if not axes:
        raise ConversionError(
            f"{path}: {side} '{value.name}' has no axes; an artifact's tensors have the batch as "
            "their first axis: export the model so"
        )
    return axes


def _dtype(value: onnx.ValueInfoProto) -> str:
    return np.dtype(onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)).name
