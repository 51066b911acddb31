"""Whether two comparisons were made under circumstances in which their times can be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from edgesmith_runtime.bench.comparison import Comparison

__all__ = ["circumstances_told", "unlike"]


def unlike(before: Comparison, after: Comparison) -> tuple[str, ...]:
    """What differs that times depend on, e.g. ``governor: performance and powersave``.

    That is the CPU and its instruction sets, processors, affinity, quota, SMT, governor, highest
    frequency, versions of the engines, and threads.
    """
    return tuple(_differing(_fingerprint(before), _fingerprint(after)))


def circumstances_told(before: Comparison, after: Comparison) -> tuple[str, ...]:
    """What else differs, which may or may not matter: told, but no reason to refuse."""
    return tuple(_differing(_surroundings(before), _surroundings(after)))


def _differing(before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[str]:
    for name in dict.fromkeys((*before, *after)):
        one, other = before.get(name), after.get(name)
        if one != other:
            yield f"{name}: {_said(one)} and {_said(other)}"


def _said(value: object) -> str:
    return "none" if value in (None, "") else f"{value}"


def _fingerprint(comparison: Comparison) -> dict[str, object]:
    host, state = comparison.host, comparison.conditions_start
    return {
        "CPU": host.cpu,
        "instruction sets": host.flags,
        "processors": host.n_cpus,
        "processors that may be used": host.n_cpus_affinity,
        "quota": host.cpu_quota,
        "two threads to a core": host.has_smt,
        "governor": state.governor,
        "highest MHz": state.max_mhz,
        "threads": comparison.n_threads,
        "onnxruntime": host.onnxruntime,
        "ai-edge-litert": host.ai_edge_litert,
        **comparison.versions,
    }


def _surroundings(comparison: Comparison) -> dict[str, object]:
    host = comparison.host
    return {
        "bundle": comparison.bundle,
        "system": host.os,
        "Python": host.python,
        "numpy": host.numpy,
    }
