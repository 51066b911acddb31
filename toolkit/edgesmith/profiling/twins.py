# pyright: basic
"""Names for convolutions of an ONNX file that lost theirs: those of the same weights in TFLite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import numpy_helper

from edgesmith.profiling.pieces import clue_rank
from edgesmith_runtime.spec import Format, Precision

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Artifact, Bundle

__all__ = ["twin_names"]

_OUTPUTS_FIRST = {"DEPTHWISE_CONV_2D": (3, 0, 1, 2), "CONV_2D": (0, 3, 1, 2)}
_CLOSE = 1e-5  # of the largest weight: both converters fold what follows into the weights


def twin_names(artifact: Artifact, bundle: Bundle) -> dict[str, tuple[str, ...]]:
    """Names that may tell the layer, the best first, by the name of a weight without a scope.

    A converter to ONNX that rebuilds a depthwise convolution calls it ``Conv__63``; the TFLite
    file of the same build has the same numbers under the name of the layer. Weights that fit
    several or none are left out.

    Args:
        artifact: Of the ONNX format.
        bundle: That it is in.
    """
    twin = next(
        (
            one.file
            for one in bundle.manifest.artifacts
            if (one.format, one.precision) == (Format.TFLITE, Precision.FLOAT32)
        ),
        None,
    )
    if twin is None or artifact.precision is not Precision.FLOAT32:
        return {}
    graph = onnx.load_model_from_string(bytes(artifact.content)).graph
    taken = {node.input[1] for node in graph.node if node.op_type == "Conv"}
    wanted = [one for one in graph.initializer if one.name in taken and "/" not in one.name]
    if not wanted:
        return {}
    try:
        known = list(_weights(bundle.artifact(twin)))
    except ImportError:  # LiteRT is not installed
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for one in wanted:
        array = numpy_helper.to_array(one)
        fitting = [names for names, other in known if _is_close(array, other)]
        if len(fitting) == 1:
            found[one.name] = fitting[0]
    return found


def _weights(artifact: Artifact) -> Iterator[tuple[tuple[str, ...], NDArray[np.float32]]]:
    """Names of each convolution of a TFLite file, and its weights as ONNX has them."""
    from edgesmith.optimization.tflite_graph import loaded, op_name, text

    model = loaded(artifact)
    tensors = model.subgraphs[0].tensors
    for operator in model.subgraphs[0].operators:
        order = _OUTPUTS_FIRST.get(op_name(model, operator))
        if order is None:
            continue
        weights, made = tensors[operator.inputs[1]], tensors[operator.outputs[0]]
        content: Any = model.buffers[weights.buffer].data
        size = int(np.prod(weights.shape)) * np.dtype(np.float32).itemsize
        if content is None or len(content) != size:
            continue
        names = [part for one in (weights, made) for part in text(one.name).split(";")]
        array = np.frombuffer(bytes(content), np.float32).reshape(weights.shape)
        yield tuple(sorted(names, key=clue_rank)), array.transpose(order)


def _is_close(array: NDArray[Any], other: NDArray[np.float32]) -> bool:
    if array.shape != other.shape:
        return False
    return bool(np.max(np.abs(array - other)) <= _CLOSE * np.max(np.abs(other)))
