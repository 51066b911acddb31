"""Quantized outputs as the numbers that they stand for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.manifest import DecodeOp

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgesmith_runtime.manifest import Decode
    from edgesmith_runtime.spec import TensorSpec

__all__ = ["in_real_numbers", "real_numbers"]


def real_numbers(spec: TensorSpec, array: NDArray[Any]) -> NDArray[Any]:
    """``(array - zero_point) * scale`` of a quantized tensor; another one as it is."""
    if spec.scale is None or spec.zero_point is None:
        return array
    return (array.astype(np.float64) - spec.zero_point) * spec.scale


def in_real_numbers(spec: TensorSpec, decode: Decode) -> Decode:
    """The same decode for a tensor that may be quantized; without an op there is nothing to say."""
    if spec.scale is None or spec.zero_point is None or decode.op is DecodeOp.NONE:
        return decode
    return replace(decode, scale=spec.scale, offset=-spec.zero_point * spec.scale)
