"""The tables of a search, cell by cell as text: candidates and the layers of the best ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgesmith.core import Standing
from edgesmith.reporting.quantities import (
    ABSENT,
    count_text,
    latency_interval_text,
    latency_text,
    number_text,
    score_interval_text,
    score_text,
    size_text,
)
from edgesmith.reporting.rows import Cell
from edgesmith.reporting.search.budget import format_name, how_text, ranked
from edgesmith.reporting.search.drops import drop_interval_text, drop_scale

if TYPE_CHECKING:
    from edgesmith.core import Candidate
    from edgesmith.evidence import Drop, LayerAccount, LayerEntry, Search
    from edgesmith.recipe import Recipe
    from edgesmith_runtime.latency import Estimate
    from edgesmith_runtime.spec import Format

__all__ = [
    "CandidateRow",
    "LayerCells",
    "LayerRow",
    "candidate_rows",
    "standing_text",
    "layer_rows",
    "ratio_text",
]

MOST_NAMED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateRow:
    """One candidate; ``how`` ends with the names of its float layers."""

    recipe: str
    how: str
    format: str
    chosen: bool
    size: str
    score: Cell
    drop: Cell
    latency: Cell
    ratio: Cell
    p95: str
    n_float_layers: str
    standing: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerCells:
    """One layer in one format; ``float_because`` is empty where it is quantized."""

    snr: str
    effect: str
    float_because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRow:
    """One layer in the formats of the account, in their order."""

    layer: str
    weights: str
    cells: tuple[LayerCells, ...]


def candidate_rows(search: Search, unit: str | None) -> list[CandidateRow]:
    """Every candidate, ranked; ``unit`` is that of a regression's score."""
    return [_candidate(one, unit) for one in ranked(search)]


def _candidate(candidate: Candidate, unit: str | None) -> CandidateRow:
    recipe, score = candidate.recipe, candidate.score
    drop, latency = candidate.drop, candidate.latency
    return CandidateRow(
        recipe=recipe.name,
        how=_how(recipe),
        format=format_name(recipe.format),
        chosen=candidate.standing == Standing.CHOSEN,
        size=size_text(candidate.artifact.size_bytes),
        score=Cell(
            score_text(score, unit), "" if score is None else score_interval_text(score, unit)
        ),
        drop=Cell(_drop(drop), "" if drop is None else drop_interval_text(drop)),
        latency=Cell(ABSENT)
        if latency is None
        else Cell(latency_text(latency.p50_ns.value), latency_interval_text(latency.p50_ns)),
        ratio=Cell(ABSENT)
        if latency is None
        else Cell(
            ratio_text(latency.ratio), f"{latency.ratio.low:.2f} to {latency.ratio.high:.2f}"
        ),
        p95=latency_text(None if latency is None else latency.p95_ns),
        n_float_layers=count_text(len(recipe.float_layers)),
        standing=standing_text(candidate.standing),
        reason=candidate.reason,
    )


def _drop(drop: Drop | None) -> str:
    return ABSENT if drop is None else drop_scale(drop.metric).figure(drop.value)


def ratio_text(ratio: Estimate | None) -> str:
    """A latency as a multiple of another: a hundredth more or less is seen."""
    return ABSENT if ratio is None else f"{ratio.value:.2f}\N{MULTIPLICATION SIGN}"


def standing_text(standing: Standing | None) -> str:
    """What became of a candidate, in words for people."""
    return ABSENT if standing is None else str(standing)


def _how(recipe: Recipe) -> str:
    if not recipe.float_layers:
        return how_text(recipe)
    named = ", ".join(recipe.float_layers[:MOST_NAMED])
    n_more = len(recipe.float_layers) - MOST_NAMED
    return f"{how_text(recipe)}; float: {named}{f' and {n_more} more' if n_more > 0 else ''}"


def layer_rows(account: LayerAccount) -> list[LayerRow]:
    """Every layer, worst first as in the account."""
    return [
        LayerRow(
            layer=entry.layer,
            weights=size_text(entry.weight_bytes),
            cells=tuple(_cells(entry, fmt, account.metric) for fmt in account.recipes),
        )
        for entry in account.entries
    ]


def _cells(entry: LayerEntry, fmt: Format, metric: str) -> LayerCells:
    snr_db, effect = entry.snr_db.get(fmt), entry.effect.get(fmt)
    return LayerCells(
        snr=ABSENT if snr_db is None else number_text(snr_db),
        effect=ABSENT if effect is None else drop_scale(metric).figure(effect),
        float_because=entry.float_because.get(fmt, ""),
    )
