"""From output tensors to an answer that an app can show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, assert_never

import numpy as np

from edgesmith_runtime.errors import BackendError, BundleError
from edgesmith_runtime.manifest import DecodeOp, Task

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from edgesmith_runtime.manifest import Output

__all__ = ["Prediction", "check_rows", "decode"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prediction:
    """The answer for one sample; what does not belong to the task of the bundle is None.

    Args:
        outputs: By name as the model gives them, without the batch axis.
        label: Classification: the class that won.
        score: Classification: its probability. Anomaly: the larger, the stranger.
        scores: Classification: the probability of every class.
        value: Regression: in ``unit``; an array where the output has more than one number.
        unit: Regression: as the bundle names it, if it does.
        is_anomaly: Anomaly: whether ``score`` reaches ``threshold``.
        threshold: Anomaly.
    """

    outputs: Mapping[str, NDArray[Any]]
    label: str | None = None
    score: float | None = None
    scores: Mapping[str, float] | None = None
    value: float | NDArray[np.float64] | None = None
    unit: str | None = None
    is_anomaly: bool | None = None
    threshold: float | None = None


def check_rows(outputs: Mapping[str, NDArray[Any]], n_samples: int, *, where: str) -> None:
    """Refuse outputs of which no part belongs to a sample.

    Args:
        outputs: By name.
        n_samples: That the model was given.
        where: For the message: the artifact.

    Raises:
        BackendError: An output has not the samples on its first axis.
    """
    for name, output in outputs.items():
        if output.shape[:1] != (n_samples,):
            raise BackendError(
                f"{where}: output '{name}': expected {n_samples} on the first axis, one for each "
                f"sample, got shape {output.shape}; take it whole, by model.run(model.prepare(raw))"
            )


def decode(
    task: Task, outputs: Sequence[Output], batch: Mapping[str, NDArray[Any]]
) -> list[Prediction]:
    """One prediction a sample.

    What answers is the first output with a decode op; a regression without any takes the first
    output as it is. The others are in ``Prediction.outputs`` only.

    Args:
        task: Of the bundle.
        outputs: As the manifest lists them.
        batch: Arrays by output, the first axis the batch.

    Raises:
        BundleError: The output that answers has not the shape that its decode op and labels ask
            for.
    """
    n_samples = len(batch[outputs[0].name])
    samples = [
        {name: array[index, ...] for name, array in batch.items()} for index in range(n_samples)
    ]
    output = next(
        (output for output in outputs if output.decode.op is not DecodeOp.NONE), outputs[0]
    )
    match task:
        case Task.CLASSIFICATION if output.decode.op is not DecodeOp.NONE:
            return _classes(output, samples)
        case Task.REGRESSION:
            return _values(output, samples)
        case Task.ANOMALY if output.decode.op is not DecodeOp.NONE:
            return _anomalies(output, samples)
        case Task.CLASSIFICATION | Task.ANOMALY | Task.TENSOR:
            return [Prediction(outputs=sample) for sample in samples]
        case _:
            assert_never(task)


_Samples = list[dict[str, "NDArray[Any]"]]


def _classes(output: Output, samples: _Samples) -> list[Prediction]:
    numbers = _decoded(output, samples)
    if output.decode.op in (DecodeOp.THRESHOLD, DecodeOp.SIGMOID):
        _expect_width(output, numbers, 1)
        wins: list[int] = (numbers[:, 0] >= output.decode.threshold).astype(np.intp).tolist()
        numbers = np.concatenate([1 - numbers, numbers], axis=1)
    else:
        wins = numbers.argmax(axis=1).tolist()
    labels = output.labels or tuple(str(index) for index in range(numbers.shape[1]))
    _expect_width(output, numbers, len(labels))
    return [
        Prediction(
            outputs=sample,
            label=labels[win],
            score=scores[win],
            scores=dict(zip(labels, scores, strict=True)),
        )
        for sample, win, scores in zip(samples, wins, numbers.tolist(), strict=True)
    ]


def _values(output: Output, samples: _Samples) -> list[Prediction]:
    numbers = _decoded(output, samples)
    values = numbers[:, 0].tolist() if numbers.shape[1] == 1 else list(numbers)
    return [
        Prediction(outputs=sample, value=value, unit=output.unit)
        for sample, value in zip(samples, values, strict=True)
    ]


def _anomalies(output: Output, samples: _Samples) -> list[Prediction]:
    numbers = _decoded(output, samples)
    _expect_width(output, numbers, 1)
    threshold = output.decode.threshold
    return [
        Prediction(
            outputs=sample, score=score, is_anomaly=score >= threshold, threshold=threshold
        )
        for sample, (score,) in zip(samples, numbers.tolist(), strict=True)
    ]


def _decoded(output: Output, samples: _Samples) -> NDArray[np.float64]:
    """The numbers of one output after its decode op, ``(batch, number)``."""
    rows = [sample[output.name].reshape(-1) for sample in samples]
    numbers = np.array(rows, np.float64) if rows else np.empty((0, 1))
    if (output.decode.scale, output.decode.offset) != (1.0, 0.0):
        numbers = numbers * output.decode.scale + output.decode.offset
    match output.decode.op:
        case DecodeOp.NONE | DecodeOp.ARGMAX | DecodeOp.THRESHOLD | DecodeOp.INVERSE_SCALE:
            return numbers
        case DecodeOp.SOFTMAX:
            with np.errstate(invalid="ignore"):  # infinite: the answer is NaN
                powers = np.exp(numbers - numbers.max(axis=1, keepdims=True))
                return powers / powers.sum(axis=1, keepdims=True)
        case DecodeOp.SIGMOID:
            return 0.5 * (1.0 + np.tanh(0.5 * numbers))  # the same function; exp(-x) overflows
        case _:
            assert_never(output.decode.op)


def _expect_width(output: Output, numbers: NDArray[np.float64], width: int) -> None:
    if len(numbers) and numbers.shape[1] != width:
        raise BundleError(
            f"output '{output.name}': decode '{output.decode.op}' with "
            f"{len(output.labels or ())} labels expects {width} a sample, "
            f"got {numbers.shape[1]}"
        )
