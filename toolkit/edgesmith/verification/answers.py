"""Output tensors as what a metric compares: class indices, or values in the target's unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.decoding import decode
from edgesmith_runtime.manifest import Task

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from edgesmith_runtime.manifest import Output

__all__ = ["answers"]

_BATCH = 1024  # decoding makes objects; this many at a time


def answers(
    task: Task, output: Output, tensors: Mapping[str, NDArray[Any]]
) -> NDArray[Any] | None:
    """What the runtime would answer, by the very lines that answer on the device.

    Scaled targets of a regression, given as the output's tensor, come back in their unit.

    Args:
        task: What the output means.
        output: The output that answers.
        tensors: ``(n, ...)`` by output.

    Returns:
        ``(n,)`` int64 class indices, or ``(n,)`` or ``(n, k)`` float64 values; None for a task
        without decisions or values.
    """
    if task not in (Task.CLASSIFICATION, Task.REGRESSION):
        return None
    tensor = tensors[output.name]
    parts: list[NDArray[Any]] = []
    for start in range(0, len(tensor), _BATCH):
        part = _batch(task, output, tensor[start : start + _BATCH])
        if part is None:
            return None
        parts.append(part)
    return np.concatenate(parts)


def _batch(task: Task, output: Output, tensor: NDArray[Any]) -> NDArray[Any] | None:
    predictions = decode(task, [output], {output.name: tensor})
    if task is Task.REGRESSION:
        return np.array([prediction.value for prediction in predictions], np.float64)
    if any(prediction.label is None for prediction in predictions):
        return None
    places = {label: place for place, label in enumerate(predictions[0].scores or ())}
    return np.array([places[prediction.label or ""] for prediction in predictions], np.int64)
