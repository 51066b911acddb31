"""Output tensors as what a metric compares: class indices, values in their unit, or scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_never

import numpy as np

from edgesmith_runtime.decoding import decode
from edgesmith_runtime.manifest import Task

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from edgesmith_runtime.manifest import Output

__all__ = ["answers", "decisions"]

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
        ``(n,)`` int64 class indices; ``(n,)`` or ``(n, k)`` float64 values; ``(n,)`` float64
        scores of an anomaly detection; None for a task without any of these.
    """
    if task is Task.TENSOR:
        return None
    tensor = tensors[output.name]
    parts: list[NDArray[Any]] = []
    for start in range(0, len(tensor), _BATCH):
        part = _batch(task, output, tensor[start : start + _BATCH])
        if part is None:
            return None
        parts.append(part)
    return np.concatenate(parts)


def decisions(
    task: Task, output: Output, given: NDArray[Any] | None
) -> NDArray[np.int64] | None:
    """What an app does otherwise if it changes: the class, or whether it is an anomaly.

    Args:
        task: What the output means.
        output: The output that answers.
        given: As ``answers`` gives them.

    Returns:
        ``(n,)`` class indices, or 1 for an anomaly and 0 for none; None where nothing is decided.
    """
    if given is None:
        return None
    match task:
        case Task.CLASSIFICATION:
            return given
        case Task.ANOMALY:
            return (given >= output.decode.threshold).astype(np.int64)
        case Task.REGRESSION | Task.TENSOR:
            return None
        case _:
            assert_never(task)


def _batch(task: Task, output: Output, tensor: NDArray[Any]) -> NDArray[Any] | None:
    predictions = decode(task, [output], {output.name: tensor})
    if task is Task.REGRESSION:
        return np.array([prediction.value for prediction in predictions], np.float64)
    if task is Task.ANOMALY:
        scores = [prediction.score for prediction in predictions]
        return None if None in scores else np.array(scores, np.float64)
    if any(prediction.label is None for prediction in predictions):
        return None
    places = {label: place for place, label in enumerate(predictions[0].scores or ())}
    return np.array([places[prediction.label or ""] for prediction in predictions], np.int64)
