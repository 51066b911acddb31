"""A search in sentences: the budget, what ships and why, where it would not hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from edgesmith.core import Standing
from edgesmith.recipe import RangeRule, Scheme, Weights
from edgesmith.reporting.quantities import (
    count_text,
    error_text,
    latency_text,
    share_text,
    size_text,
)
from edgesmith.reporting.search.drops import allowance_text
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from edgesmith.core import Candidate
    from edgesmith.evidence import CalibrationAccount, Portability, Search
    from edgesmith.recipe import Recipe

__all__ = [
    "Outcome",
    "budget_text",
    "calibration_text",
    "effort_text",
    "format_name",
    "how_text",
    "metric_of",
    "outcomes",
    "portability_text",
    "ranked",
]

_STANDINGS = {Standing.CHOSEN: 0, Standing.KEEPS: 1, Standing.MISSES: 2, None: 3}
_SCHEMES = {
    Scheme.AS_IT_IS: "as it is",
    Scheme.FLOAT32: "float32",
    Scheme.FLOAT16: "float16 weights",
    Scheme.INT8_DYNAMIC: "int8 weights, activations int8 by each run's range",
    Scheme.INT8_WEIGHTS: "int8 weights, computed in float",
    Scheme.INT8_STATIC: "int8, inputs and outputs float",
    Scheme.INT8_FULL_INTEGER: "int8, inputs and outputs too",
    Scheme.INT4_WEIGHTS: "int4 weights, computed in float",
}
_WITH_RANGES = (Scheme.INT8_STATIC, Scheme.INT8_FULL_INTEGER)
_QUANTIZED = (*_WITH_RANGES, Scheme.INT8_DYNAMIC, Scheme.INT8_WEIGHTS, Scheme.INT4_WEIGHTS)
_RANGES = {
    RangeRule.MINMAX: "ranges: all that was seen",
    RangeRule.PERCENTILE: "ranges: by percentile",
    RangeRule.ENTROPY: "ranges: by entropy",
    RangeRule.MSE: "ranges: of least squared error",
}
_WEIGHTS = {
    Weights.PRUNED: "pruned and fine-tuned",
    Weights.QUANTIZATION_AWARE: "fine-tuned on rounded numbers",
}


def format_name(fmt: Format) -> str:
    """A format as its makers write it."""
    match fmt:
        case Format.ONNX:
            return "ONNX"
        case Format.TFLITE:
            return "TFLite"
        case _:
            assert_never(fmt)


def metric_of(search: Search) -> str | None:
    """What the drops are differences of; None where no candidate has one."""
    return next((one.drop.metric for one in search.candidates if one.drop is not None), None)


def ranked(search: Search) -> list[Candidate]:
    """The chosen ones first, then those that keep the budget; the smallest first of each."""
    return sorted(
        search.candidates,
        key=lambda one: (_STANDINGS[one.standing], one.artifact.size_bytes, one.recipe.name),
    )


def budget_text(search: Search) -> str:
    """What was asked for, in one sentence."""
    target = search.target
    formats = " and ".join(format_name(fmt) for fmt in target.formats)
    limits = [allowance_text(target.max_accuracy_drop, metric_of(search))]
    if target.max_p95_ms is not None:
        limits.insert(0, f"95 of 100 calls within {latency_text(target.max_p95_ms * 1e6)}")
    if target.max_size_bytes is not None:
        limits.insert(0, f"at most {size_text(target.max_size_bytes)}")
    else:
        limits.append("as small and fast as that allows")
    if target.opset is not None:
        limits.append(f"opset {target.opset}")
    if target.integer_only:
        limits.append("whole numbers alone, inputs and outputs too")
    return f"{formats}: {', '.join(limits)}."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What ships of one format, and why it."""

    format: str
    recipe: str
    reason: str


def outcomes(search: Search) -> list[Outcome]:
    """The chosen candidates."""
    return [
        Outcome(format_name(one.recipe.format), one.recipe.name, one.reason)
        for one in search.candidates
        if one.standing == Standing.CHOSEN
    ]


def how_text(recipe: Recipe) -> str:
    """How a recipe treats the numbers of a model."""
    words = [_SCHEMES[recipe.scheme]]
    if recipe.scheme in _WITH_RANGES:
        words.append(_RANGES[recipe.ranges])
    if recipe.scheme in _WITH_RANGES and recipe.format == Format.ONNX:
        words.append("signed activations" if recipe.signed else "unsigned activations")
    if recipe.scheme in _QUANTIZED and not recipe.per_channel:
        words.append("one scale a tensor")
    if recipe.reduce_range:
        words.append("7-bit weights")
    if recipe.weights in _WEIGHTS:
        words.append(_WEIGHTS[recipe.weights])
    return ", ".join(words)


def calibration_text(calibration: CalibrationAccount) -> str:
    """What the ranges of activations come from."""
    drawn = "" if calibration.seed is None else f", drawn with seed {calibration.seed}"
    halves = (
        ""
        if calibration.halves_apart is None
        else "; the ranges of two disjoint halves of them differ by at most "
        f"{share_text(calibration.halves_apart)} of a range"
    )
    n_samples = _counted(calibration.n_samples, "sample")
    return f"{n_samples}, {calibration.source}{drawn}{halves}."


def portability_text(found: Portability) -> str:
    """Whether an int8 artifact answers the same on a CPU without VNNI."""
    samples = _counted(found.n_samples, "calibration sample")
    if found.is_portable:
        return (
            f"The same answers on a CPU without VNNI: emulated on {samples}, no pair of products "
            "overflows 16 bits."
        )
    changed = (
        ""
        if found.n_changed is None
        else f", and {count_text(found.n_changed)} of {samples} get another decision"
    )
    worst = found.layers[0]
    return (
        f"Not the same answers on a CPU without VNNI: pairs of products overflow 16 bits in "
        f"{_counted(len(found.layers), 'layer')}, most of all in {worst.layer} "
        f"({share_text(worst.share)} of its outputs change, by up to {error_text(worst.worst_error)}); "
        f"outputs of the model change by up to {error_text(found.worst_error)}{changed}."
    )


def effort_text(search: Search) -> str:
    """What the search took."""
    seconds = latency_text(search.seconds * 1e9)
    return f"{_counted(search.n_computed, 'artifact')} made in {seconds}, each recipe once."


def _counted(n: int, noun: str) -> str:
    return f"{count_text(n)} {noun}{'' if n == 1 else 's'}"
