"""What a build has at hand once the model is trained: samples to judge and to calibrate on, other weights."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.core import Split
from edgesmith.evaluation import Evaluation, evaluate
from edgesmith.recipe import Weights
from edgesmith.search import Tuned
from edgesmith.trials import N_CALIBRATION, CalibrationSamples
from edgesmith.verification import answers
from edgesmith_runtime.manifest import Task

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith.config import AnomalyConfig, Config
    from edgesmith.core import Dataset, KerasModel, Prepared, Progress
    from edgesmith.reference import Reference
    from edgesmith_runtime.bundle import Artifact
    from edgesmith_runtime.spec import Format
    from edgesmith_runtime.transforms import Batch

__all__ = ["calibration_of", "evaluation_of", "raw_samples_of", "tuned_of", "with_threshold"]

BATCH_SIZE = 256


def _held_out(prepared: Prepared) -> Split:
    """The split to verify on: what the model has seen least of."""
    return next(
        split
        for split in (Split.TEST, Split.VALIDATION, Split.TRAIN)
        if split in prepared.splits
    )


def evaluation_of(prepared: Prepared, metric: str, seed: int) -> Evaluation:
    """The samples of the test split, or of that which the model has seen least of."""
    split = _held_out(prepared)
    n_samples = len(prepared.splits[split])
    targets = prepared.splits[split].targets
    if prepared.task is Task.REGRESSION:
        targets = answers(prepared.task, prepared.output, {prepared.output.name: targets})
    # Only the test split was never looked at, so only it gives a score.
    is_scored = split is Split.TEST
    if prepared.task is Task.ANOMALY:
        is_scored = is_scored and 0 < int(np.sum(prepared.splits[split].targets)) < n_samples
    return Evaluation(
        task=prepared.task,
        outputs=(prepared.output,),
        batches=lambda: _batches(prepared, split, np.arange(n_samples)),
        targets=targets if is_scored else None,
        metric=metric,
        seed=seed,
        split=split,
    )


def with_threshold(
    prepared: Prepared, reference: Reference, config: AnomalyConfig
) -> tuple[Prepared, Mapping[str, Any]]:
    """From which score on a sample is an anomaly: a quantile of normal ones that did not train.

    Args:
        prepared: Of an anomaly detection; validation and training hold normal samples alone.
        reference: Of the trained model.
        config: Says which quantile.

    Returns:
        The same with the threshold in its output's decode, and a warning where too few scores
        give it; and in words for the provenance what it comes from.
    """
    split = next(one for one in (Split.VALIDATION, Split.TRAIN) if one in prepared.splits)
    name, n_samples = prepared.output.name, len(prepared.splits[split])
    parts = [
        reference.run(tensors)[name]
        for tensors in _batches(prepared, split, np.arange(n_samples))
    ]
    threshold = float(np.quantile(np.concatenate(parts).astype(np.float64), config.quantile))
    decode = dataclasses.replace(prepared.output.decode, threshold=threshold)
    output = dataclasses.replace(prepared.output, decode=decode)
    origin = {"quantile": config.quantile, "split": str(split), "n_samples": n_samples}
    account = prepared.account
    warnings = (*account.warnings, *_few_scores(n_samples, split, config.quantile))
    account = dataclasses.replace(account, warnings=warnings)
    return dataclasses.replace(prepared, output=output, account=account), origin


def _few_scores(n_samples: int, split: Split, quantile: float) -> tuple[str, ...]:
    """Above a quantile q there is a whole score only among 1 / (1 - q) of them."""
    needed = math.ceil(1 / (1 - quantile) - 1e-6)  # of 0.9 that is 10.000000000000002
    if n_samples >= needed:
        return ()
    name = "training" if split is Split.TRAIN else str(split)
    return (
        f"the threshold is the quantile {quantile:g} of {n_samples} normal {name} scores, and it "
        f"takes {needed} for one of them to lie above: the share of false alarms is a guess; "
        "give more normal samples, a larger split.validation, or a smaller anomaly.quantile",
    )


def _batches(
    prepared: Prepared, split: Split, positions: NDArray[np.intp]
) -> Iterator[dict[str, NDArray[Any]]]:
    for start in range(0, len(positions), BATCH_SIZE):
        yield prepared.tensors(split, positions[start : start + BATCH_SIZE])


def raw_samples_of(
    dataset: Dataset, prepared: Prepared, positions: list[int]
) -> Mapping[str, Batch]:
    """The raw inputs of some of the samples that are judged on."""
    rows = prepared.splits[_held_out(prepared)].rows
    return dataset.samples.read(rows[np.asarray(positions, np.intp)])


def calibration_of(prepared: Prepared, config: Config) -> CalibrationSamples | None:
    """Training samples for what later steps calibrate; the test split is not for choosing."""
    n_samples = len(prepared.splits[Split.TRAIN])
    n_drawn = N_CALIBRATION if config.target is None else config.target.n_calibration
    rng = np.random.default_rng(config.seed)
    positions = rng.permutation(n_samples)[:n_drawn]
    positions.sort()
    parts = list(_batches(prepared, Split.TRAIN, positions))
    return CalibrationSamples(
        tensors={name: np.concatenate([part[name] for part in parts]) for name in parts[0]},
        source="training split",
        seed=config.seed,
    )


def tuned_of(
    model: KerasModel,
    prepared: Prepared,
    config: Config,
    evaluation: Evaluation,
    directory: Path,
) -> Tuned | None:
    """Fine-tuning on the data that the model was trained on, for a search that needs it."""
    if config.target is None or not config.target.fine_tune:
        return None

    def artifacts(weights: Weights, progress: Progress) -> Mapping[Format, Artifact]:
        from edgesmith.reference import trace
        from edgesmith.training import Pruning, QuantizationAware, fine_tune

        tuning = Pruning() if weights is Weights.PRUNED else QuantizationAware(epochs=5)
        tuned = fine_tune(
            model, prepared, config.training, tuning, seed=config.seed, progress=progress
        )
        verdict = evaluate(
            trace(tuned, inputs=prepared.inputs),
            evaluation,
            config.conversion,
            directory=directory,
            progress=progress,
        )
        return {one.artifact.format: one.artifact for one in verdict.candidates}

    return Tuned(artifacts=artifacts)
