"""Every step of a transform with a reference from elsewhere; what they are held against each other on."""

from __future__ import annotations

from itertools import chain

from edgesmith_runtime.transforms import OPS
from transform_cases import images, numbers, series, sounds, tables, texts
from transform_cases.case import Case, worst

__all__ = ["Case", "cases", "uncovered", "worst"]


def cases() -> tuple[Case, ...]:
    """All of them, in the order of the vocabulary."""
    order = list(OPS)
    found = chain(
        images.CASES, sounds.CASES, tables.CASES, numbers.CASES, series.CASES, texts.CASES
    )
    return tuple(sorted(found, key=lambda case: order.index(case.op)))


def uncovered() -> list[str]:
    """The steps without a reference."""
    return sorted(set(OPS) - {case.op for case in cases()})
