"""Run one artifact over the samples and hold it against the original's outputs and the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.verification.answers import answers, decisions
from edgesmith.verification.metrics import score
from edgesmith.verification.parity import ParityCount, tolerance
from edgesmith_runtime.errors import ParityError
from edgesmith_runtime.golden import Tolerance
from edgesmith_runtime.runners import open_runner

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Artifact
    from edgesmith_runtime.manifest import Output, Parity, Score, Task

__all__ = ["Truth", "Verified", "verify", "verify_variant"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Truth:
    """What the answers should have been.

    Args:
        metric: As ``resolve_metric`` gives it.
        targets: ``(n,)`` class indices, or ``(n,)`` or ``(n, k)`` values in the target's unit; of
            an anomaly detection 1 for an anomaly and 0 for none.
        rng: Draws the samples of the metric's interval.
    """

    metric: str
    targets: NDArray[Any]
    rng: np.random.Generator


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Verified:
    """An artifact that answers as the original does.

    Args:
        score: The task metric; None without the truth.
        parity: Error against the original, and the share of samples with the same decision.
        outputs: The artifact's, ``(n, ...)`` by output.
        answers: ``(n,)`` class indices, values or scores; None for a task without.
    """

    score: Score | None
    parity: Parity
    outputs: Mapping[str, NDArray[Any]]
    answers: NDArray[Any] | None


def verify(  # noqa: PLR0913 - a noun of some of them would have this one user
    artifact: Artifact,
    original: Mapping[str, NDArray[Any]],
    batches: Iterable[Mapping[str, NDArray[Any]]],
    *,
    task: Task,
    output: Output,
    truth: Truth | None = None,
    bounds: Mapping[str, Tolerance] | None = None,
) -> Verified:
    """Compare an artifact with the original on the same samples.

    One batch of inputs is held at a time, and the outputs of all.

    Args:
        artifact: Run by the engine that the device has.
        original: The original's outputs, ``(n, ...)`` by output.
        batches: The model's input tensors in the same order, ``n`` samples in all.
        task: What the output means.
        output: The output that answers.
        truth: For the score; without it there is none.
        bounds: By output, what it may differ; None takes that of a conversion.

    Raises:
        ParityError: An output differs beyond the tolerance, or is NaN or infinite where the
            original's is not; the message names it.
        BackendError: The engine refuses the artifact.
    """
    if bounds is None:
        bounds = {name: tolerance(array) for name, array in original.items()}
    count = ParityCount(artifact.file, dict(bounds))
    runner = open_runner(artifact)
    parts: list[dict[str, NDArray[Any]]] = []
    start = 0
    for tensors in batches:
        outputs = runner.run(tensors)
        stop = start + len(outputs[output.name])
        count.add({name: array[start:stop] for name, array in original.items()}, outputs)
        parts.append(outputs)
        start = stop
    n_samples = len(original[output.name])
    if start != n_samples or not parts:
        raise ParityError(
            f"{artifact.file}: {start} samples were run, the original has {n_samples} outputs"
        )
    whole = {name: np.concatenate([part[name] for part in parts]) for name in original}
    given, meant = answers(task, output, whole), answers(task, output, original)
    return Verified(
        score=None
        if truth is None or given is None
        else score(truth.metric, truth.targets, given, rng=truth.rng),
        parity=count.result(
            _agreement(decisions(task, output, given), decisions(task, output, meant))
        ),
        outputs=whole,
        answers=given,
    )


def verify_variant(
    artifact: Artifact,
    what: str,
    tensors: Mapping[str, NDArray[Any]],
    original: Mapping[str, NDArray[Any]],
    tolerances: Mapping[str, Tolerance],
) -> None:
    """Compare an artifact with the original on inputs of another shape.

    Args:
        artifact: Run by the engine that the device has.
        what: How the inputs differ, for messages.
        tensors: ``(n, ...)`` by input.
        original: The original's outputs, ``(n, ...)`` by output.
        tolerances: By output, on samples enough to know its range; a wider range counts.

    Raises:
        ParityError: An output differs beyond the tolerance; the message names it.
        BackendError: The engine refuses the artifact, or these inputs.
    """
    bounds = {
        name: Tolerance(max(tolerance(array).atol, tolerances[name].atol), 0.0)
        for name, array in original.items()
    }
    count = ParityCount(f"{artifact.file} on a {what}", bounds)
    count.add(dict(original), open_runner(artifact).run(tensors))


def _agreement(given: NDArray[Any] | None, meant: NDArray[Any] | None) -> float | None:
    if given is None or meant is None:
        return None
    return int(np.sum(given == meant)) / len(given)
