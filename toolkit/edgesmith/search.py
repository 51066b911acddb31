"""The best artifacts that keep a target, with the evidence: tried, accounted for, measured, chosen."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgesmith.choosing import (
    Judgement,
    drops_too_far,
    judge,
    misses,
    worth_measuring,
)
from edgesmith.core import Candidate, Rejected
from edgesmith.found import Spoils, found_by
from edgesmith.layer_account import quantizable_layers
from edgesmith.optimization import (
    calibrated_recipes,
    cheap_recipes,
    mixed,
    on_weights,
    only_layer,
    variants_of,
    weight_bytes_by_layer,
)
from edgesmith.recipe import RangeRule, Recipe, Scheme, Weights
from edgesmith.trials import Ground, Trials
from edgesmith.verification import RULE_OF_THREE
from edgesmith_runtime.errors import ConfigError, EdgesmithError
from edgesmith_runtime.manifest import Task
from edgesmith_runtime.spec import Format, Precision

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from edgesmith.core import Progress
    from edgesmith.evidence import CallTime, Portability
    from edgesmith.found import Found
    from edgesmith.recipe import Target
    from edgesmith_runtime.bundle import Artifact

__all__ = ["Measuring", "Tuned", "search"]

_BYTES_OF_A_LAYER = 256  # what a layer costs in float beside its weights
_STEPS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)  # layers in float, tried in turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """Gives float artifacts of other weights; each call trains, so it is asked for once."""

    artifacts: Callable[[Weights, Progress], Mapping[Format, Artifact]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measuring:
    """What a search needs from outside of the numbers.

    Args:
        latencies: Call times by recipe of some candidates, the float ones among them; a sentence
            where one cannot be measured.
        portability: The verdict on an int8 ONNX candidate.
        tuned: None for a model that was not trained here.
    """

    latencies: Callable[[Sequence[Candidate]], Mapping[Recipe, CallTime | str]]
    portability: Callable[[Candidate], Portability]
    tuned: Tuned | None = None


def search(
    ground: Ground,
    target: Target,
    measuring: Measuring,
    *,
    progress: Progress,
    clock_ns: Callable[[], int] = time.perf_counter_ns,
) -> Found:
    """Try recipes under a target, cheap ones first, until it holds or they are spent.

    Deterministic but for timings: the same samples and seed give the same candidates.

    Args:
        ground: The float artifacts, and the samples to judge on.
        target: The budget.
        measuring: Latencies, portability, and other weights.
        progress: Candidates tried and left.
        clock_ns: For the time that it took.

    Raises:
        ConfigError: The target asks for formats that there are no artifacts of.
    """
    started_ns = clock_ns()
    formats = [fmt for fmt in target.formats if fmt in ground.floats]
    if not formats:
        raise ConfigError(
            f"target.formats: expected some of {', '.join(ground.floats)}, got "
            f"{', '.join(target.formats)}; there is no float artifact to start from"
        )
    absent = [fmt for fmt in target.formats if fmt not in formats]
    trials = Trials(ground)
    hunt = _Hunt(trials, target, measuring, progress)
    hunt.notes += [
        f"{fmt} was asked for, and there is no float artifact of it" for fmt in absent
    ]
    for fmt in formats:
        hunt.try_format(fmt)
    hunt.measure()
    hunt.try_other_weights(formats)
    judgement = hunt.judged()
    spoils = Spoils(
        target=target,
        best_static=hunt.best_static,
        portability=hunt.portability,
        notes=hunt.notes,
    )
    found = found_by(trials, judgement, spoils, progress)
    seconds = (clock_ns() - started_ns) / 1e9
    return dataclasses.replace(found, search=dataclasses.replace(found.search, seconds=seconds))


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
        self.checked: set[str] = set()
        self.notes += _limits_of(trials.ground, target)
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
        best = min(tried, key=lambda one: self.trials.noises[one.recipe])
        self.best_static[fmt] = best
        layers = [
            layer
            for layer, size in weight_bytes_by_layer(self.trials.nodes(fmt)).items()
            if size
        ]
        others = self._try_all(variants_of(best.recipe, [layers[0], layers[-1]]), fmt)
        if all(drops_too_far(one, self.target) for one in (*tried, *others)) and not is_whole:
            self._lift_from(tried, fmt)

    def _keeps(self, candidate: Candidate) -> bool:
        return not misses(candidate, self.target)

    def _try_all(self, recipes: Sequence[Recipe], fmt: Format) -> list[Candidate]:
        tracked = self.progress.track(recipes, f"Trying {fmt}", total=len(recipes))
        made = [self.trials.attempt(recipe) for recipe in tracked]
        return [one for one in made if one is not None]

    def _lift_from(self, tried: Sequence[Candidate], fmt: Format) -> None:
        """Lift from the ranges with the least noise, then from such as clip little.

        Where one layer is damaged, ranges that cut its outliers off have the least noise in all,
        and more of it in every other layer.
        """
        order = sorted(tried, key=lambda one: self.trials.noises[one.recipe])
        careful = [
            one for one in order if one.recipe.ranges in (RangeRule.MINMAX, RangeRule.MSE)
        ]
        for base in dict.fromkeys(one.recipe for one in (*order[:1], *careful[:1])):
            lifted = self._lift(base)
            if lifted is not None:
                self.best_static[fmt] = lifted
                return

    def _lift(self, recipe: Recipe) -> Candidate | None:
        """Give the layers that cost the most for their bytes back to float, in that order."""
        order = self._worst_first(recipe)
        for n_layers in _STEPS:
            if n_layers > len(order):
                break
            candidate = self.trials.attempt(mixed(recipe, order[:n_layers]))
            if candidate is not None and self._keeps(candidate):
                return candidate
        return None

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
                    "target.fine_tune has it"
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
        self.measure()
        judgement = judge(self.trials.candidates, self.target)
        while (chosen := self._unchecked(judgement)) is not None:
            self._check_portability(chosen)
            judgement = judge(
                self.trials.candidates, self.target, unportable=self._unportable()
            )
        return judgement

    def _check_portability(self, chosen: Candidate) -> None:
        try:
            verdict = self.measuring.portability(chosen)
        except EdgesmithError as error:
            self.notes.append(f"portability of {chosen.recipe.name} is not known: {error}")
            self.checked.add(chosen.recipe.name)
            return
        self.checked.add(chosen.recipe.name)
        self.portability[chosen.recipe.name] = verdict
        if not verdict.is_portable:
            self._try_reduced(chosen.recipe)

    def _unportable(self) -> frozenset[str]:
        return frozenset(
            name for name, verdict in self.portability.items() if not verdict.is_portable
        )

    def _unchecked(self, judgement: Judgement) -> Candidate | None:
        chosen = judgement.shipped.get(Format.ONNX)
        if chosen is None or chosen.recipe.name in self.checked:
            return None
        computes_in_int8 = chosen.recipe.scheme in (Scheme.INT8_STATIC, Scheme.INT8_DYNAMIC)
        return chosen if computes_in_int8 else None

    def _try_reduced(self, recipe: Recipe) -> None:
        reduced = dataclasses.replace(recipe, name=f"{recipe.name}_reduced", reduce_range=True)
        candidate = self.trials.attempt(reduced)
        if candidate is not None and self._keeps(candidate):
            self.measure()

    def measure(self) -> None:
        """Time what can win and was not timed yet."""
        candidates = self.trials.candidates
        chosen = worth_measuring(candidates, self.target, self.trials.noises)
        if all(one.latency is not None for one in chosen):
            return
        floats = {one.artifact.format: one for one in self.trials.ground.floats.values()}
        new = [one for one in chosen if one.latency is None]
        formats = {one.artifact.format for one in new}
        beside = [one for fmt, one in floats.items() if fmt in formats]
        measured = self.measuring.latencies(
            list({one.recipe: one for one in (*beside, *new)}.values())
        )
        timed: list[Candidate] = []
        for one in candidates:
            found = measured.get(one.recipe)
            if isinstance(found, str):
                self.trials.rejected.append(
                    Rejected(recipe=f"{one.artifact.format} {one.recipe.name}", reason=found)
                )
            elif found is not None and one.latency is None:
                timed.append(dataclasses.replace(one, latency=found))
            else:
                timed.append(one)
        self.trials.candidates[:] = timed


def _limits_of(ground: Ground, target: Target) -> list[str]:
    """What the samples cannot show, a sentence each."""
    evaluation = ground.evaluation
    n_samples = len(next(iter(ground.original.values())))
    notes = [
        f"candidates are judged, and layers lifted, on the {n_samples} samples of the score; "
        "ranges are chosen on the calibration samples"
    ]
    if evaluation.drawn:
        notes = ["judged on drawn numbers, which say nothing of real inputs; give --samples"]
    unseen = RULE_OF_THREE / n_samples
    is_decided = evaluation.task in (Task.CLASSIFICATION, Task.ANOMALY)
    if is_decided and unseen > target.max_accuracy_drop:
        notes.append(
            f"{n_samples} samples cannot show that a drop stays below {unseen:.2g}, so nothing "
            f"quantized can keep {target.max_accuracy_drop:g}; give more samples"
        )
    return notes
