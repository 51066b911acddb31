"""The chapter of a search on the page: budget, outcome, candidates, layers, calibration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgesmith.reporting.chapters import Fact
from edgesmith.reporting.search.budget import (
    Outcome,
    budget_text,
    calibration_text,
    effort_text,
    format_name,
    metric_of,
    outcomes,
    portability_text,
)
from edgesmith.reporting.search.drops import drop_scale
from edgesmith.reporting.search.pictures import drops_picture, latencies_picture
from edgesmith.reporting.search.rows import CandidateRow, LayerRow, candidate_rows, layer_rows

if TYPE_CHECKING:
    from edgesmith.core import Report
    from edgesmith.evidence import LayerAccount, Portability

__all__ = ["Layers", "SearchChapter", "Verdict", "search_chapter"]

MOST_LAYERS = 20
LAYERS_BEFORE_THE_FOLD = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """The account of the layers; ``folded`` are shown on demand."""

    formats: list[Fact]
    effect: str
    rows: list[LayerRow]
    folded: list[LayerRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether one artifact is portable."""

    recipe: str
    text: str
    is_portable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchChapter:
    """What was tried under a target, and what came of it."""

    budget: str
    outcomes: list[Outcome]
    missed: str | None
    drops_picture: str
    latencies_picture: str
    drop: str
    candidates: list[CandidateRow]
    rejected: list[Fact]
    layers: Layers | None
    calibration: str
    calibration_warning: str | None
    verdicts: list[Verdict]
    notes: tuple[str, ...]
    effort: str


def search_chapter(report: Report) -> SearchChapter | None:
    """The chapter of a build under a target."""
    search = report.search
    if search is None:
        return None
    metric, calibration = metric_of(search), search.calibration
    rejected = dict.fromkeys((*report.rejected, *search.rejected))
    return SearchChapter(
        budget=budget_text(search),
        outcomes=outcomes(search),
        missed=search.missed,
        drops_picture=drops_picture(search),
        latencies_picture=latencies_picture(search),
        drop="lost" if metric is None else drop_scale(metric).label,
        candidates=candidate_rows(search, report.unit),
        rejected=[Fact(one.recipe, one.reason) for one in rejected],
        layers=None if search.layers is None else _layers(search.layers),
        calibration="" if calibration is None else calibration_text(calibration),
        calibration_warning=None if calibration is None else calibration.warning,
        verdicts=[_verdict(one) for one in search.portability],
        notes=search.notes,
        effort=effort_text(search),
    )


def _layers(account: LayerAccount) -> Layers:
    rows = layer_rows(account)
    n_shown = len(rows) if len(rows) <= MOST_LAYERS else LAYERS_BEFORE_THE_FOLD
    return Layers(
        formats=[Fact(format_name(fmt), recipe) for fmt, recipe in account.recipes.items()],
        effect=drop_scale(account.metric).label,
        rows=rows[:n_shown],
        folded=rows[n_shown:],
    )


def _verdict(found: Portability) -> Verdict:
    return Verdict(
        recipe=found.recipe, text=portability_text(found), is_portable=found.is_portable
    )
