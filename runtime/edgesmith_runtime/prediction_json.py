"""A prediction as the JSON object that the command line prints and the server sends."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from edgesmith_runtime.decoding import Prediction

__all__ = ["prediction_json"]


def prediction_json(prediction: Prediction) -> dict[str, Any]:
    """What belongs to the task, then ``outputs``; null stands where JSON has no number."""
    members = {
        field.name: _finite(value)
        for field in dataclasses.fields(prediction)
        if field.name != "outputs" and (value := getattr(prediction, field.name)) is not None
    }
    outputs = {name: _finite(array) for name, array in prediction.outputs.items()}
    return {**members, "outputs": outputs}


def _finite(value: Any) -> Any:
    """What JSON has: arrays as nested lists, null in place of NaN and infinity."""
    match value:
        case np.ndarray():
            return _finite(value.tolist())
        case list():
            return [_finite(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
        case dict():
            return {key: _finite(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType]
        case float() if not math.isfinite(value):
            return None
        case _:
            return value
