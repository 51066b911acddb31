"""A comparison as plain text for a terminal."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edgesmith_runtime.bench.comparison import Comparison, Figures
    from edgesmith_runtime.latency import Estimate

__all__ = ["render_table"]

MAX_COLUMNS = 100
MIN_NAME = 12
GAP = "  "
ABSENT = "-"


def render_table(comparison: Comparison) -> str:
    """All figures of a comparison, aligned, at most 100 columns wide, no newline at the end."""
    blocks = [_heading(comparison), _start_block(comparison)]
    for batch in comparison.plan.batches:
        blocks.append(_batch_block(comparison, batch))
        blocks.append(_faster_block(comparison, batch))
    blocks.append("\n".join(_notes(comparison)))
    return "\n\n".join(block for block in blocks if block)


def _heading(comparison: Comparison) -> str:
    plan = comparison.plan
    lines = (
        f"{comparison.bundle}: {plan.n_rounds} rounds of fresh processes, "
        f"threads: {comparison.n_threads}; medians, 95 % intervals in brackets",
        f"{comparison.host.cpu}, {comparison.host.os}",
    )
    return "\n".join(_wrapped(line) for line in lines)


def _start_block(comparison: Comparison) -> str:
    head = ("", "size", "peak memory", "import", "load", "first call")
    rows = [
        (
            subject.name,
            _size(subject.size_bytes),
            _size(subject.peak_memory_bytes),
            _time(subject.import_ns),
            _time(subject.load_ns),
            _time(subject.first_call_ns),
        )
        for subject in comparison.subjects
    ]
    return _aligned(head, rows)


def _batch_block(comparison: Comparison, batch: int) -> str:
    head = (f"batch {batch}", "latency", "[interval]", "p90", "samples/s")
    rows = [
        (
            name,
            _time(figures.median_ns.value),
            _time_span(figures.median_ns),
            _time(figures.p90_ns),
            _number(figures.throughput_per_s),
        )
        for name, figures in _measured(comparison, batch)
    ]
    return _aligned(head, rows) if rows else ""


def _faster_block(comparison: Comparison, batch: int) -> str:
    styles = [
        subject.style
        for subject in comparison.subjects
        if subject.style is not None and subject.steady(batch)
    ]
    rows = [
        (name, *(_ratio(figures.times_faster[style]) for style in styles))
        for name, figures in _measured(comparison, batch)
        if figures.times_faster
    ]
    head = (f"batch {batch}: times faster than keras", *styles)
    return _aligned(head, rows) if rows else ""


def _measured(comparison: Comparison, batch: int) -> Iterator[tuple[str, Figures]]:
    for subject in comparison.subjects:
        figures = comparison.figures(subject.name, batch)
        if figures is not None:
            yield subject.name, figures


def _notes(comparison: Comparison) -> Iterator[str]:
    for subject in comparison.subjects:
        if subject.problem is not None:
            yield _wrapped(f"{subject.name}: not measured: {subject.problem}")
    if all(subject.style is None for subject in comparison.subjects):
        yield _wrapped(
            "No original was given, so the artifacts are compared with each other alone."
        )
    for sign in comparison.noise:
        yield _wrapped(sign)


def _aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell, the first to the left and the others to the right.

    Where that is too wide for a terminal, the names in the first column are shortened.
    """
    lines = [head, *rows]
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    taken = sum(widths[1:]) + len(GAP) * (len(widths) - 1)
    name_width = max(MIN_NAME, min(widths[0], MAX_COLUMNS - taken))
    return "\n".join(
        GAP.join(
            [_shortened(line[0], name_width).ljust(name_width)]
            + [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        ).rstrip()
        for line in lines
    )


def _shortened(name: str, width: int) -> str:
    if len(name) <= width:
        return name
    n_tail = (width - 2) // 2
    return f"{name[: width - 2 - n_tail]}..{name[len(name) - n_tail :]}"


def _wrapped(line: str) -> str:
    return textwrap.fill(line, MAX_COLUMNS, subsequent_indent="  ")


def _time(value_ns: float | None) -> str:
    if value_ns is None:
        return ABSENT
    for unit, n_ns in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if value_ns >= n_ns:
            return f"{_number(value_ns / n_ns)} {unit}"
    return f"{_number(value_ns)} ns"


def _time_span(estimate: Estimate) -> str:
    return f"[{_time(estimate.low)}, {_time(estimate.high)}]"


def _size(n_bytes: float | None) -> str:
    if n_bytes is None:
        return ABSENT
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= size:
            return f"{_number(n_bytes / size)} {unit}"
    return f"{_number(n_bytes)} B"


def _ratio(estimate: Estimate) -> str:
    return f"{_number(estimate.value)} [{_number(estimate.low)}, {_number(estimate.high)}]"


def _number(value: float) -> str:
    """Three significant digits, without an exponent."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
