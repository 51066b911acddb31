"""A prediction as the JSON object that the command line prints and the server sends."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from edgesmith_runtime.decoding import Prediction

__all__ = ["prediction_json"]


def prediction_json(prediction: Prediction) -> dict[str, Any]:
    """What belongs to the task, then ``outputs``; null stands where JSON has no number."""
    members = {
        field.name: getattr(prediction, field.name)
        for field in dataclasses.fields(prediction)
        if field.name != "outputs" and getattr(prediction, field.name) is not None
    }
    if isinstance(prediction.value, np.ndarray):
        members["value"] = prediction.value.tolist()
    outputs = {name: _finite(array.tolist()) for name, array in prediction.outputs.items()}
    return {**members, "outputs": outputs}


def _finite(value: Any) -> Any:
    """Nested lists of numbers with null where JSON has no number."""
    if isinstance(value, list):
        return [_finite(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    return None if isinstance(value, float) and not np.isfinite(value) else value
