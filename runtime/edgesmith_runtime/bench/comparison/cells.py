"""Figures as short text, and columns of them that a terminal holds."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgesmith_runtime.latency import Estimate

__all__ = [
    "ABSENT",
    "aligned",
    "energy_cell",
    "number",
    "ratio_cell",
    "size_cell",
    "span_cell",
    "time_cell",
    "unit_of",
    "wrapped",
]

MAX_COLUMNS = 100
MIN_NAME = 12
GAP = "  "
ABSENT = "-"


def aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell, the first to the left and the others to the right.

    A column in which nothing is known is left out. Where all is too wide for a terminal, the
    names in the first column are shortened.
    """
    kept = [
        column
        for column, cells in enumerate(zip(*rows, strict=True))
        if column == 0 or any(cell != ABSENT for cell in cells)
    ]
    lines = [[line[column] for column in kept] for line in (head, *rows)]
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    taken = sum(widths[1:]) + len(GAP) * (len(widths) - 1)
    name_width = min(widths[0], max(MIN_NAME, MAX_COLUMNS - taken))
    return "\n".join(
        GAP.join(
            [_shortened(line[0], name_width).ljust(name_width)]
            + [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        ).rstrip()
        for line in lines
    )


def wrapped(line: str) -> str:
    """A line of text on as many lines as a terminal needs."""
    return textwrap.fill(line, MAX_COLUMNS, subsequent_indent="  ")


def unit_of(value_ns: float) -> tuple[str, float]:
    """The unit in which a time has one to three digits before the point, and its nanoseconds."""
    for unit, n_ns in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if value_ns >= n_ns:
            return unit, n_ns
    return "ns", 1.0


def time_cell(value_ns: float | None) -> str:
    """A time with its unit."""
    if value_ns is None:
        return ABSENT
    unit, n_ns = unit_of(value_ns)
    return f"{number(value_ns / n_ns)} {unit}"


def span_cell(estimate: Estimate) -> str:
    """A time with its interval, all in one unit."""
    unit, n_ns = unit_of(estimate.value)
    low, high = (number(end / n_ns) for end in (estimate.low, estimate.high))
    return f"{number(estimate.value / n_ns)} {unit} [{low}, {high}]"


def size_cell(n_bytes: float | None) -> str:
    """A number of bytes with its unit."""
    if n_bytes is None:
        return ABSENT
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= size:
            return f"{number(n_bytes / size)} {unit}"
    return f"{number(n_bytes)} B"


def energy_cell(energy_uj: float | None) -> str:
    """An energy with its unit."""
    if energy_uj is None:
        return ABSENT
    unit, n_uj = ("mJ", 1e3) if energy_uj >= 1e3 else ("uJ", 1.0)
    return f"{number(energy_uj / n_uj)} {unit}"


def ratio_cell(estimate: Estimate) -> str:
    """A ratio with its interval; near 1 the third decimal counts."""
    value, low, high = (
        f"{one:.3f}" if one < 2 else number(one)
        for one in (estimate.value, estimate.low, estimate.high)
    )
    return f"{value} [{low}, {high}]"


def number(value: float) -> str:
    """Three significant digits, without an exponent."""
    if value >= 100:
        return f"{value:,.0f}"
    if value >= 10:
        return f"{value:.1f}"
    if value == 0:
        return "0"
    return f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def _shortened(name: str, width: int) -> str:
    if len(name) <= width:
        return name
    n_tail = (width - 2) // 2
    return f"{name[: width - 2 - n_tail]}..{name[len(name) - n_tail :]}"
