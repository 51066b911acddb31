"""The chapter of the sustained run: latency over time, and whether it changed for good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgesmith.reporting.bench.field import Curve, Field, Scale, Unit
from edgesmith.reporting.bench.thinning import time_bins
from edgesmith.reporting.quantities import latency_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgesmith.reporting.bench.looks import Look
    from edgesmith.reporting.bench.numbers import Numbers
    from edgesmith_runtime.bench import Series

__all__ = ["Run", "Sustained", "sustained_chapter"]

HEIGHT = 260.0
N_BINS = 200
MOST_LINEAR = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One subject's run in words."""

    name: str
    n_calls: str
    first: str
    last: str
    course: str
    changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sustained:
    """The plot, and every run in words."""

    field: Field
    runs: list[Run]
    seconds: float
    calls_per_bin: int


def sustained_chapter(numbers: Numbers, looks: Sequence[Look]) -> Sustained | None:
    """Every subject that ran on end; None where none did."""
    setting = numbers.sustained
    if setting is None:
        return None
    found = [
        (look, series[0])
        for look in looks
        if (series := numbers.comparison.subject(look.name).series(setting))
    ]
    bins = [time_bins(*_in_time(series), n_bins=N_BINS) for _, series in found]
    heights = [ns for one in bins for ns in (*one.low_ns, *one.high_ns)]
    field = Field(
        f"Latency over time, {setting}",
        HEIGHT,
        x=Scale(low=0.0, high=setting.amount, unit=Unit.SECONDS),
        y=_upwards(heights),
    )
    for (look, _), one in zip(found, bins, strict=True):
        data = {**look.data, "name": look.name}
        band = Curve(xs=one.at_s, ys=one.high_ns, below=one.low_ns)
        field.curve(band, f"band {look.style}", data)
        field.curve(Curve(xs=one.at_s, ys=one.median_ns), f"line {look.style}", data)
    runs = [_run(numbers, look, series, field) for look, series in found]
    return Sustained(
        field=field,
        runs=runs,
        seconds=setting.amount,
        calls_per_bin=min(one.calls_per_bin for one in bins),
    )


def _upwards(latencies_ns: Sequence[float]) -> Scale:
    """From 0 where all fits, so that a small change looks small; else by decades."""
    if max(latencies_ns) > MOST_LINEAR * min(latencies_ns):
        return Scale.around(latencies_ns, Unit.NS, log=True)
    return Scale(low=0.0, high=1.05 * max(latencies_ns), unit=Unit.NS)


def _in_time(series: Series) -> tuple[np.ndarray, np.ndarray]:
    """When each call began, and its latency; without the former, as if no time was between."""
    latencies = np.asarray(series.measurement.latencies_ns, dtype=np.int64)
    if len(series.begins_ns) == len(latencies):
        return np.asarray(series.begins_ns, dtype=np.int64), latencies
    return np.cumsum(latencies) - latencies, latencies


def _run(numbers: Numbers, look: Look, series: Series, field: Field) -> Run:
    course = numbers.course(look.name)
    changed = course is not None and course.change is not None
    if course is not None and course.after_s is not None:
        at_ns = course.first_ns if course.change is None else course.last_ns
        field.flag(
            (course.after_s, at_ns), f"flag {look.style}", look.data, f"{look.name}: {course}"
        )
    return Run(
        name=look.name,
        n_calls=f"{len(series.measurement.latencies_ns):,}",
        first=latency_text(None if course is None else course.first_ns),
        last=latency_text(None if course is None else course.last_ns),
        course="too few calls to tell" if course is None else str(course),
        changed=changed,
    )
