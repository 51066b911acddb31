"""Which candidates keep a budget, which of them ships, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from edgesmith.core import Candidate, Standing
from edgesmith.recipe import RangeRule, Scheme
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edgesmith.recipe import Recipe, Target

__all__ = [
    "Judgement",
    "drops_too_far",
    "is_float",
    "judge",
    "lasting_reason",
    "misses",
    "nearest",
    "worth_measuring",
]

# An A/A comparison of one artifact with itself stays within this (benchmarks/results).
NOISE = 0.02

_UNFIT = 1e6  # what the device cannot run at all is farther than any figure
_ROUNDING = 1e-9  # one sample of a hundred is 0.01000000000000009


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What became of all candidates.

    Args:
        candidates: In the given order, each with its standing and reason.
        shipped: The best of each format that is asked for and has one which keeps the budget; one
            of ONNX in any case, for a bundle's default artifact runs on the base install. Where
            none keeps the budget, the float ones.
        missed: What the nearest candidate misses where none keeps the budget; else None.
    """

    candidates: tuple[Candidate, ...]
    shipped: Mapping[Format, Candidate]
    missed: str | None


def is_float(candidate: Candidate) -> bool:
    """Whether it is what the conversion gave."""
    return candidate.recipe.is_float


def misses(candidate: Candidate, target: Target) -> dict[str, float]:
    """What a candidate misses, in words, with how far: 0.5 is half of the limit too much."""
    found: dict[str, float] = {}
    drop, artifact = candidate.drop, candidate.artifact
    if drop is not None and not drop.high <= target.max_accuracy_drop + _ROUNDING:  # or NaN
        words = (
            f"its drop of {drop.metric} is {drop.value:.4g}, up to {drop.high:.4g} with 95 % "
            f"confidence, above {target.max_accuracy_drop:g}"
        )
        found[words] = drop.high / max(target.max_accuracy_drop, 1e-3) - 1
    size_bytes, limit = len(artifact.content), target.max_size_bytes
    if limit is not None and size_bytes > limit:
        found[f"it has {size_bytes} bytes, above {limit}"] = size_bytes / limit - 1
    if target.integer_only and candidate.recipe.scheme is not Scheme.INT8_FULL_INTEGER:
        found["it computes with fractions, and the device with whole numbers alone"] = _UNFIT
    is_onnx = artifact.format is Format.ONNX
    if target.opset is not None and is_onnx and artifact.version != target.opset:
        found[f"it has opset {artifact.version}, the device {target.opset}"] = _UNFIT
    return found | _slowness(candidate, target)


def drops_too_far(candidate: Candidate, target: Target) -> bool:
    """Whether the drop alone is more than a target allows."""
    free = replace(target, max_size_bytes=None, max_p95_ms=None, opset=None, integer_only=False)
    return bool(misses(candidate, free))


def _slowness(candidate: Candidate, target: Target) -> dict[str, float]:
    if target.max_p95_ms is None or candidate.latency is None:
        return {}
    p95_ns = candidate.latency.p95_ns
    if p95_ns is None:
        return {"its calls were too few for a p95": 1.0}
    p95_ms = p95_ns / 1e6
    if p95_ms <= target.max_p95_ms:
        return {}
    return {
        f"its p95 is {p95_ms:.3g} ms, above {target.max_p95_ms:g}": p95_ms / target.max_p95_ms
        - 1
    }


def worth_measuring(
    candidates: Sequence[Candidate], target: Target, noises: Mapping[Recipe, float]
) -> list[Candidate]:
    """Those whose latency can decide: the float ones, and what keeps the rest of the budget.

    Of recipes that differ in how ranges are taken alone, which makes the same operations, the one
    with the least noise.

    Args:
        candidates: Every one.
        target: The budget.
        noises: On calibration samples; the test split is not for choosing ranges.
    """
    alike: dict[Recipe, Candidate] = {}
    for one in candidates:
        if is_float(one) or not misses(one, target):
            recipe = replace(one.recipe, name="", ranges=RangeRule.MINMAX)
            noise = noises.get(one.recipe, 0.0)
            if recipe not in alike or noise < noises.get(alike[recipe].recipe, 0.0):
                alike[recipe] = one
    return list(alike.values())


def judge(
    candidates: Sequence[Candidate], target: Target, *, unportable: frozenset[str] = frozenset()
) -> Judgement:
    """Choose the best of each format.

    A candidate must keep the budget, and be smaller or faster than the float artifact of its
    format beyond noise; one that is slower loses unless the float one does not keep the budget.
    The fastest wins; of those that are as fast within the interval, the smallest.

    Args:
        candidates: Every one, measured where ``worth_measuring`` says so.
        target: The budget.
        unportable: Names of ONNX recipes whose answers change where int8 products saturate, on
            some CPUs; one loses against any other that is better than float.
    """
    shipped: dict[Format, Candidate] = {}
    standings: dict[tuple[Format, str], Candidate] = {}
    for fmt in dict.fromkeys(one.artifact.format for one in candidates):
        those = [one for one in candidates if one.artifact.format is fmt]
        for one in _judged_format(those, target, unportable):
            standings[fmt, one.recipe.name] = one
            if one.standing is Standing.CHOSEN:
                shipped[fmt] = one
    judged = tuple(standings[one.artifact.format, one.recipe.name] for one in candidates)
    asked = {fmt: one for fmt, one in shipped.items() if fmt in target.formats}
    floats = {one.artifact.format: one for one in judged if is_float(one)}
    if not asked:
        of_them = [one for one in judged if one.artifact.format in target.formats]
        return Judgement(
            candidates=judged, shipped=floats, missed=nearest(of_them or judged, target)
        )
    if Format.ONNX in floats and Format.ONNX not in asked:
        reason = "for the runtime's base install alone: the target is kept by another format"
        asked[Format.ONNX] = replace(floats[Format.ONNX], reason=reason)
    return Judgement(
        candidates=tuple(_as_shipped(one, asked) for one in judged), shipped=asked, missed=None
    )


def _as_shipped(candidate: Candidate, shipped: Mapping[Format, Candidate]) -> Candidate:
    """Chosen is what ships: the best of a format that was not asked for only keeps the budget."""
    chosen = shipped.get(candidate.artifact.format)
    if candidate.standing is not Standing.CHOSEN or (
        chosen is not None and chosen.recipe == candidate.recipe
    ):
        return candidate
    return replace(candidate, standing=Standing.KEEPS, reason="its format was not asked for")


def lasting_reason(candidate: Candidate) -> str:
    """Why it ships, without latencies: they differ from run to run, and a bundle shall not."""
    if is_float(candidate):
        return candidate.reason
    words = [f"{candidate.recipe.name}: smaller or faster than float within the target"]
    if candidate.drop is not None:
        drop = candidate.drop
        words.append(
            f"{drop.metric} drops by {drop.value:.4g} [{drop.low:.4g}, {drop.high:.4g}]"
        )
    if candidate.recipe.float_layers:
        words.append(f"in float: {', '.join(candidate.recipe.float_layers)}")
    return "; ".join(words)


def nearest(candidates: Sequence[Candidate], target: Target) -> str:
    """The candidate that misses a budget by the least, and what it misses."""
    missing = [one for one in candidates if misses(one, target)]
    best = min(missing, key=lambda one: sum(misses(one, target).values()))
    lacks = "; ".join(misses(best, target))
    return f"the nearest is {best.artifact.format} {best.recipe.name}: {lacks}"


def _judged_format(
    candidates: list[Candidate], target: Target, unportable: frozenset[str]
) -> list[Candidate]:
    keeping = [one for one in candidates if not misses(one, target)]
    original = next(one for one in candidates if is_float(one))
    gains = [one for one in keeping if one is not original and _gains(one, original, keeping)]
    portable = [one for one in gains if not _saturates(one, unportable)]
    contenders = portable or gains or [one for one in keeping if one is original]
    best = _best(contenders)
    return [
        replace(one, standing=standing, reason=reason)
        for one in candidates
        for standing, reason in [_standing(one, original, best, target, unportable)]
    ]


def _gains(candidate: Candidate, original: Candidate, keeping: list[Candidate]) -> bool:
    """Whether it is better than float: not slower beyond noise, and smaller or faster."""
    if original.latency is not None and candidate.latency is None:
        return False  # as another one that was measured, and no better than that
    if original not in keeping:
        return True
    is_smaller = len(candidate.artifact.content) < len(original.artifact.content)
    return not _is_slower(candidate) and (is_smaller or _is_faster(candidate))


def _saturates(candidate: Candidate, unportable: frozenset[str]) -> bool:
    is_onnx = candidate.artifact.format is Format.ONNX
    return is_onnx and candidate.recipe.name in unportable


def _is_slower(candidate: Candidate) -> bool:
    return candidate.latency is not None and candidate.latency.ratio.low > 1 + NOISE


def _is_faster(candidate: Candidate) -> bool:
    return candidate.latency is not None and candidate.latency.ratio.high < 1 - NOISE


def _best(contenders: list[Candidate]) -> Candidate | None:
    if not contenders:
        return None
    timed = [one for one in contenders if one.latency is not None]
    if not timed:
        return min(contenders, key=lambda one: len(one.artifact.content))
    fastest = min(timed, key=lambda one: one.latency.ratio.value if one.latency else 0.0)
    limit = (fastest.latency.ratio.high if fastest.latency else 0.0) * (1 + NOISE)
    level = [one for one in timed if one.latency and one.latency.ratio.value <= limit]
    return min(level, key=lambda one: len(one.artifact.content))


def _standing(
    candidate: Candidate,
    original: Candidate,
    best: Candidate | None,
    target: Target,
    unportable: frozenset[str],
) -> tuple[Standing, str]:
    lacks = misses(candidate, target)
    if lacks:
        return Standing.MISSES, "; ".join(lacks)
    if candidate is best:
        return Standing.CHOSEN, _praise(candidate, original)
    if best is None or candidate is original:
        return Standing.KEEPS, "a candidate is smaller or faster" if best else ""
    return Standing.KEEPS, _why_not(candidate, original, best, unportable)


def _praise(candidate: Candidate, original: Candidate) -> str:
    if candidate is original:
        return "float: nothing that keeps the budget is smaller or faster beyond noise"
    size = len(candidate.artifact.content) / len(original.artifact.content)
    words = [f"{size:.2f} of the size of float"]
    if candidate.latency is not None:
        ratio = candidate.latency.ratio
        words.append(f"{ratio.value:.2f} of its latency [{ratio.low:.2f}, {ratio.high:.2f}]")
    if candidate.drop is not None:
        drop = candidate.drop
        words.append(
            f"drop of {drop.metric} {drop.value:.4g} [{drop.low:.4g}, {drop.high:.4g}]"
        )
    if candidate.recipe.float_layers:
        words.append(f"in float: {', '.join(candidate.recipe.float_layers)}")
    return "; ".join(words)


def _why_not(
    candidate: Candidate, original: Candidate, best: Candidate, unportable: frozenset[str]
) -> str:
    if candidate.latency is None and best.latency is not None:
        return "the same operations as another candidate, whose ranges give less noise"
    if _saturates(candidate, unportable):
        return "its products overflow 16 bits on CPUs without VNNI, which answer otherwise"
    if _is_slower(candidate) and candidate.latency is not None:
        ratio = candidate.latency.ratio
        return (
            f"slower than float: {ratio.value:.2f} of its latency "
            f"[{ratio.low:.2f}, {ratio.high:.2f}]"
        )
    is_smaller = len(candidate.artifact.content) < len(original.artifact.content)
    if not is_smaller and not _is_faster(candidate):
        return "neither smaller nor faster than float beyond noise"
    if candidate.latency is not None and best.latency is not None:
        slower = candidate.latency.ratio.value / best.latency.ratio.value
        if slower > 1 + NOISE:
            return f"{slower:.2f} times the latency of {best.recipe.name}"
    return f"larger than {best.recipe.name}, and not faster beyond noise"
