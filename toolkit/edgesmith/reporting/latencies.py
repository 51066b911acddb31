"""What a report says of a comparison: figures at batch 1 by artifact and by way to call Keras."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgesmith.core import Candidate
    from edgesmith_runtime.bench import CallStyle, Comparison, Figures
    from edgesmith_runtime.latency import Estimate

__all__ = [
    "BATCH",
    "factor_over",
    "figures_of",
    "host_text",
    "latency_of",
    "median_of",
    "plan_text",
    "style_figures",
    "versions_text",
]

BATCH = 1


def figures_of(comparison: Comparison | None, name: str, batch: int = BATCH) -> Figures | None:
    """The figures of one subject; None where it was not measured."""
    if comparison is None or name not in {subject.name for subject in comparison.subjects}:
        return None
    return comparison.figures(name, batch)


def style_figures(comparison: Comparison | None, style: CallStyle) -> Figures | None:
    """The figures of Keras called in one way; None where it was not measured."""
    for subject in () if comparison is None else comparison.subjects:
        if subject.style == style:
            return figures_of(comparison, subject.name)
    return None


def median_of(comparison: Comparison | None, name: str) -> Estimate | None:
    """The median latency in ns; None where it was not measured."""
    figures = figures_of(comparison, name)
    return None if figures is None else figures.median_ns


def latency_of(candidate: Candidate, comparison: Comparison | None) -> Estimate | None:
    """The median latency in ns, of the comparison or else of the search."""
    median_ns = median_of(comparison, candidate.artifact.file)
    if median_ns is None and candidate.latency is not None:
        return candidate.latency.p50_ns
    return median_ns


def factor_over(comparison: Comparison | None, name: str, style: CallStyle) -> Estimate | None:
    """How many times an artifact's latency fits into that of Keras; None where not measured."""
    figures = figures_of(comparison, name)
    return None if figures is None else figures.times_faster.get(style)


def host_text(comparison: Comparison) -> str:
    """The machine."""
    host = comparison.host
    quota = "" if host.cpu_quota is None else f", quota {host.cpu_quota:g}"
    return f"{host.cpu}, {host.n_cpus_affinity} of {host.n_cpus} processors{quota}, {host.os}"


def versions_text(comparison: Comparison) -> str:
    """The engines that ran, with their versions."""
    host = comparison.host
    engines = {
        "Python": host.python,
        "onnxruntime": host.onnxruntime,
        "LiteRT": host.ai_edge_litert,
    }
    versions = {name: version for name, version in engines.items() if version is not None}
    both = {**versions, **comparison.versions}
    return ", ".join(f"{name} {version}" for name, version in both.items())


def plan_text(comparison: Comparison) -> str:
    """How it was measured."""
    threads = "one thread" if comparison.n_threads == 1 else f"{comparison.n_threads} threads"
    return (
        f"in {comparison.plan.n_rounds} rounds, every subject in turn in a fresh process with the "
        f"same inputs, {threads}; medians with 95 % bootstrap intervals, no sample left out"
    )
