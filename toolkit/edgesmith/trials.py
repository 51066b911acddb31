"""Candidates, each made once and judged on the samples that the original was judged on."""

from __future__ import annotations

import functools
import hashlib
import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.core import Candidate, Rejected
from edgesmith.optimization import (
    check_samples,
    nodes_of,
    observe,
    quantize,
    refused_by_engine,
    taps_of,
)
from edgesmith.recipe import Recipe, Scheme, Weights
from edgesmith.verification import (
    agreement_drop,
    answers,
    decisions,
    detection_drop,
    fidelity_drop,
    metric_drop,
    verify,
)
from edgesmith_runtime.errors import EdgesmithError
from edgesmith_runtime.golden import Tolerance
from edgesmith_runtime.manifest import Task
from edgesmith_runtime.runners import open_runner
from edgesmith_runtime.spec import Format, Precision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from edgesmith.evaluation import Evaluation
    from edgesmith.evidence import Drop
    from edgesmith.optimization import Calibration, Node
    from edgesmith_runtime.bundle import Artifact
    from edgesmith_runtime.golden import GoldenSamples

__all__ = ["N_CALIBRATION", "CalibrationSamples", "Ground", "Trials", "with_own_answers"]

_STEPS_APART = 0.02  # of an output's range: five steps of 8 bits, that add up over layers
_ANY = Tolerance(sys.float_info.max, 0.0)  # all but NaN and infinite
N_CALIBRATION = 512  # samples that ranges are learned from, where nobody says otherwise

_BATCH = 64
_N_PROBED = 128  # calibration samples on which recipes and layers are compared
_N_JUDGED = 1000  # evaluation samples on which a layer's effect is looked at


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CalibrationSamples:
    """What ranges of activations are learned from.

    Args:
        tensors: The model's inputs, ``(n, ...)`` by name.
        source: Where they are from, in words.
        seed: That drew them; None for those that were given.

    Raises:
        DataError: None, all the same, or numbers that are not finite.
    """

    tensors: Mapping[str, NDArray[Any]]
    source: str
    seed: int | None = None

    def __post_init__(self) -> None:
        check_samples(self.tensors)

    def __len__(self) -> int:
        return len(next(iter(self.tensors.values())))

    @classmethod
    def of_judged(cls, tensors: Mapping[str, NDArray[Any]], seed: int) -> CalibrationSamples:
        """Some of the samples that candidates are judged on, where there are no others."""
        n_samples = len(next(iter(tensors.values())))
        rows = np.random.default_rng(seed).permutation(n_samples)[:N_CALIBRATION]
        rows.sort()
        return cls(
            tensors={name: np.asarray(array[rows]) for name, array in tensors.items()},
            source="the given samples, which are judged on too",
            seed=seed,
        )

    def digests(self) -> tuple[str, ...]:
        """The sha256 of each sample's tensors, in the order of their names."""
        found: list[str] = []
        for row in range(len(self)):
            digest = hashlib.sha256()
            for name in sorted(self.tensors):
                digest.update(np.ascontiguousarray(self.tensors[name][row]).tobytes())
            found.append(digest.hexdigest())
        return tuple(found)

    def batches(self, n_samples: int | None = None) -> Iterator[dict[str, NDArray[Any]]]:
        """Some at a time, up to a number of them."""
        end = len(self) if n_samples is None else min(n_samples, len(self))
        for start in range(0, end, _BATCH):
            stop = min(start + _BATCH, end)
            yield {name: array[start:stop] for name, array in self.tensors.items()}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """What every candidate stands on.

    Args:
        floats: The float artifacts, verified, by format.
        evaluation: The samples to judge on.
        original: The original's outputs on them, ``(n, ...)`` by output.
        calibration: None where there are no samples to learn ranges from.
        layer_of: The path of the Keras layer by the name of a node.
    """

    floats: Mapping[Format, Candidate]
    evaluation: Evaluation
    original: Mapping[str, NDArray[Any]]
    calibration: CalibrationSamples | None
    layer_of: Callable[[str], str | None] = field(repr=False)


class Trials:
    """Makes and judges candidates, and remembers all that was computed for them.

    Args:
        ground: What they stand on.
    """

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.candidates: list[Candidate] = list(ground.floats.values())
        self.rejected: list[Rejected] = []
        self.n_computed = 0
        self.answers: dict[Recipe, NDArray[Any] | None] = {}
        self._tried: dict[tuple[Format, str], Candidate | None] = {}
        self._starts: dict[tuple[Format, Weights], Artifact] = {
            (fmt, Weights.TRAINED): one.artifact for fmt, one in ground.floats.items()
        }
        self._nodes: dict[tuple[Format, Weights], tuple[Node, ...]] = {}
        self._calibrations: dict[tuple[Format, Weights], Calibration] = {}
        self.noises: dict[Recipe, float] = {}
        self._alone: dict[tuple[Recipe, str], tuple[float, float]] = {}

    def start_from(self, weights: Weights, artifact: Artifact) -> None:
        """Give the float artifact of other weights, which recipes on these start from."""
        self._starts[artifact.format, weights] = artifact

    def nodes(self, fmt: Format, weights: Weights = Weights.TRAINED) -> tuple[Node, ...]:
        """The operations of the float artifact."""
        if (fmt, weights) not in self._nodes:
            start = self._starts[fmt, weights]
            self._nodes[fmt, weights] = nodes_of(start, self.ground.layer_of)
        return self._nodes[fmt, weights]

    def calibration(
        self, fmt: Format, weights: Weights = Weights.TRAINED
    ) -> Calibration | None:
        """What calibration saw in the float artifact; None without samples."""
        samples = self.ground.calibration
        if samples is None:
            return None
        if (fmt, weights) not in self._calibrations:
            start, nodes = self._starts[fmt, weights], self.nodes(fmt, weights)
            with refused_by_engine(f"{start.file}: calibration"):
                self._calibrations[fmt, weights] = observe(
                    taps_of(start, nodes), samples.batches
                )
        return self._calibrations[fmt, weights]

    def attempt(self, recipe: Recipe) -> Candidate | None:
        """Make and judge a candidate; None where the recipe gives none, and ``rejected`` says why.

        One that was tried before is not made again.
        """
        key = recipe.format, recipe.name
        if key not in self._tried:
            self._tried[key] = self._judged(recipe)
        return self._tried[key]

    def _judged(self, recipe: Recipe) -> Candidate | None:
        ground = self.ground
        try:
            made = self._made(recipe)
            verified = verify(
                made,
                ground.original,
                self._batches(recipe),
                task=ground.evaluation.task,
                output=ground.evaluation.outputs[0],
                truth=ground.evaluation.truth(),
                bounds=dict.fromkeys(ground.original, _ANY),
            )
            if ground.calibration is not None:
                self.noises[recipe] = self.noise(made)
        except EdgesmithError as error:
            self.rejected.append(
                Rejected(recipe=f"{recipe.format} {recipe.name}", reason=str(error))
            )
            return None
        candidate = Candidate(
            recipe=recipe,
            artifact=made,
            score=verified.score,
            parity=verified.parity,
            drop=self.drop(verified.outputs, slice(None)),
        )
        self.answers[recipe] = verified.answers
        self.candidates.append(candidate)
        return candidate

    def _batches(self, recipe: Recipe) -> Iterator[Mapping[str, NDArray[Any]]]:
        """The samples as a device has them: onnxruntime takes one range for all of a dynamic run."""
        is_alone = recipe.scheme is Scheme.INT8_DYNAMIC and recipe.format is Format.ONNX
        for tensors in self.ground.evaluation.batches():
            if not is_alone:
                yield tensors
                continue
            for row in range(len(next(iter(tensors.values())))):
                yield {name: array[row : row + 1] for name, array in tensors.items()}

    def _made(self, recipe: Recipe) -> Artifact:
        start = self._starts[recipe.format, recipe.weights]
        seen = self.calibration(recipe.format, recipe.weights) if recipe.is_static else None
        made = quantize(start, recipe, self.nodes(recipe.format, recipe.weights), seen)
        self.n_computed += 1
        return made

    def drop(self, outputs: Mapping[str, NDArray[Any]], rows: slice) -> Drop:
        """How much worse outputs on the evaluation samples, or some of them, are."""
        evaluation = self.ground.evaluation
        output = evaluation.outputs[0]
        rng = np.random.default_rng(evaluation.seed)
        original = {name: array[rows] for name, array in self.ground.original.items()}
        before = answers(evaluation.task, output, original)
        after = answers(evaluation.task, output, outputs)
        if before is None or after is None:
            return fidelity_drop(original[output.name], outputs[output.name], rng=rng)
        decided = decisions(evaluation.task, output, before)
        decided_now = decisions(evaluation.task, output, after)
        if evaluation.targets is None and decided is not None and decided_now is not None:
            return agreement_drop(decided, decided_now, rng=rng)
        if evaluation.targets is None:
            return fidelity_drop(original[output.name], outputs[output.name], rng=rng)
        true = evaluation.targets[rows]
        if evaluation.task is not Task.ANOMALY or decided is None or decided_now is None:
            return metric_drop(evaluation.metric, true, before, after, rng=rng)
        return detection_drop(
            true, before, after, decided=decided, decided_now=decided_now, rng=rng
        )

    def noise(self, artifact: Artifact) -> float:
        """Noise to signal of the answering output on calibration samples, without a unit.

        Ranges are chosen by it: the test split is not for choosing them.
        """
        samples = self.ground.calibration
        if samples is None:
            raise ValueError("noise: expected calibration samples")
        name = self.ground.evaluation.outputs[0].name
        expected = self._probed[artifact.format]
        runner = open_runner(artifact)
        given = np.concatenate([runner.run(one)[name] for one in samples.batches(_N_PROBED)])
        errors = np.square(given.astype(np.float64) - expected).sum()
        return float(errors / max(float(np.square(expected).sum()), 1e-300))

    @functools.cached_property
    def _probed(self) -> dict[Format, NDArray[np.float64]]:
        """The float artifacts' answering output on the calibration samples."""
        samples = self.ground.calibration
        name = self.ground.evaluation.outputs[0].name
        found: dict[Format, NDArray[np.float64]] = {}
        for fmt, candidate in self.ground.floats.items():
            runner = open_runner(candidate.artifact)
            parts = (
                [runner.run(one)[name] for one in samples.batches(_N_PROBED)] if samples else []
            )
            found[fmt] = np.concatenate(parts).astype(np.float64)
        return found

    def alone(self, recipe: Recipe, layer: str, only: Recipe) -> tuple[float, float]:
        """What quantizing one layer alone does: noise on calibration samples, drop of the metric.

        Args:
            recipe: Static; what the layer is quantized by.
            layer: Its path.
            only: The same recipe with every other layer in float.

        Raises:
            OptimizationError: Nothing of the layer can be quantized.
        """
        usual = replace(recipe, name="", float_layers=(), precision=Precision.INT8)
        key = usual, layer
        if key not in self._alone:
            artifact = self._made(only)
            runner = open_runner(artifact)
            name = self.ground.evaluation.outputs[0].name
            parts: list[Mapping[str, NDArray[Any]]] = []
            n_rows = 0
            for tensors in self.ground.evaluation.batches():
                parts.append(runner.run(tensors))
                n_rows += len(parts[-1][name])
                if n_rows >= _N_JUDGED:
                    break
            outputs = {one: np.concatenate([part[one] for part in parts]) for one in parts[0]}
            effect = self.drop(outputs, slice(0, n_rows)).value
            self._alone[key] = self.noise(artifact), effect
        return self._alone[key]


def with_own_answers(
    golden: GoldenSamples,
    candidates: Sequence[Candidate],
    original: Mapping[str, NDArray[Any]],
) -> GoldenSamples:
    """Golden samples that a quantized artifact must answer as it does here.

    How far it is from the original was judged; what a self-test proves on a device is that nothing
    else went wrong. Kernels round differently from CPU to CPU, by a step of 8 bits or two.

    Args:
        golden: With the original's answers for every artifact.
        candidates: The artifacts.
        original: The original's outputs on many samples, ``(n, ...)``, for their range.
    """
    outputs, tolerances = dict(golden.outputs), dict(golden.output_tolerances)
    for one in candidates:
        if one.recipe.is_float:
            continue
        file = one.artifact.file
        tensors = {
            spec.name: golden.tensors[spec.name] for spec in one.artifact.signature.inputs
        }
        outputs[file] = open_runner(one.artifact).run(tensors)
        tolerances[file] = {
            name: replace(bound, atol=bound.atol + _STEPS_APART * float(np.ptp(original[name])))
            for name, bound in golden.output_tolerances[file].items()
        }
    return replace(golden, outputs=outputs, output_tolerances=tolerances)
