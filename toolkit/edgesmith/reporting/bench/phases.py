"""The chapter of the conditions: the same model steady, from raw input, after a pause, paced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgesmith.reporting.bench.field import Field, Scale, Unit
from edgesmith.reporting.bench.words import ratio_text
from edgesmith.reporting.quantities import (
    ABSENT,
    count_text,
    latency_interval_text,
    latency_text,
    number_text,
)
from edgesmith_runtime.bench import Phase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgesmith.reporting.bench.looks import Look
    from edgesmith.reporting.bench.numbers import Numbers
    from edgesmith_runtime.bench import Figures, Setting

__all__ = ["Phases", "PhaseRow", "phases_chapter"]

LINE, LABEL, GAP = 11.0, 22.0, 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseRow:
    """One subject under one setting, in words."""

    name: str
    number: int
    n_calls: str
    p50: str
    interval: str
    p90: str
    p95: str
    p99: str
    ratio: str
    cpu: str
    energy: str
    throughput: str
    memory_bytes: float | None
    settled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Phases:
    """The plot, and the figures by setting; whether any of them has energy."""

    field: Field
    blocks: list[tuple[str, list[PhaseRow]]]
    has_energy: bool


def phases_chapter(numbers: Numbers, looks: Sequence[Look]) -> Phases | None:
    """Every setting that was measured; None where none was."""
    found = [
        (
            setting,
            [
                (look, figures)
                for look in looks
                if (figures := numbers.figures(look.name, setting))
            ],
        )
        for setting in numbers.settings
    ]
    if not found:
        return None
    return Phases(
        field=_field(found),
        blocks=[
            (_title(setting), [_row(numbers, setting, *one) for one in rows])
            for setting, rows in found
        ],
        has_energy=any(
            figures.energy_uj is not None for _, rows in found for _, figures in rows
        ),
    )


def _field(found: Sequence[tuple[Setting, list[tuple[Look, Figures]]]]) -> Field:
    ends = [
        ns
        for _, rows in found
        for _, figures in rows
        for ns in (figures.median_ns.low, figures.median_ns.high)
    ]
    height = sum(LABEL + LINE * len(rows) + GAP for _, rows in found)
    field = Field(
        "Median latency under each condition, with 95 % intervals",
        height,
        x=Scale.around(ends, Unit.NS, log=True),
        row_height=LINE,
    )
    top, row = 0.0, 0
    for setting, rows in found:
        field.text(top + 14, _title(setting), "row", {"row": str(row)})
        if row:
            field.rule(top - GAP / 2, {"row": str(row)})
        for index, (look, figures) in enumerate(rows):
            data = {**look.data, "row": str(row)}
            row += 1
            y = top + LABEL + LINE * (index + 0.5)
            p50 = figures.median_ns
            interval = latency_interval_text(p50)
            hint = f"{look.name}, {setting}: {latency_text(p50.value)}" + (
                f", interval {interval}" if interval else ""
            )
            field.span((p50.low, p50.high), y, f"interval {look.style}", data)
            field.dot((p50.value, y), 4.5, f"dot {look.style}", data, hint)
        top += LABEL + LINE * len(rows) + GAP
    return field


def _title(setting: Setting) -> str:
    match setting.phase:
        case Phase.STEADY:
            return f"one call after another, {setting}"
        case Phase.CONCURRENT:
            return f"{setting} at once"
        case _:
            return str(setting)


def _row(numbers: Numbers, setting: Setting, look: Look, figures: Figures) -> PhaseRow:
    is_baseline = look.name == numbers.baseline
    ratio = None if is_baseline else numbers.ratio(look.name, setting, to=numbers.baseline)
    percentiles = figures.percentiles
    energy = figures.energy_uj
    return PhaseRow(
        name=look.name,
        number=look.number,
        n_calls=count_text(figures.n_calls),
        p50=latency_text(percentiles.p50.value),
        interval=latency_interval_text(percentiles.p50),
        p90=latency_text(percentiles.p90),
        p95=latency_text(percentiles.p95),
        p99=latency_text(percentiles.p99),
        ratio="1" if is_baseline else ratio_text(ratio),
        cpu=latency_text(figures.cpu_ns),
        energy=ABSENT if energy is None else f"{number_text(energy / 1e3)} mJ",
        throughput=number_text(figures.throughput_per_s),
        memory_bytes=figures.memory_bytes,
        settled=figures.is_stable is not False,
    )
