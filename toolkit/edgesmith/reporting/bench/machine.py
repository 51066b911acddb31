"""The chapter of the machine: what it was measured on, how, and what disturbed it meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgesmith.reporting.latencies import host_text, plan_text, versions_text
from edgesmith.reporting.quantities import number_text, size_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgesmith_runtime.bench import Comparison

__all__ = ["machine_facts"]


def machine_facts(comparison: Comparison) -> list[tuple[str, str]]:
    """Names and values; what the machine does not tell has no line."""
    host = comparison.host
    start, end = comparison.conditions_start, comparison.conditions_end
    return [
        ("Measured", plan_text(comparison)),
        ("On", host_text(comparison)),
        ("With", versions_text(comparison)),
        *([("Memory", size_text(host.memory_bytes))] if host.memory_bytes else []),
        *([("Instruction sets", host.flags)] if host.flags else []),
        *([("Kind", ", ".join(_kind(comparison)))] if list(_kind(comparison)) else []),
        *(
            [("Frequency", ", ".join(_frequency(comparison)))]
            if list(_frequency(comparison))
            else []
        ),
        (
            "Load average",
            f"{_load(comparison.load.start)} at the start, {_load(comparison.load.end)} at the end, on {comparison.n_available_threads} threads",
        ),
        *_between("Stood still for the quota", start.throttled_s, end.throttled_s, "s"),
        *_between(
            "Taken by the hypervisor", start.stolen_s, end.stolen_s, "s of processor time"
        ),
        *_between("Slowed down by heat", start.n_thermal, end.n_thermal, "times"),
    ]


def _kind(comparison: Comparison) -> Iterator[str]:
    host = comparison.host
    if host.is_virtual is not None:
        yield "a virtual machine" if host.is_virtual else "no virtual machine"
    if host.has_smt is not None:
        yield "two threads a core" if host.has_smt else "one thread a core"


def _frequency(comparison: Comparison) -> Iterator[str]:
    start, end = comparison.conditions_start, comparison.conditions_end
    if start.governor is not None:
        yield f"governor {start.governor}"
    if start.min_mhz is not None and start.max_mhz is not None:
        yield f"{start.min_mhz:,.0f} to {start.max_mhz:,.0f} MHz"
    if start.mhz is not None and end.mhz is not None:
        yield f"{start.mhz:,.0f} MHz at the start and {end.mhz:,.0f} MHz at the end"


def _load(load: float | None) -> str:
    return "not known" if load is None else f"{load:.2f}"


def _between(
    name: str, start: float | None, end: float | None, unit: str
) -> list[tuple[str, str]]:
    """How far a counter went; no line where there is none."""
    if start is None or end is None:
        return []
    return [(name, f"{number_text(end - start)} {unit}")]
