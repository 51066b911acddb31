"""Whether two comparisons were made under circumstances in which their times can be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgesmith_runtime.bench.subject import SubjectKind
from edgesmith_runtime.settings import Engine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from edgesmith_runtime.bench.comparison import Comparison

__all__ = ["circumstances_told", "unlike"]

_PACKAGES = {
    Engine.ONNXRUNTIME: "onnxruntime",
    Engine.LITERT: "ai-edge-litert",
    Engine.OPENVINO: "openvino",
}


def unlike(before: Comparison, after: Comparison) -> tuple[str, ...]:
    """What differs that times depend on, e.g. ``governor: performance and powersave``.

    That is the CPU and its instruction sets, processors, affinity, quota, SMT, governor, highest
    frequency, threads, and the versions of the engines that ran subjects of both.
    """
    return (
        *_differing(_fingerprint(before), _fingerprint(after)),
        *_differing(*_versions(before, after)),
    )


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
    }


def _versions(before: Comparison, after: Comparison) -> tuple[dict[str, object], ...]:
    """By package, of both; without those that ran no subject which both measured."""
    measured = [
        {one.name: one for one in document.subjects if one.rounds}
        for document in (before, after)
    ]
    common = [one for name, one in measured[0].items() if name in measured[1]]
    kinds = {one.kind for one in common}
    engines = {one.engine for one in common if one.kind is not SubjectKind.KERAS}
    # A subject of no told engine ran on one of the two of this runtime.
    idle = {engine for engine in Engine if engine not in engines and None not in engines}
    unused = {_PACKAGES[engine] for engine in idle}
    if SubjectKind.KERAS not in kinds:
        unused |= {
            name
            for document in (before, after)
            for name in document.versions
            if name not in _PACKAGES.values()
        }
    return tuple(
        {
            name: version
            for name, version in {
                "onnxruntime": document.host.onnxruntime,
                "ai-edge-litert": document.host.ai_edge_litert,
                **document.versions,
            }.items()
            if name not in unused
        }
        for document in (before, after)
    )


def _surroundings(comparison: Comparison) -> dict[str, object]:
    host = comparison.host
    setups = {
        one.name: one.setup
        for one in comparison.subjects
        if one.rounds and one.setup is not None
    }
    return {
        "bundle": comparison.bundle,
        "system": host.os,
        "Python": host.python,
        "numpy": host.numpy,
        **setups,
    }
