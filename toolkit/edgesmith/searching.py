"""A search with all that it needs from outside: call times in fresh processes, other CPUs, evidence."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.choosing import is_float
from edgesmith.evidence import CallTime
from edgesmith.optimization import verdict_on
from edgesmith.packing import Evidence
from edgesmith.search import Measuring, search
from edgesmith.steps import Steps
from edgesmith.verification import answers
from edgesmith_runtime.bench import Plan, compare
from edgesmith_runtime.bundle import write_bundle
from edgesmith_runtime.errors import BackendError
from edgesmith_runtime.files import scratch
from edgesmith_runtime.latency import Measurement, median_interval, ratio_interval
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from edgesmith.core import Candidate, Progress
    from edgesmith.evidence import Portability
    from edgesmith.found import Found
    from edgesmith.recipe import Recipe, Target
    from edgesmith.search import Tuned
    from edgesmith.trials import Ground
    from edgesmith_runtime.bench import Comparison
    from edgesmith_runtime.bundle import Bundle

__all__ = ["evidence_of", "searched"]

_N_EMULATED = 64  # samples: the emulation is numpy
_MIN_CALLS = 50  # a process: of five, enough for a p95


def searched(
    ground: Ground,
    target: Target,
    *,
    packed: Callable[[Sequence[Candidate]], Bundle],
    n_rounds: int,
    tuned: Tuned | None,
    progress: Progress,
) -> Found:
    """Search with call times measured in bundles, each artifact in fresh processes.

    Args:
        ground: The float artifacts, and the samples to judge on.
        target: The budget.
        packed: A bundle of some candidates, with golden samples.
        n_rounds: Fresh processes by candidate.
        tuned: Other weights, of a model that was trained here.
        progress: Candidates tried and left.
    """

    def latencies(candidates: Sequence[Candidate]) -> Mapping[Recipe, CallTime | str]:
        return _call_times(candidates, packed(candidates), n_rounds, progress)

    def portability(candidate: Candidate) -> Portability:
        return _portability(ground, candidate)

    measuring = Measuring(latencies=latencies, portability=portability, tuned=tuned)
    return search(ground, target, measuring, progress=progress)


def _call_times(
    candidates: Sequence[Candidate], bundle: Bundle, n_rounds: int, progress: Progress
) -> dict[Recipe, CallTime | str]:
    # One thread: two on a small network wait for each other, and the ratio drowns in that.
    plan = Plan(
        n_rounds=n_rounds, n_threads=1, batches=(1,), max_seconds=0.3, min_calls=_MIN_CALLS
    )
    steps = Steps(progress, "Measuring")
    try:
        with scratch() as folder:
            path = folder / "candidates.edge"
            write_bundle(bundle, path)
            comparison = compare(path, plan=plan, progress=steps)
    finally:
        steps.close()
    floats = {one.artifact.format: one.artifact.file for one in candidates if is_float(one)}
    return {
        one.recipe: _call_time(
            comparison, one.artifact.file, floats[one.artifact.format], plan.seed
        )
        for one in candidates
    }


def _call_time(comparison: Comparison, file: str, beside: str, seed: int) -> CallTime | str:
    subject, original = comparison.subject(file), comparison.subject(beside)
    if original.problem is not None:
        raise BackendError(f"{beside}: its latency cannot be measured: {original.problem}")
    if subject.problem is not None:
        return f"its latency cannot be measured: {subject.problem}"
    rounds = subject.steady(1)
    pooled = Measurement(
        latencies_ns=tuple(ns for one in rounds for ns in one.latencies_ns),
        n_warmup=rounds[0].n_warmup,
        host=comparison.host,
    )
    return CallTime(
        p50_ns=median_interval(rounds, np.random.default_rng(seed)),
        p95_ns=pooled.percentile_ns(95),
        ratio=ratio_interval(rounds, original.steady(1), np.random.default_rng(seed)),
    )


def _portability(ground: Ground, candidate: Candidate) -> Portability:
    samples = ground.calibration
    batches = (
        _some(ground.evaluation.batches()) if samples is None else samples.batches(_N_EMULATED)
    )
    task, output = ground.evaluation.task, ground.evaluation.outputs[0]

    def decided(outputs: Mapping[str, NDArray[Any]]) -> NDArray[Any] | None:
        found = answers(task, output, outputs)
        return found if found is not None and found.dtype.kind == "i" else None

    return verdict_on(
        candidate.artifact,
        batches,
        layer_of=lambda name: ground.layer_of(name) or name,
        recipe=candidate.recipe.name,
        decide=decided,
    )


def _some(
    batches: Iterator[Mapping[str, NDArray[Any]]],
) -> Iterator[Mapping[str, NDArray[Any]]]:
    """The first of the samples that are judged on."""
    yield {name: array[:_N_EMULATED] for name, array in next(batches).items()}


def evidence_of(found: Found) -> Evidence:
    """What of a search ships in the manifest."""
    shipped = found.shipped
    calibration = found.search.calibration
    account = None
    if calibration is not None:
        account = {
            "n_samples": calibration.n_samples,
            "source": calibration.source,
            "seed": calibration.seed,
            "sha256": list(calibration.sha256),
            "ranges": {
                file: {name: list(ends) for name, ends in ranges.items()}
                for file, ranges in found.ranges.items()
            },
            "halves_apart": calibration.halves_apart,
            "warning": calibration.warning,
        }
    verdicts = {one.recipe: one for one in found.search.portability}
    return Evidence(
        calibration=account,
        portability={
            one.artifact.file: _plain(verdicts[one.recipe.name])
            for one in shipped
            if one.artifact.format is Format.ONNX and one.recipe.name in verdicts
        }
        or None,
        layers=found.layers or None,
    )


def _plain(verdict: Portability) -> dict[str, Any]:
    warning = None
    if not verdict.is_portable:
        warning = (
            "products of 8-bit numbers overflow 16 bits on CPUs without VNNI in "
            f"{', '.join(one.layer for one in verdict.layers)}: outputs differ by up to "
            f"{verdict.worst_error:.3g}"
        )
    return {
        "portable": verdict.is_portable,
        "n_samples": verdict.n_samples,
        "worst_error": verdict.worst_error,
        "n_changed": verdict.n_changed,
        "layers": [asdict(one) for one in verdict.layers],
        "warning": warning,
    }
