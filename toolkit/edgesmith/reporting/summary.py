"""A report as JSON: the object that commands print, and ``report.json`` with every detail."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from edgesmith.reporting.host_part import host_part_json
from edgesmith.reporting.latencies import factor_over, latency_of, style_figures
from edgesmith.reporting.plain import plain
from edgesmith.reporting.search import (
    candidates_json,
    rejected_json,
    search_json,
    target_json,
)
from edgesmith_runtime.bench import CallStyle

if TYPE_CHECKING:
    from pathlib import Path

    from edgesmith.core import Candidate, Original, Report
    from edgesmith_runtime.bench import Comparison
    from edgesmith_runtime.latency import Estimate
    from edgesmith_runtime.manifest import Score

__all__ = ["details", "report_path", "summary"]


def report_path(report: Report) -> Path:
    """Where a build leaves the report for people: beside the bundle."""
    return report.bundle.parent / report.page


def summary(report: Report) -> dict[str, Any]:
    """The object that ``--json`` prints; what was not measured is None."""
    members = {
        "name": report.name,
        "task": str(report.task),
        "bundle": str(report.bundle),
        "report": str(report_path(report)),
        "metric": None if report.original.score is None else report.original.score.metric,
        "unit": report.unit,
        "threshold": report.threshold,
        "original": _original(report.original, report.comparison),
        "artifacts": [_artifact(one, report.comparison) for one in report.candidates],
        "choice": dataclasses.asdict(report.choice),
        "rejected": rejected_json(report),
        "target": target_json(report.search),
        "candidates": candidates_json(report.search),
    }
    return plain(members)


def details(report: Report) -> dict[str, Any]:
    """The same with the account, the learning curve, the search, the latencies and provenance."""
    return {
        **summary(report),
        "account": None if report.account is None else plain(report.account),
        "curve": None if report.curve is None else plain(report.curve),
        "search": search_json(report.search),
        "comparison": None if report.comparison is None else report.comparison.to_json(),
        "labels": list(report.labels),
        "expected": plain(report.expected),
        "predicted": plain(report.predicted),
        "provenance": plain(report.provenance),
    }


def _original(original: Original, comparison: Comparison | None) -> dict[str, Any]:
    figures = {style: style_figures(comparison, style) for style in CallStyle}
    return {
        **_score(original.score),
        "size_bytes": original.size_bytes,
        "latency_us_p50": {
            str(style): None if one is None else one.median_ns.value / 1e3
            for style, one in figures.items()
        },
    }


def _artifact(candidate: Candidate, comparison: Comparison | None) -> dict[str, Any]:
    artifact, parity = candidate.artifact, candidate.parity
    median_ns = latency_of(candidate, comparison)
    return {
        "file": artifact.file,
        "recipe": candidate.recipe.name,
        "format": str(artifact.format),
        "precision": str(artifact.precision),
        "size_bytes": artifact.size_bytes,
        **host_part_json(candidate),
        **_score(candidate.score),
        "agreement": None if parity is None else parity.agreement,
        "max_abs_error": None if parity is None else parity.max_abs_error,
        "mean_abs_error": None if parity is None else parity.mean_abs_error,
        "latency_us_p50": None if median_ns is None else median_ns.value / 1e3,
        "latency_us_p50_low": None if median_ns is None else median_ns.low / 1e3,
        "latency_us_p50_high": None if median_ns is None else median_ns.high / 1e3,
        "times_faster": {
            str(style): _estimate(factor_over(comparison, artifact.file, style))
            for style in CallStyle
        },
    }


def _score(score: Score | None) -> dict[str, float | None]:
    if score is None:
        return {"score": None, "score_low": None, "score_high": None}
    return {"score": score.value, "score_low": score.low, "score_high": score.high}


def _estimate(estimate: Estimate | None) -> dict[str, float] | None:
    return None if estimate is None else dataclasses.asdict(estimate)
