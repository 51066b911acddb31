"""What a search found out as plain JSON: the budget, every candidate, what was rejected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgesmith.core import Standing
from edgesmith.reporting.plain import plain

if TYPE_CHECKING:
    from edgesmith.core import Candidate, Rejected, Report
    from edgesmith.evidence import Search

__all__ = ["candidates_json", "rejected_json", "search_json", "target_json"]


def target_json(search: Search | None) -> dict[str, Any] | None:
    """The budget; a limit that was not asked for is None."""
    return None if search is None else plain(search.target)


def candidates_json(search: Search | None) -> list[dict[str, Any]]:
    """Every candidate in the order in which they were tried, flat; none without a search."""
    return [] if search is None else [_candidate(one) for one in search.candidates]


def _candidate(candidate: Candidate) -> dict[str, Any]:
    recipe, score, parity = candidate.recipe, candidate.score, candidate.parity
    drop, latency = candidate.drop, candidate.latency
    p50_ns = None if latency is None else latency.p50_ns
    p95_ns = None if latency is None else latency.p95_ns
    members = {
        "recipe": recipe.name,
        "format": recipe.format,
        "precision": recipe.precision,
        "file": candidate.bundle_file if candidate.standing == Standing.CHOSEN else None,
        "size_bytes": candidate.artifact.size_bytes,
        "metric": None if score is None else score.metric,
        "score": None if score is None else score.value,
        "score_low": None if score is None else score.low,
        "score_high": None if score is None else score.high,
        "drop_metric": None if drop is None else drop.metric,
        "drop": None if drop is None else drop.value,
        "drop_low": None if drop is None else drop.low,
        "drop_high": None if drop is None else drop.high,
        "drop_p_value": None if drop is None else drop.p_value,
        "agreement": None if parity is None else parity.agreement,
        "max_abs_error": None if parity is None else parity.max_abs_error,
        "latency_us_p50": None if p50_ns is None else p50_ns.value / 1e3,
        "latency_us_p50_low": None if p50_ns is None else p50_ns.low / 1e3,
        "latency_us_p50_high": None if p50_ns is None else p50_ns.high / 1e3,
        "latency_us_p95": None if p95_ns is None else p95_ns / 1e3,
        "latency_over_float": None if latency is None else latency.ratio,
        "float_layers": recipe.float_layers,
        "standing": candidate.standing,
        "reason": candidate.reason,
        "settings": recipe,
    }
    return plain(members)


def rejected_json(report: Report) -> list[dict[str, Any]]:
    """What is not in the bundle: recipes that gave nothing, then candidates that lost.

    ``format`` is a loser's alone, whose recipe may have a namesake in another format.
    """
    if report.search is None:
        return [plain(one) for one in report.rejected]
    without_artifact: tuple[Rejected, ...] = (*report.rejected, *report.search.rejected)
    shipped = {(one.recipe.format, one.recipe.name) for one in report.candidates}
    losers = [
        {"recipe": one.recipe.name, "reason": one.reason, "format": str(one.recipe.format)}
        for one in report.search.candidates
        if one.standing != Standing.CHOSEN
        and (one.recipe.format, one.recipe.name) not in shipped
    ]
    return [*(plain(one) for one in dict.fromkeys(without_artifact)), *losers]


def search_json(search: Search | None) -> dict[str, Any] | None:
    """All else that was found out; the budget and the candidates stand by themselves."""
    if search is None:
        return None
    members = {
        "missed": search.missed,
        "rejected": search.rejected,
        "calibration": search.calibration,
        "layers": search.layers,
        "portability": search.portability,
        "notes": search.notes,
        "n_computed": search.n_computed,
        "seconds": search.seconds,
    }
    return plain(members)
