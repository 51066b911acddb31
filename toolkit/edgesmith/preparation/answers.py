"""Targets as the model learns them, and the output that turns its numbers back into answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.ordering import naturally_sorted
from edgesmith_runtime.manifest import Decode, DecodeOp, Output

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgesmith.config import Config

__all__ = ["class_output", "encoded_targets", "score_output", "value_output"]


def class_output(training_targets: NDArray[Any]) -> Output:
    """Probabilities by class, the classes in natural order."""
    labels = tuple(naturally_sorted({str(target) for target in training_targets}))
    return Output(
        name="probabilities",
        shape=(len(labels),),
        labels=labels,
        decode=Decode(op=DecodeOp.ARGMAX),
    )


def value_output(training_targets: NDArray[Any], config: Config) -> Output:
    """One number, standardised on the training split where so configured."""
    values = training_targets.astype(np.float64)
    offset, scale = 0.0, 1.0
    if config.normalization.scale_target:
        offset = float(values.mean())
        scale = float(values.std()) or 1.0
    return Output(
        name="value",
        shape=(1,),
        unit=config.unit,
        decode=Decode(op=DecodeOp.INVERSE_SCALE, scale=scale, offset=offset),
    )


def score_output() -> Output:
    """How strange a sample is; from which score on it is an anomaly, the trained model will tell."""
    return Output(name="score", shape=(1,), decode=Decode(op=DecodeOp.THRESHOLD))


def encoded_targets(targets: NDArray[Any], output: Output) -> NDArray[Any]:
    """``(n,)`` int64 places among the labels, or ``(n, 1)`` float32 scaled values."""
    if output.labels is not None:
        places = {label: place for place, label in enumerate(output.labels)}
        return np.array([places[target] for target in targets], np.int64)
    values = targets.astype(np.float64)
    return ((values - output.decode.offset) / output.decode.scale).astype(np.float32)[:, None]
