"""The comparison of a bundle's artifacts with each other and with Keras, in fresh processes.

Importing this package loads nothing: the process of a subject shall have imported, when its engine
is there, what an app would have.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgesmith_runtime.bench.comparison import (
        Comparison,
        Course,
        Figures,
        Load,
        Percentiles,
    )
    from edgesmith_runtime.bench.conditions import Conditions
    from edgesmith_runtime.bench.phases import Phase, Series, Setting
    from edgesmith_runtime.bench.plan import Plan
    from edgesmith_runtime.bench.rounds import Progress, compare
    from edgesmith_runtime.bench.subject import CallStyle, Round, Subject, SubjectKind

__all__ = [
    "CallStyle",
    "Comparison",
    "Conditions",
    "Course",
    "Figures",
    "Load",
    "Percentiles",
    "Phase",
    "Plan",
    "Progress",
    "Round",
    "Series",
    "Setting",
    "Subject",
    "SubjectKind",
    "compare",
]

_HOMES = {
    **dict.fromkeys(("Comparison", "Course", "Figures", "Load", "Percentiles"), "comparison"),
    "Conditions": "conditions",
    **dict.fromkeys(("Phase", "Series", "Setting"), "phases"),
    "Plan": "plan",
    **dict.fromkeys(("Progress", "compare"), "rounds"),
    **dict.fromkeys(("CallStyle", "Round", "Subject", "SubjectKind"), "subject"),
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'edgesmith_runtime.bench' has no attribute '{name}'")
    found: object = getattr(import_module(f"edgesmith_runtime.bench.{_HOMES[name]}"), name)
    globals()[name] = found  # the next use finds it without coming here
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
