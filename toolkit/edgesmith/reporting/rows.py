"""The tables of a report, cell by cell as text; the page and the terminal lay them out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgesmith.core import Split
from edgesmith.reporting.latencies import factor_over, figures_of, latency_of, style_figures
from edgesmith.reporting.quantities import (
    ABSENT,
    count_text,
    error_text,
    factor_interval_text,
    factor_text,
    latency_interval_text,
    latency_text,
    number_text,
    score_interval_text,
    score_text,
    share_text,
    size_text,
)
from edgesmith_runtime.bench import CallStyle, SubjectKind

if TYPE_CHECKING:
    from edgesmith.core import Account, Candidate, Report
    from edgesmith_runtime.bench import Comparison, Subject
    from edgesmith_runtime.latency import Estimate
    from edgesmith_runtime.manifest import Score

__all__ = [
    "ArtifactRow",
    "BalanceRow",
    "Cell",
    "LatencyRow",
    "artifact_rows",
    "balance_rows",
    "latency_rows",
]

MOST_CLASSES = 20


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure, and its interval or another note below it."""

    text: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactRow:
    """One model, the original or an artifact, in the table of candidates."""

    name: str
    made_by: str
    chosen: bool
    size: str
    score: Cell
    agreement: str
    max_error: str
    mean_error: str
    latency: Cell
    factor: Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyRow:
    """One subject of the latency comparison, or why it was not measured."""

    name: str
    chosen: bool
    size: str
    import_time: str
    load: str
    first_call: str
    memory: str
    batches: tuple[Cell, ...]
    p90: str
    throughput: tuple[str, ...]
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceRow:
    """One class: its samples by split, and its share of all for a bar."""

    name: str
    counts: tuple[str, ...]
    total: int
    share_of_largest: float


def artifact_rows(report: Report) -> list[ArtifactRow]:
    """The original, then every candidate in the order of the report."""
    original = style_figures(report.comparison, CallStyle.PREDICT)
    first = ArtifactRow(
        name=report.original.name,
        made_by="the original",
        chosen=False,
        size=size_text(report.original.size_bytes),
        score=_score(report.original.score, report.unit),
        agreement=ABSENT,
        max_error=ABSENT,
        mean_error=ABSENT,
        latency=_latency(None if original is None else original.median_ns),
        factor=Cell(ABSENT if original is None else "1\N{MULTIPLICATION SIGN}"),
    )
    return [first, *(_candidate(one, report) for one in report.candidates)]


def _candidate(candidate: Candidate, report: Report) -> ArtifactRow:
    artifact, parity = candidate.artifact, candidate.parity
    return ArtifactRow(
        name=artifact.file,
        made_by=_made_by(candidate),
        chosen=artifact.file == report.choice.file,
        size=size_text(artifact.size_bytes),
        score=_score(candidate.score, report.unit),
        agreement=ABSENT if parity is None else share_text(parity.agreement),
        max_error=ABSENT if parity is None else error_text(parity.max_abs_error),
        mean_error=ABSENT if parity is None else error_text(parity.mean_abs_error),
        latency=_latency(latency_of(candidate, report.comparison)),
        factor=_factor(factor_over(report.comparison, artifact.file, CallStyle.PREDICT)),
    )


def _made_by(candidate: Candidate) -> str:
    recipe = "" if candidate.standing is None else f"{candidate.recipe.name}, "
    return f"{recipe}{candidate.artifact.precision}, {_version(candidate)}"


def _version(candidate: Candidate) -> str:
    word = {"onnx": "opset", "tflite": "schema"}[candidate.artifact.format]
    return f"{word} {candidate.artifact.version}"


def _score(score: Score | None, unit: str | None) -> Cell:
    if score is None:
        return Cell(ABSENT)
    return Cell(score_text(score, unit), score_interval_text(score, unit))


def _latency(median_ns: Estimate | None) -> Cell:
    if median_ns is None:
        return Cell(ABSENT)
    return Cell(latency_text(median_ns.value), latency_interval_text(median_ns))


def _factor(factor: Estimate | None) -> Cell:
    if factor is None:
        return Cell(ABSENT)
    return Cell(factor_text(factor), factor_interval_text(factor))


def latency_rows(comparison: Comparison, chosen: str | None) -> list[LatencyRow]:
    """Every subject but the baseline's twin, in the order of the comparison."""
    return [
        _subject(subject, comparison, chosen)
        for subject in comparison.subjects
        if subject.kind is not SubjectKind.AGAIN
    ]


def _subject(subject: Subject, comparison: Comparison, chosen: str | None) -> LatencyRow:
    batches = comparison.plan.batches
    by_batch = [figures_of(comparison, subject.name, batch) for batch in batches]
    first = by_batch[0]
    return LatencyRow(
        name=subject.name,
        chosen=subject.name == chosen,
        size=size_text(subject.size_bytes),
        import_time=latency_text(subject.import_ns),
        load=latency_text(subject.load_ns),
        first_call=latency_text(subject.first_call_ns),
        memory=size_text(subject.peak_memory_bytes),
        batches=tuple(_latency(None if one is None else one.median_ns) for one in by_batch),
        p90=latency_text(None if first is None else first.p90_ns),
        throughput=tuple(
            ABSENT if one is None else number_text(one.throughput_per_s) for one in by_batch
        ),
        problem=subject.problem or "",
    )


def balance_rows(account: Account) -> list[BalanceRow]:
    """Classes with their samples by split; of many classes the largest and the smallest."""
    names = list(dict.fromkeys(name for counts in account.balance.values() for name in counts))
    totals = {
        name: sum(counts.get(name, 0) for counts in account.balance.values()) for name in names
    }
    if len(names) > MOST_CLASSES:
        ordered = sorted(names, key=lambda name: -totals[name])
        half = MOST_CLASSES // 2
        names = ordered[:half] + ordered[-half:]
    largest = max(totals.values(), default=1) or 1
    splits = [split for split in Split if split in account.balance]
    return [
        BalanceRow(
            name=name,
            counts=tuple(count_text(account.balance[split].get(name, 0)) for split in splits),
            total=totals[name],
            share_of_largest=totals[name] / largest,
        )
        for name in names
    ]
