"""A model taken apart: each operation as a call of its own, beside the call of the whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Artifact

__all__ = ["Call", "Piece", "Pieces", "clue_rank", "engine_tensors"]

Call = Callable[[], object]

# What TensorFlow calls the operation with the weights, and the scope of its batch normalization.
_KERNELS = ("/MatMul", "/convolution", "/depthwise", "/Tensordot", "/separable_conv2d")
_NORMALIZATION = "/batchnorm/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One operation of the graph that the engine runs.

    Args:
        name: Of the node in ONNX; of its first output in TFLite.
        op: The engine's word for it.
        clues: Names that may tell the Keras layer, the best one first.
        call: Runs it alone, on the values that it has in the whole.
    """

    name: str
    op: str
    clues: tuple[str, ...]
    call: Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """A whole model and its operations, all with their inputs set.

    Args:
        whole: The engine's own run of the model.
        empty: The engine's own run of next to nothing: what a call costs without an operation.
        ops: In the order of the run.
        lost: Operations that cannot run alone, and why not.
        lead_ns: Above 0 the operations are not called in turn, but each in a row after calls for
            this long: the engine has threads in every model, and those of the model before wait
            busily for a while.
    """

    whole: Call
    empty: Call
    ops: tuple[Piece, ...]
    lost: tuple[str, ...]
    lead_ns: int = 0


def engine_tensors(
    artifact: Artifact, tensors: Mapping[str, NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    """What the engine gets of prepared tensors of one sample.

    Args:
        artifact: A fixed batch takes the sample again and again; a tensor with a scale, codes.
        tensors: ``(1, ...)`` by input.
    """
    from edgesmith_runtime.runners.quantized import Quantization

    n = artifact.signature.batch_size or 1
    coded = Quantization(artifact.signature).codes(tensors)
    return {
        name: np.ascontiguousarray(np.take(array, range(n), axis=0, mode="wrap"))
        for name, array in coded.items()
    }


def clue_rank(name: str) -> int:
    """How well a name tells which layer an operation is of that several were merged into.

    Returns:
        0 for the one with the weights, 2 for a normalization, 1 for any other.
    """
    if any(kernel in name for kernel in _KERNELS):
        return 0
    return 2 if _NORMALIZATION in name else 1
