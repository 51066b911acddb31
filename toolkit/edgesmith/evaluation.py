"""Every format of a traced model, held against the original on the same samples; one is chosen."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, assert_never

import numpy as np

from edgesmith.core import Candidate, Choice, Split
from edgesmith.foreign import ForeignModel
from edgesmith.recipe import Recipe, Scheme
from edgesmith.variants import variants
from edgesmith.verification import (
    Truth,
    answers,
    score,
    tolerance,
    verify,
    verify_variant,
)
from edgesmith_runtime.errors import ConfigError, ParityError
from edgesmith_runtime.manifest import Selection
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith.config import ConversionConfig
    from edgesmith.core import Progress
    from edgesmith.foreign import AnyReference
    from edgesmith.verification import Verified
    from edgesmith_runtime.bench import Comparison
    from edgesmith_runtime.bundle import Artifact
    from edgesmith_runtime.manifest import Output, Parity, Score, Task

__all__ = ["Evaluation", "Verdict", "check_formats", "choose", "evaluate", "fastest_of"]

Tensors = Mapping[str, "NDArray[Any]"]

_AS_IT_IS = "as_it_is"  # the recipe of a model file that is an artifact already
_BASE_INSTALL = "runs on the runtime's base install, numpy and onnxruntime"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The samples that every artifact is held against the original on.

    Args:
        task: What the outputs mean.
        outputs: Of the model; the first one answers.
        batches: The model's input tensors, some samples at a time, always in the same order.
        targets: ``(n,)`` true class indices, values in their unit, or 1 for an anomaly and 0 for
            none; None where not known.
        metric: The score's name, as ``resolve_metric`` gives it.
        seed: Of the score's interval.
        split: Which samples these are.
        drawn: They are drawn numbers, which prove parity and say nothing of real inputs.
        original: The original's outputs on them, ``(n, ...)``; None runs the reference. They are
            those of the whole model where a reference is of the rest of one.
    """

    task: Task
    outputs: tuple[Output, ...]
    batches: Callable[[], Iterator[Tensors]]
    targets: NDArray[Any] | None
    metric: str
    seed: int
    split: Split = Split.TEST
    drawn: bool = False
    original: Tensors | None = None

    def truth(self) -> Truth | None:
        """The targets with the metric; a new generator each time, so intervals compare."""
        if self.targets is None:
            return None
        rng = np.random.default_rng(self.seed)
        return Truth(metric=self.metric, targets=self.targets, rng=rng)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What evaluation found: the original's score, and every artifact that answers as it does.

    Args:
        original_outputs: ``(n, ...)`` by output.
        original_score: None where the truth is not known.
        candidates: In the order of the formats.
        predicted: By artifact file, its answers, ``(n,)``; None for a task without.
    """

    original_outputs: Tensors
    original_score: Score | None
    candidates: tuple[Candidate, ...]
    predicted: Mapping[str, NDArray[Any] | None]


def evaluate(
    reference: AnyReference,
    evaluation: Evaluation,
    config: ConversionConfig,
    *,
    directory: Path,
    progress: Progress,
) -> Verdict:
    """Convert the original to every format, and verify each artifact on the samples.

    Raises:
        ConversionError: A converter fails; the message says why.
        ParityError: An artifact answers differently from the original.
    """
    labels = {output.name: output.labels for output in evaluation.outputs if output.labels}
    recipes = [_recipe(reference, fmt) for fmt in config.formats]
    with ThreadPoolExecutor(len(recipes)) as pool:
        jobs = [
            pool.submit(
                _made, reference, recipe, labels=labels, config=config, directory=directory
            )
            for recipe in recipes
        ]
        expected = _Expected(reference, evaluation, progress)
        artifacts = [
            job.result() for job in progress.track(jobs, "Converting", total=len(jobs))
        ]
    verified = [
        _verified(recipe, artifact, expected, config, directory)
        for recipe, artifact in progress.track(
            list(zip(recipes, artifacts, strict=True)), "Verifying", total=len(artifacts)
        )
    ]
    return Verdict(
        original_outputs=expected.outputs,
        original_score=expected.score(),
        candidates=tuple(
            Candidate(recipe=recipe, artifact=artifact, score=one.score, parity=one.parity)
            for recipe, artifact, one in zip(recipes, artifacts, verified, strict=True)
        ),
        predicted={
            artifact.file: one.answers
            for artifact, one in zip(artifacts, verified, strict=True)
        },
    )


def _recipe(reference: AnyReference, fmt: Format) -> Recipe:
    if isinstance(reference, ForeignModel):
        return Recipe(
            name=_AS_IT_IS, format=fmt, precision=reference.precision, scheme=Scheme.AS_IT_IS
        )
    return Recipe(name=f"float32_{fmt}", format=fmt)


def _made(
    reference: AnyReference,
    recipe: Recipe,
    *,
    labels: Mapping[str, tuple[str, ...]],
    config: ConversionConfig,
    directory: Path,
) -> Artifact:
    if isinstance(reference, ForeignModel):
        return reference.artifact(labels)
    from edgesmith.conversion import convert  # and TensorFlow, which a model file does not need

    return convert(reference, recipe, labels=labels, config=config, directory=directory)


def _outputs(reference: AnyReference, evaluation: Evaluation) -> Tensors:
    parts = [reference.run(tensors) for tensors in evaluation.batches()]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


class _Expected:
    """What the original answers: on all samples, and on some of them in other shapes."""

    def __init__(
        self, reference: AnyReference, evaluation: Evaluation, progress: Progress
    ) -> None:
        self.reference = reference
        self.evaluation = evaluation
        self.outputs = evaluation.original or _outputs(reference, evaluation)
        self.variants, untried = variants(reference, next(iter(evaluation.batches())))
        if untried is not None:
            progress.say(f"warning: {untried}")

    def score(self) -> Score | None:
        """The original's; None without targets."""
        truth = self.evaluation.truth()
        given = answers(self.evaluation.task, self.evaluation.outputs[0], self.outputs)
        if truth is None or given is None:
            return None
        return score(truth.metric, truth.targets, given, rng=truth.rng)


def _verified(
    recipe: Recipe,
    artifact: Artifact,
    expected: _Expected,
    config: ConversionConfig,
    directory: Path,
) -> Verified:
    evaluation = expected.evaluation
    latest: deque[Tensors] = deque(maxlen=1)

    def noted(batches: Iterable[Tensors]) -> Iterator[Tensors]:
        for tensors in batches:
            latest.append(tensors)
            yield tensors

    try:
        verified = verify(
            artifact,
            expected.outputs,
            noted(evaluation.batches()),
            task=evaluation.task,
            output=evaluation.outputs[0],
            truth=evaluation.truth(),
        )
        bounds = {name: tolerance(array) for name, array in expected.outputs.items()}
        for variant in expected.variants:
            latest.append(variant.tensors)
            verify_variant(artifact, variant.what, variant.tensors, variant.outputs, bounds)
    except ParityError as error:
        if not latest:  # nothing was run: what the original answers is refused
            raise
        layer = _diverging_layer(expected.reference, recipe, latest[0], config, directory)
        place = "" if layer is None else f"; the first layer that differs is '{layer}'"
        raise ParityError(
            f"{error}{place}; the artifact must not ship: leave {recipe.format} out of the "
            "formats, or change the layer"
        ) from error
    return verified


def _diverging_layer(
    reference: AnyReference,
    recipe: Recipe,
    tensors: Tensors,
    config: ConversionConfig,
    directory: Path,
) -> str | None:
    if isinstance(reference, ForeignModel):
        return None
    from edgesmith.divergence import diverging_layer

    return diverging_layer(reference, recipe, tensors, config=config, directory=directory)


def check_formats(formats: Iterable[Format]) -> None:
    """Refuse formats among which nothing runs on the runtime's base install.

    Raises:
        ConfigError: onnx is not among them.
    """
    if Format.ONNX not in (given := tuple(formats)):
        raise ConfigError(
            f"formats: expected onnx among them, got {', '.join(given)}; a bundle's default "
            "artifact runs on numpy and onnxruntime alone"
        )


def choose(candidates: tuple[Candidate, ...]) -> Choice:
    """The default artifact: the one that the runtime's base install runs.

    Of a ``.tflite`` file, which nothing else can be made of, the only one.

    Raises:
        ConfigError: No ONNX artifact was made.
    """
    if [one.recipe.name for one in candidates] == [_AS_IT_IS]:
        return _only_choice(candidates[0])
    check_formats(one.artifact.format for one in candidates)
    chosen = next(one for one in candidates if one.artifact.format is Format.ONNX)
    return Choice(file=chosen.artifact.file, reason=f"{_BASE_INSTALL}{_proven(chosen)}")


def _only_choice(candidate: Candidate) -> Choice:
    match candidate.artifact.format:
        case Format.ONNX:
            reason = _BASE_INSTALL
        case Format.TFLITE:
            reason = "the only one: a .tflite file is not converted to ONNX"
        case _:
            assert_never(candidate.artifact.format)
    return Choice(file=candidate.artifact.file, reason=f"{reason}{_proven(candidate)}")


def _proven(candidate: Candidate) -> str:
    parity = candidate.parity
    return "" if parity is None else f", and answers as the original ({_proof(parity)})"


def _proof(parity: Parity) -> str:
    if parity.agreement is None:
        return f"largest error {parity.max_abs_error:.1e} on {parity.n_samples} samples"
    same = round(parity.agreement * parity.n_samples)
    return f"same decision on {same} of {parity.n_samples} samples"


def fastest_of(comparison: Comparison, candidates: tuple[Candidate, ...]) -> Selection | None:
    """The artifact with the lowest median at batch 1, unless the intervals overlap.

    The reason holds no figures: they differ from run to run, and the bundle shall not.
    """
    measured = [
        (figures.median_ns, one.artifact.file)
        for one in candidates
        if (figures := comparison.figures(one.artifact.file, 1)) is not None
    ]
    measured.sort(key=lambda pair: pair[0].value)
    if len(measured) < 2 or measured[0][0].high >= measured[1][0].low:
        return None
    return Selection(
        file=measured[0][1],
        reason="lowest median latency at batch 1 in the comparison of the build; the 95 % "
        "interval lies below that of every other artifact",
    )
