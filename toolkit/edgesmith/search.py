"""The best artifacts that keep a target, with the evidence: tried, accounted for, measured, chosen."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from edgesmith.choosing import Judgement, is_float, judge, misses, worth_measuring
from edgesmith.core import Candidate, Choice, Rejected
from edgesmith.evidence import CalibrationAccount, Search
from edgesmith.layer_account import layer_account, quantizable_layers
from edgesmith.optimization import (
    calibrated_recipes,
    cheap_recipes,
    mixed,
    on_weights,
    only_layer,
    variants_of,
    weight_bytes_by_layer,
)
from edgesmith.recipe import Recipe, Scheme, Weights
from edgesmith.trials import Ground, Trials
from edgesmith_runtime.errors import ConfigError, EdgesmithError
from edgesmith_runtime.spec import Format, Precision

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from edgesmith.core import Progress
    from edgesmith.evidence import CallTime, Portability
    from edgesmith.recipe import Target
    from edgesmith_runtime.bundle import Artifact

__all__ = ["Found", "Measuring", "Tuned", "search"]

_HALVES_WARNING = 0.3  # of a tensor's range
_BYTES_OF_A_LAYER = 256  # what a layer costs in float beside its weights
_STEPS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)  # layers in float, tried in turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """Gives float artifacts of other weights; each call trains, so it is asked for once."""

    artifacts: Callable[[Weights, Progress], Mapping[Format, Artifact]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search gives.

    Args:
        search: All that was tried.
        shipped: One candidate a format, under the file names of a bundle.
        choice: The default artifact.
        layers: By shipped file that is quantized, the Keras layer of each of its nodes.
        predicted: By shipped file, its answers on the evaluation samples; None for a task without
            and for float artifacts.
    """

    search: Search
    shipped: tuple[Candidate, ...]
    choice: Choice
    layers: Mapping[str, Mapping[str, str]] = field(repr=False)
    predicted: Mapping[str, NDArray[Any] | None] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measuring:
    """What a search needs from outside of the numbers.

    Args:
        latencies: Call times by recipe of some candidates, the float ones among them.
        portability: The verdict on an int8 ONNX candidate.
        tuned: None for a model that was not trained here.
    """

    latencies: Callable[[Sequence[Candidate]], Mapping[Recipe, CallTime]]
    portability: Callable[[Candidate], Portability]
    tuned: Tuned | None = None


def search(
    ground: Ground, target: Target, measuring: Measuring, *, progress: Progress
) -> Found:
    """Try recipes under a target, cheap ones first, until it holds or they are spent.

    Deterministic but for timings: the same samples and seed give the same candidates.

    Args:
        ground: The float artifacts, and the samples to judge on.
        target: The budget.
        measuring: Latencies, portability, and other weights.
        progress: Candidates tried and left.

    Raises:
        ConfigError: The target asks for formats that there are no artifacts of.
    """
    started = time.monotonic()
    formats = [fmt for fmt in target.formats if fmt in ground.floats]
    if not formats:
        raise ConfigError(
            f"target.formats: expected some of {', '.join(ground.floats)}, got "
            f"{', '.join(target.formats)}; there is no float artifact to start from"
        )
    trials = Trials(ground)
    hunt = _Hunt(trials, target, measuring, progress)
    for fmt in formats:
        hunt.try_format(fmt)
    hunt.try_other_weights(formats)
    judgement = hunt.judged()
    return _found(hunt, judgement, time.monotonic() - started)


class _Hunt:
    """The state of one search."""

    def __init__(
        self, trials: Trials, target: Target, measuring: Measuring, progress: Progress
    ) -> None:
        self.trials = trials
        self.target = target
        self.measuring = measuring
        self.progress = progress
        self.notes: list[str] = []
        self.best_static: dict[Format, Candidate] = {}
        self.portability: dict[str, Portability] = {}
        if trials.ground.calibration is None:
            self.notes.append(
                "no calibration samples: static recipes are left out; give --samples, or build "
                "from data"
            )

    def try_format(self, fmt: Format) -> None:
        """Every post-training recipe of a format, then layers in float where they are needed."""
        target = self.target
        first = () if target.integer_only else cheap_recipes(fmt)
        self._try_all(first, fmt)
        if self.trials.ground.calibration is None:
            return
        is_whole = target.integer_only and fmt is Format.TFLITE
        if target.integer_only and not is_whole:
            return
        tried = self._try_all(calibrated_recipes(fmt, integer_only=is_whole), fmt)
        if not tried:
            return
        # By noise on the calibration samples: the test split is not for choosing ranges.
        best = min(tried, key=lambda one: self.trials.noise(one.artifact))
        self.best_static[fmt] = best
        layers = [
            layer
            for layer, size in weight_bytes_by_layer(self.trials.nodes(fmt)).items()
            if size
        ]
        others = self._try_all(variants_of(best.recipe, [layers[0], layers[-1]]), fmt)
        if not any(self._keeps(one) for one in (*tried, *others)) and not is_whole:
            self._lift(best.recipe)

    def _keeps(self, candidate: Candidate) -> bool:
        return not misses(candidate, self.target)

    def _try_all(self, recipes: Sequence[Recipe], fmt: Format) -> list[Candidate]:
        tracked = self.progress.track(recipes, f"Trying {fmt}", total=len(recipes))
        made = [self.trials.attempt(recipe) for recipe in tracked]
        return [one for one in made if one is not None]

    def _lift(self, recipe: Recipe) -> None:
        """Give the layers that cost the most for their bytes back to float, in that order."""
        order = self._worst_first(recipe)
        for n_layers in _STEPS:
            if n_layers > len(order):
                return
            candidate = self.trials.attempt(mixed(recipe, order[:n_layers]))
            if candidate is not None and self._keeps(candidate):
                return

    def _worst_first(self, recipe: Recipe) -> list[str]:
        nodes = self.trials.nodes(recipe.format)
        sizes = weight_bytes_by_layer(nodes)
        layers = quantizable_layers(nodes)
        gains: dict[str, float] = {}
        for layer in self.progress.track(
            layers, f"Layers of {recipe.format}", total=len(layers)
        ):
            try:
                noise, _ = self.trials.alone(
                    recipe, layer, only_layer(recipe, layer, list(sizes))
                )
            except EdgesmithError:
                continue
            gains[layer] = noise / (sizes[layer] * 3 / 4 + _BYTES_OF_A_LAYER)
        return sorted(gains, key=lambda layer: -gains[layer])

    def try_other_weights(self, formats: Sequence[Format]) -> None:
        """Fine-tune where nothing keeps the budget: on rounded numbers, then with less weights."""
        tuned = self.measuring.tuned
        static = [fmt for fmt in formats if fmt in self.best_static]
        for weights in (Weights.QUANTIZATION_AWARE, Weights.PRUNED):
            if self._any_gain() or not static:
                return
            if tuned is None:
                self.notes.append(
                    "fine-tuning was not tried: it needs the training, as edgesmith build with "
                    "[target] has it"
                )
                return
            self._try_tuned(tuned, weights, static)

    def _any_gain(self) -> bool:
        return any(
            one.recipe.scheme not in (Scheme.FLOAT32, Scheme.FLOAT16) and self._keeps(one)
            for one in self.trials.candidates
        )

    def _try_tuned(self, tuned: Tuned, weights: Weights, formats: Sequence[Format]) -> None:
        try:
            artifacts = tuned.artifacts(weights, self.progress)
        except EdgesmithError as error:
            self.trials.rejected.append(Rejected(recipe=str(weights), reason=str(error)))
            return
        for fmt in formats:
            self.trials.start_from(weights, artifacts[fmt])
            if weights is Weights.PRUNED:
                half = Recipe(
                    name=Scheme.FLOAT16,
                    format=fmt,
                    precision=Precision.FLOAT16,
                    scheme=Scheme.FLOAT16,
                )
                self.trials.attempt(on_weights(half, weights))
            is_whole = self.best_static[fmt].recipe.scheme is Scheme.INT8_FULL_INTEGER
            recipes = calibrated_recipes(fmt, integer_only=is_whole)
            self._try_all([on_weights(recipe, weights) for recipe in recipes], fmt)

    def judged(self) -> Judgement:
        """Measure what can win, choose, and look whether the choice holds on other CPUs."""
        self._measure()
        judgement = judge(self.trials.candidates, self.target)
        while (chosen := self._unchecked(judgement)) is not None:
            verdict = self.measuring.portability(chosen)
            self.portability[chosen.recipe.name] = verdict
            if not verdict.is_portable:
                self._try_reduced(chosen.recipe)
            judgement = judge(
                self.trials.candidates, self.target, unportable=self._unportable()
            )
        return judgement

    def _unportable(self) -> frozenset[str]:
        return frozenset(
            name for name, verdict in self.portability.items() if not verdict.is_portable
        )

    def _unchecked(self, judgement: Judgement) -> Candidate | None:
        chosen = judgement.shipped.get(Format.ONNX)
        if chosen is None or chosen.recipe.name in self.portability:
            return None
        computes_in_int8 = chosen.recipe.scheme in (Scheme.INT8_STATIC, Scheme.INT8_DYNAMIC)
        return chosen if computes_in_int8 and self.trials.ground.calibration else None

    def _try_reduced(self, recipe: Recipe) -> None:
        reduced = dataclasses.replace(recipe, name=f"{recipe.name}_reduced", reduce_range=True)
        candidate = self.trials.attempt(reduced)
        if candidate is not None and self._keeps(candidate):
            self._measure()

    def _measure(self) -> None:
        candidates = self.trials.candidates
        chosen = worth_measuring(candidates, self.target)
        if all(one.latency is not None for one in chosen):
            return
        floats = {one.artifact.format: one for one in self.trials.ground.floats.values()}
        new = [one for one in chosen if one.latency is None]
        formats = {one.artifact.format for one in new}
        beside = [one for fmt, one in floats.items() if fmt in formats]
        measured = self.measuring.latencies(
            list({one.recipe: one for one in (*beside, *new)}.values())
        )
        self.trials.candidates[:] = [
            dataclasses.replace(one, latency=measured[one.recipe])
            if one.latency is None and one.recipe in measured
            else one
            for one in candidates
        ]


def _found(hunt: _Hunt, judgement: Judgement, seconds: float) -> Found:
    trials, target = hunt.trials, hunt.target
    accounted = {fmt: _accounted(judgement, best) for fmt, best in hunt.best_static.items()}
    calibration = _calibration(hunt, accounted)
    notes = [
        *hunt.notes,
        *([calibration.warning] if calibration and calibration.warning else []),
    ]
    found = Search(
        target=target,
        candidates=judgement.candidates,
        rejected=tuple(trials.rejected),
        missed=judgement.missed,
        calibration=calibration,
        layers=layer_account(trials, accounted, hunt.progress) if accounted else None,
        portability=tuple(hunt.portability.values()),
        notes=tuple(notes),
        n_computed=trials.n_computed,
        seconds=seconds,
    )
    renamed = {fmt: _as_shipped(one) for fmt, one in sorted(judgement.shipped.items())}
    default = renamed[min(renamed, key=lambda fmt: fmt is not Format.ONNX)]
    return Found(
        search=found,
        shipped=tuple(renamed.values()),
        choice=Choice(file=default.artifact.file, reason=default.reason or "float"),
        layers={
            one.artifact.file: {
                node.name: node.layer for node in trials.nodes(fmt, one.recipe.weights)
            }
            for fmt, one in renamed.items()
            if not is_float(one)
        },
        predicted={
            one.artifact.file: trials.answers[one.recipe]
            for one in renamed.values()
            if one.recipe in trials.answers
        },
    )


def _accounted(judgement: Judgement, best: Candidate) -> Candidate:
    """What ships if it is static, else the best static candidate."""
    chosen = judgement.shipped.get(best.artifact.format)
    is_static = chosen is not None and chosen.recipe.scheme in (
        Scheme.INT8_STATIC,
        Scheme.INT8_FULL_INTEGER,
    )
    usual = chosen is not None and chosen.recipe.weights is Weights.TRAINED
    return chosen if chosen is not None and is_static and usual else best


def _as_shipped(candidate: Candidate) -> Candidate:
    """The same under the name that it has in a bundle."""
    precision, fmt = candidate.recipe.precision, candidate.artifact.format
    middle = "" if precision is Precision.FLOAT32 else f".{precision}"
    artifact = dataclasses.replace(candidate.artifact, file=f"model{middle}.{fmt}")
    return dataclasses.replace(candidate, artifact=artifact)


def _calibration(
    hunt: _Hunt, accounted: Mapping[Format, Candidate]
) -> CalibrationAccount | None:
    samples = hunt.trials.ground.calibration
    if samples is None or not accounted:
        return None
    seen = {fmt: hunt.trials.calibration(fmt) for fmt in accounted}
    apart = [
        halves
        for fmt, one in accounted.items()
        if (calibration := seen[fmt]) is not None
        and (halves := calibration.halves_apart(one.recipe.ranges)) is not None
    ]
    halves_apart = max(apart, default=None)
    warning = None
    if halves_apart is not None and halves_apart > _HALVES_WARNING:
        warning = (
            f"two halves of the {len(samples)} calibration samples give ranges that differ by "
            f"{halves_apart:.0%}; take more samples"
        )
    return CalibrationAccount(
        n_samples=len(samples),
        source=samples.source,
        seed=samples.seed,
        sha256=samples.digests(),
        ranges={
            fmt: dict(calibration.ranges(accounted[fmt].recipe.ranges))
            for fmt, calibration in seen.items()
            if calibration is not None
        },
        halves_apart=halves_apart,
        warning=warning,
    )
